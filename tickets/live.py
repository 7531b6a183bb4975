"""Telling browsers that something changed: a name and an id, straight to Redis after the commit, best effort.

The browser then fetches what it needs through the ordinary, walled view. Nothing here may fail a request: with Redis
away the boards poll. A Redis that hangs costs one short time-out, not one for every message.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import redis
from django.conf import settings
from django.core import signing
from django.db import connection, transaction

if TYPE_CHECKING:
    from residents.models import Staff
    from tickets.models import Ticket

log = logging.getLogger(__name__)
COOKIE, SALT, SECONDS = "sd_live", "live", 300
QUIET_SECONDS = 5.0

_quiet_until = 0.0
"""Until when, on this process's own clock, nothing is sent because Redis did not answer; 0 while it answers."""


@functools.cache
def _client() -> redis.Redis:
    # Short time-outs and no retry: a frozen Redis must not freeze the desk.
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None)


def publish(company_id: int, message: dict[str, Any]) -> None:
    """Send now. Losing it is allowed, raising is not; after a failure nothing is tried for five seconds."""
    global _quiet_until
    if time.monotonic() < _quiet_until:  # infinite while nobody is to hear anything
        return
    was_quiet = _quiet_until > 0
    if was_quiet:
        # One message asks whether Redis is back; the others do not wait for the answer.
        _quiet_until = time.monotonic() + QUIET_SECONDS
    try:
        _client().publish(f"live:{company_id}", json.dumps(message))
    except redis.RedisError as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        log.warning("live message not sent: %s", type(error).__name__)
    else:
        _quiet_until = 0.0


@contextmanager
def muted() -> Iterator[None]:
    """Send nothing meanwhile: for a simulated past, which nobody watches."""
    global _quiet_until
    before, _quiet_until = _quiet_until, math.inf
    try:
        yield
    finally:
        _quiet_until = before


class _Announcement:
    """A message to be sent when its transaction has committed, unless one like it has been sent by then.

    `sent` is shared by the announcements of one transaction. A savepoint that is rolled back takes its own away.
    """

    def __init__(self, company_id: int, message: dict[str, Any], sent: set[str]) -> None:
        self.company_id, self.message, self.sent = company_id, message, sent

    def __call__(self) -> None:
        # Whichever comes first is enough: the browser fetches what the transaction has left, whatever version is named.
        key = f"{self.company_id} {self.message['event']} {self.message['id']} {self.message['staff']}"
        if key not in self.sent:
            self.sent.add(key)
            publish(self.company_id, self.message)


def publish_on_commit(ticket: Ticket, event: str, *, staff: list[int] | None = None) -> None:
    """Announce a change of a ticket to its project, or to some people only, once the transaction has committed.

    Several changes of one ticket in one transaction are announced once.
    """
    message = {
        "event": event,
        "id": str(ticket.public_id),
        "v": ticket.version,
        "project": ticket.project_id,
        "staff": staff,
    }
    waiting = (entry[1] for entry in connection.run_on_commit)
    sent = next((act.sent for act in waiting if isinstance(act, _Announcement) and not act.sent), set())
    transaction.on_commit(_Announcement(ticket.company_id, message, sent))


def stream_token(staff: Staff) -> str:
    """The signed content of the stream cookie: company, visible projects (None for all) and person; 5 minutes."""
    projects = staff.project_ids
    claim = {"c": staff.company_id, "p": sorted(projects) if projects is not None else None, "s": staff.pk}
    return signing.dumps(claim, salt=SALT)
