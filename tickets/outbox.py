"""The relay: do what a commit has left in the outbox, once, whatever dies in between.

A row is claimed by a lease and done in its company's scope as the web role, in one transaction with its own tick mark,
so an effect in the database happens exactly once. What leaves the machine is at least once, with the row's key.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction

from residents.tenancy import company_scope
from tickets.models import Outbox, SlaClock, SlaFiring

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], None]
Effect = Callable[[SlaClock, datetime], None]
BATCH = 100
LEASE = timedelta(seconds=30)
BUDGET_SECONDS = 15.0
"""How long one relay works on what it has claimed: well inside the lease."""
MAX_ATTEMPTS = 8

_handlers: dict[str, Handler] = {}
_effects: dict[str, Effect] = {}


def register_topic(topic: str, handler: Handler) -> None:
    """What does the rows of a topic. The handler runs in the row's company scope and must be safe to repeat."""
    _handlers[topic] = handler


def register_effect(code: str, effect: Effect) -> None:
    """An act on the ticket that a ladder step names (`Step.effect`): REP-15 accepts, REP-20 misses the visit."""
    _effects[code] = effect


def perform_effect(payload: dict[str, Any]) -> None:
    """Topic `effect`: the registered act of the kind, entered when the step fired, dated at the clock's due moment."""
    clock = SlaClock.objects.select_related("rule", "project", "company").get(pk=payload["clock"])
    if not (clock.project.is_active and clock.company.is_active):
        return
    firing = SlaFiring.objects.get(clock=clock, epoch=payload["epoch"], step_no=payload["step"])
    _effects[payload["effect"]](clock, firing.fired_at)


# Each company that waits has an equal share of the rows, so that nobody's storm holds up what another has to say; the
# companies are found by one probe of the index each.
_CLAIM = """
WITH RECURSIVE waiting AS (
    (SELECT company_id FROM tickets_outbox WHERE sent_at IS NULL AND dead_at IS NULL ORDER BY company_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.company_id FROM tickets_outbox n
             WHERE n.sent_at IS NULL AND n.dead_at IS NULL AND n.company_id > w.company_id
             ORDER BY n.company_id LIMIT 1)
      FROM waiting w WHERE w.company_id IS NOT NULL
), share AS (
    SELECT ceil(%(limit)s::numeric / greatest(count(company_id), 1)) AS size FROM waiting
)
UPDATE tickets_outbox o
   SET lease_until = %(lease_until)s, attempts = o.attempts + 1
 WHERE o.id IN (
       SELECT due.id FROM waiting w, LATERAL (
              SELECT id, not_before FROM tickets_outbox
               WHERE company_id = w.company_id AND sent_at IS NULL AND dead_at IS NULL AND not_before <= %(as_of)s
                 AND (lease_until IS NULL OR lease_until < %(as_of)s)
               ORDER BY not_before LIMIT (SELECT size FROM share)
                 FOR NO KEY UPDATE SKIP LOCKED) due
        ORDER BY due.not_before LIMIT %(limit)s)
RETURNING o.id, o.company_id, o.topic, o.payload, o.attempts
"""


def relay(*, at: datetime | None = None, limit: int = BATCH) -> int:
    """Do up to `limit` waiting rows; returns how many were claimed. Safe to run anywhere, at once, any number of times.

    Companies share the rows equally; what one does not use stays free, so fewer may be claimed than wait.
    `at` moves the time of simulations; a row is due when its `not_before` has come.
    """
    with transaction.atomic(using="sweeper"), connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT now()")
        as_of: datetime = at or cursor.fetchone()[0]
        cursor.execute(_CLAIM, {"as_of": as_of, "lease_until": as_of + LEASE, "limit": limit})
        rows = cursor.fetchall()
    began = time.monotonic()
    for row_id, company_id, topic, payload, attempts in sorted(rows, key=lambda row: row[0]):
        if time.monotonic() - began > BUDGET_SECONDS:
            break  # the leases of the rest run out and somebody takes them again
        _do(row_id, company_id, topic, payload, attempts, as_of)
    return len(rows)


def _do(row_id: int, company_id: int, topic: str, payload: Any, attempts: int, as_of: datetime) -> None:
    facts = json.loads(payload) if isinstance(payload, str) else payload
    if attempts > MAX_ATTEMPTS:
        # Whoever did it last did not live to put it back.
        _put_back(row_id, attempts, RuntimeError("the process died while doing it"), as_of)
        return
    try:
        with company_scope(company_id):
            # The tick mark first: whoever holds the row does the work, and both commit or neither.
            if not Outbox.objects.filter(pk=row_id, sent_at=None).update(sent_at=as_of, last_error=""):
                return
            _handlers[topic](facts)
    except Exception as error:
        if isinstance(error, SoftTimeLimitExceeded):
            raise  # the worker is to stop, the row is not at fault: its lease runs out
        if isinstance(error, (OperationalError, InterfaceError)) and not connections["default"].is_usable():
            raise  # the database is away: the lease runs out and the row is taken again
        log.exception("outbox %s (%s) failed, attempt %s", row_id, topic, attempts)
        _put_back(row_id, attempts, error, as_of)


def _put_back(row_id: int, attempts: int, error: Exception, as_of: datetime) -> None:
    dead = attempts >= MAX_ATTEMPTS
    wait = timedelta(seconds=min(2**attempts, 300))
    try:
        with transaction.atomic(using="sweeper"):
            Outbox.objects.using("sweeper").filter(pk=row_id, sent_at=None).update(
                not_before=as_of + wait,
                lease_until=None,
                dead_at=as_of if dead else None,
                last_error=f"{type(error).__name__}: {error}"[:300],
            )
    except DatabaseError:
        log.exception("outbox %s could not be put back; its lease will run out", row_id)


def drain(*, at: datetime | None = None) -> int:
    """Relay until nothing waits: for simulations and tests."""
    total = 0
    while claimed := relay(at=at):
        total += claimed
    return total
