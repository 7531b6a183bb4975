"""Computing the due moments of running clocks anew, after their rule or their calendar has changed.

A breach is a fact and is not computed anew (rule GEN-02): only clocks still in time, running or paused, are touched.
Rungs already fired in the epoch are not fired again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Mod
from django.utils.translation import gettext as _

from residents.models import Project
from residents.tenancy import company_scope, current_company_id, scope_now
from tickets.calendars.bases import Basis, due, extend
from tickets.calendars.days import Due
from tickets.calendars.store import load_table, publish_revision
from tickets.models import (
    ClockState,
    Outbox,
    SlaClock,
    SlaClockInterval,
    SlaRule,
    TicketEvent,
    WorkCalendar,
)
from tickets.sla import engine
from tickets.sla.definitions import find

log = logging.getLogger(__name__)
BATCH = 5000
PARTS = 4
"""Into how many chains of batches a calendar's clocks are dealt, so that several relays can work on them."""
FIXED = frozenset({Basis.EOS})
"""Bases whose due moment does not follow from the start and a value."""
IN_TIME = (ClockState.RUNNING, ClockState.PAUSED)


# After a change of the calendar


def publish_hours(calendar: WorkCalendar, *, at: datetime | None = None) -> int:
    """Publish the calendar's next revision and queue the re-arming of every clock that counts on it.

    Returns the revision. Safe to repeat: without a change there is no new revision and nothing to queue.
    """
    moment = at or scope_now()
    with transaction.atomic():
        before = WorkCalendar.objects.values_list("revision", flat=True).get(pk=calendar.pk)
        revision = publish_revision(calendar, at=moment)
        if revision != before:
            for part in range(PARTS):
                _queue(calendar.pk, revision, part, after=0, at=moment)
    return revision


def rearm_calendar(calendar_id: int, *, company_id: int | None = None, at: datetime | None = None) -> int:
    """Move every running or paused WD and WSEC clock of a calendar to its current revision; returns how many.

    Batches of 5,000 by id. With `company_id` each batch is a transaction of its own, else all run in the open scope.
    Safe to repeat and to interrupt: a clock on the current revision is passed over.
    """

    def scope() -> AbstractContextManager[None]:
        return company_scope(company_id) if company_id is not None else nullcontext()

    total, after = 0, 0
    while True:
        with scope():
            moved, last = _batch(calendar_id, after=after, at=at or scope_now())
        total += moved
        if last is None:
            break
        after = last
    while True:
        # Somebody held these when their batch came by. One at a time, so that nobody waits for us while we wait.
        with scope():
            moved, _last = _batch(calendar_id, after=0, at=at or scope_now(), limit=1, wait=True)
        if not moved:
            return total
        total += moved


def rearm_from_outbox(payload: dict[str, Any]) -> None:
    """Outbox topic `rearm`: one batch, then the next batch as a row of its own. Safe to repeat."""
    at, calendar_id, part = scope_now(), payload["calendar"], payload["part"]
    leftovers = payload["after"] < 0
    moved, last = _batch(
        calendar_id, part=part, after=max(payload["after"], 0), at=at, limit=1 if leftovers else BATCH, wait=leftovers
    )
    if last is not None and not leftovers:
        _queue(calendar_id, payload["revision"], part, after=last, at=at)
    elif not leftovers or moved:
        _queue(calendar_id, payload["revision"], part, after=min(payload["after"], 0) - 1, at=at)


def _queue(calendar_id: int, revision: int, part: int, *, after: int, at: datetime) -> None:
    """Ask for the batch of a part after an id; below zero for the n-th of those that were locked."""
    Outbox.objects.bulk_create(
        [
            Outbox(
                company_id=current_company_id() or 0,
                dedup_key=f"rearm/{calendar_id}/{revision}/{part}/{after}",
                topic="rearm",
                payload={"calendar": calendar_id, "revision": revision, "part": part, "after": after},
                created_at=at,
                not_before=at,
            )
        ],
        ignore_conflicts=True,
    )


