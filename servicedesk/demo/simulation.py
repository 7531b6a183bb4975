"""A simulated time in which stories go on and the engine sweeps, both at their own moments and in one order."""

from __future__ import annotations

import gc
import heapq
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import connections

from residents.tenancy import SETTING, company_scope
from tickets import live, outbox
from tickets.sla.sweep import LANES, SWEEPER, sweep

Story = Generator[datetime, None, None]
"""Somebody's doings: each value is the moment at which it goes on."""

AFTER_DUE = timedelta(milliseconds=400)
"""The engine looks every second; here it looks so long after each moment that something is due."""

_SESSION = {
    "synchronous_commit": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
_NEXT = """
SELECT (SELECT min(f.at) FROM unnest(%s::int[]) AS l(lane), LATERAL (
               SELECT c.next_fire_at AS at FROM tickets_slaclock c
                WHERE c.lane = l.lane AND c.next_fire_at IS NOT NULL ORDER BY c.next_fire_at LIMIT 1) f),
       (SELECT not_before FROM tickets_outbox WHERE sent_at IS NULL AND dead_at IS NULL ORDER BY not_before LIMIT 1)
"""


class Simulation:
    """The stories of one company and its engine on one time line. Each act and each sweep is a transaction."""

    def __init__(self, company_id: int, *, tell: Callable[[datetime], None] = lambda moment: None) -> None:
        self._company_id = company_id
        self._waiting: list[tuple[datetime, int, Story]] = []
        self._order = count()
        self._tell = tell

    def begin(self, story: Story, *, at: datetime) -> None:
        """Let a story begin at that moment."""
        heapq.heappush(self._waiting, (at, next(self._order), story))

    def run(self, until: datetime) -> None:
        """Everything that happens up to that moment, it included. What comes later keeps waiting."""
        while self._waiting and self._waiting[0][0] <= until:
            moment, order, story = heapq.heappop(self._waiting)
            self._enforce(moment)
            with company_scope(self._company_id):
                goes_on_at = next(story, None)
            if goes_on_at is not None:
                heapq.heappush(self._waiting, (goes_on_at, order, story))
            self._tell(moment)
        self._enforce(until)

    def _enforce(self, until: datetime) -> None:
        """Fire and relay all that is due by then, each at the moment at which the engine would have come by."""
        while True:
            with connections[SWEEPER].cursor() as cursor:
                cursor.execute(_NEXT, [list(LANES)])
                fires_at, waits_since = cursor.fetchone()
            due = [moment + AFTER_DUE for moment in (fires_at, waits_since) if moment is not None]
            if not due or min(due) > until:
                return
            as_of, done = min(due), 0
            if fires_at is not None and fires_at < as_of:
                done = sweep(at=as_of, driver="test", catch_up=False).claimed
            if done + outbox.relay(at=as_of) == 0:
                raise RuntimeError(f"something is due at {as_of} and neither the sweep nor the relay takes it")


@contextmanager
def engine_behind_the_wall(company_id: int) -> Iterator[None]:
    """For a while, let the sweep and the relay of this process see one company only, and nobody be told of anything.

    They serve every company at once, but here each company lives its days in a time of its own. Their connection
    becomes one of the tables' owner in that company's scope, so that the wall itself keeps the times apart.
    """
    own = connections[SWEEPER]
    walled = connections["owner"].copy(SWEEPER)
    connections[SWEEPER] = walled
    try:
        with walled.cursor() as cursor:
            _set(cursor, {**_SESSION, SETTING: str(company_id)})
        with live.muted():
            yield
    finally:
        walled.close()
        connections[SWEEPER] = own


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Ten thousand small transactions as fast as may be, and none of them given up on a busy machine.

    They need not wait for the disk: a later one that does brings them along. A refusal ends the whole run, so nothing
    needs a savepoint to return to; and what was imported need not be looked through for rubbish again and again.
    """
    connection = connections["default"]
    with connection.cursor() as cursor:
        usual = _set(cursor, _SESSION)
    savepoints, connection.features.uses_savepoints = connection.features.uses_savepoints, False
    gc.collect()
    gc.freeze()
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        connection.features.uses_savepoints = savepoints
        with connection.cursor() as cursor:
            _set(cursor, usual)


def _set(cursor: Any, session: dict[str, str]) -> dict[str, str]:
    """Change settings of a session; returns what they were."""
    before = {}
    for name, value in session.items():
        cursor.execute("SELECT current_setting(%s, true)", [name])
        (before[name],) = cursor.fetchone()
        cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    return before