def _batch(
    calendar_id: int, *, part: int | None = None, after: int, at: datetime, limit: int = BATCH, wait: bool = False
) -> tuple[int, int | None]:
    """How many clocks of the batch were moved, and the last id when there may be more. Without `part` of all parts."""
    revision = WorkCalendar.objects.values_list("revision", flat=True).get(pk=calendar_id)
    waiting = SlaClock.objects.filter(
        calendar_id=calendar_id,
        state__in=IN_TIME,
        calendar_revision__lt=revision,
        basis__in=(Basis.WD, Basis.WSEC),
        pk__gt=after,
    )
    if part is not None:
        waiting = waiting.alias(part=Mod("pk", PARTS)).filter(part=part)
    with transaction.atomic():
        clocks = list(waiting.select_for_update(of=("self",), no_key=True, skip_locked=not wait).order_by("pk")[:limit])
        rules = SlaRule.objects.in_bulk({clock.rule_id for clock in clocks})
        pauses = _pauses(clocks)
        zones = dict(Project.objects.filter(pk__in={c.project_id for c in clocks}).values_list("pk", "zone"))
        for clock in clocks:
            clock.rule = rules[clock.rule_id]
            if clock.state == ClockState.RUNNING and engine.is_late(clock, at):
                engine.breach_now(clock, at=at)  # it was due before the calendar changed
                clock.calendar_revision = revision
                continue
            clock.calendar_revision = revision
            aim(clock, pauses.get(clock.pk, ()), zone=zones[clock.project_id])
        _write(clocks, at=at, revision=revision)
    return len(clocks), clocks[-1].pk if len(clocks) == limit else None


# The clocks of a batch and the lines on their timelines in one statement: for a million, row by row is minutes.
_STORE = """
WITH n AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS n(id bigint, due_at timestamptz, amber_at timestamptz,
           step_at timestamptz[], next_fire_at timestamptz, is_provisional boolean)
), moved AS (
    UPDATE tickets_slaclock c
       SET due_at = n.due_at, amber_at = n.amber_at, step_at = n.step_at, next_fire_at = n.next_fire_at,
           is_provisional = n.is_provisional, calendar_revision = %(revision)s, version = c.version + 1
      FROM n
     WHERE c.id = n.id
    RETURNING c.id, c.company_id, c.ticket_id, c.rule_code, old.due_at AS old_due, new.due_at AS new_due
)
INSERT INTO tickets_ticketevent (company_id, ticket_id, kind, occurred_at, entered_at, actor_label, audience, data)
SELECT company_id, ticket_id, 'clock_moved', %(at)s, %(at)s, 'system', 'internal',
       jsonb_build_object('rule', rule_code, 'clock', id, 'old_due', old_due, 'new_due', new_due,
                          'reason', 'calendar_revision', 'revision', %(revision)s)
  FROM moved
 WHERE ticket_id IS NOT NULL AND old_due <> new_due
"""


def _write(clocks: list[SlaClock], *, at: datetime, revision: int) -> None:
    """Store the clocks, an event for each that moved, and the breach of those now past due."""
    rows = [
        {
            "id": clock.pk,
            "due_at": clock.due_at.isoformat(),
            "amber_at": clock.amber_at.isoformat(),
            "step_at": [moment.isoformat() for moment in clock.step_at],
            "next_fire_at": clock.next_fire_at.isoformat() if clock.next_fire_at else None,
            "is_provisional": clock.is_provisional,
        }
        for clock in clocks
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, {"rows": json.dumps(rows), "revision": revision, "at": at})
    for clock in clocks:
        if clock.breached_at is None and engine.is_late(clock, at):
            clock.version += 1  # as the statement above has done in the table
            breach_of_change(clock, at=at, by="calendar", reason=_("工作日历修订 %(n)d") % {"n": revision})


# After a change of the rule


def move_to_rule(clock: SlaClock, rule: SlaRule, *, at: datetime) -> bool:
    """Re-arm one locked clock on a new version of its rule; False when it is past due and keeps the old one."""
    if clock.state not in IN_TIME:
        return False
    if engine.is_late(clock, at):
        engine.breach_now(clock, at=at)
        return False
    old, levels_before = clock.due_at, [row["level"] for row in clock.rule.ladder]
    fired = levels_before[: clock.next_step]
    clock.rule, clock.value = rule, rule.value
    if [row["level"] for row in rule.ladder] != levels_before:
        # Other rungs: a new epoch, which begins above the highest level that has been told already.
        clock.epoch += 1
        highest = max(fired, default=-1)
        levels = [row["level"] for row in rule.ladder]
        clock.next_step = next((no for no, level in enumerate(levels) if level > highest), len(levels))
    aim(clock, _pauses([clock]).get(clock.pk, ()), zone=clock.project.zone)
    clock.version += 1
    clock.save()
    if clock.ticket_id is not None:
        moved_event(clock, old, at=at, reason="rule", version=rule.version).save(force_insert=True)
    if engine.is_late(clock, at):
        breach_of_change(clock, at=at, by="rule", reason=_("规则改为第 %(n)d 版") % {"n": rule.version})
    return True


# Shared


def aim(clock: SlaClock, pauses: Iterable[tuple[datetime, datetime]], *, zone: str) -> None:
    """Compute due from the start with the clock's value and calendar revision, lengthened by each pause, and all rungs.

    An agreed moment and the end of a shift stay what they are; then only the rungs follow the rule.
    """
    d, basis = find(clock.rule_code), Basis(clock.basis)
    if basis not in FIXED and not (d is not None and d.due is not None):
        table = load_table(clock.calendar_id, clock.calendar_revision) if clock.calendar_id is not None else None
        found: Due = due(basis, clock.value, clock.started_at, zone=zone, table=table)
        provisional = found.provisional
        for paused_at, resumed_at in pauses:
            found = extend(basis, found.at, paused_at, resumed_at, zone=zone, table=table)
            provisional |= found.provisional
        clock.due_at, clock.is_provisional = found.at, provisional
    engine.schedule(clock, clock.rule)
    if clock.state == ClockState.PAUSED:
        clock.next_fire_at = None


def breach_of_change(clock: SlaClock, *, at: datetime, by: str, reason: str) -> None:
    """A change has put due into the past: the breach is dated there, and says what put it there."""
    engine.breach_now(clock, at=at, by=by, reason=reason)


def moved_event(clock: SlaClock, old: datetime, *, at: datetime, reason: str, **facts: Any) -> TicketEvent:
    """The line on the timeline that names the old and the new due moment and what moved it."""
    assert clock.ticket_id is not None
    return TicketEvent(
        company_id=clock.company_id,
        ticket_id=clock.ticket_id,
        kind="clock_moved",
        occurred_at=at,
        entered_at=at,
        actor_label="system",
        data={
            "rule": clock.rule_code,
            "clock": clock.pk,
            "old_due": old.isoformat(),
            "new_due": clock.due_at.isoformat(),
            "reason": reason,
            **facts,
        },
    )


def _pauses(clocks: list[SlaClock]) -> dict[int, list[tuple[datetime, datetime]]]:
    """The finished pauses of each clock, in order."""
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    began: dict[int, datetime] = {}
    rows = SlaClockInterval.objects.filter(clock__in=[c for c in clocks if c.consumed or c.running_since is None])
    for clock_id, is_running, at in rows.order_by("clock_id", "began_at").values_list(
        "clock_id", "is_running", "began_at"
    ):
        if not is_running:
            began.setdefault(clock_id, at)
        elif clock_id in began:
            found.setdefault(clock_id, []).append((began.pop(clock_id), at))
    return found
