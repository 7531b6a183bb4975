"""The sweep: ask the database what is due, record it, move the cursor; level-triggered, in one statement per batch.

A lost, late or doubled tick changes how soon, never whether: the ledger's primary key decides what counts. Two beats,
four workers and the second driver may run it together.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, connections, transaction

from tickets.models import SweepRun

log = logging.getLogger(__name__)

SWEEPER = "sweeper"
BATCH = 500
BUDGET_SECONDS = 0.8
LANES = (0, 1, 2)
CATCH_UP_GAP = timedelta(seconds=120)
CATCH_UP_ENDS = timedelta(seconds=5)
POISON_BACKOFF = (30, 120, 600)

_CLAIM = """
WITH due AS (
    SELECT c.id, c.company_id, c.ticket_id, c.rule_id, c.rule_code, c.scope, c.epoch, c.next_step, c.step_at, c.due_at,
           c.state, c.breached_at, c.is_advisory,
           (SELECT count(*) FROM unnest(c.step_at) WITH ORDINALITY AS s(at, no)
             WHERE s.no > c.next_step AND s.at <= %(as_of)s) AS steps_due
      FROM tickets_slaclock c
     WHERE {which}
       FOR NO KEY UPDATE OF c SKIP LOCKED
), steps AS (
    SELECT d.*, n.no AS step_no, d.step_at[n.no + 1] AS scheduled_for,
           n.no = d.next_step + d.steps_due - 1 AS is_last
      FROM due d, generate_series(d.next_step, d.next_step + d.steps_due - 1) AS n(no)
), ledger AS (
    INSERT INTO tickets_slafiring (company_id, clock_id, epoch, step_no, scheduled_for, fired_at, outcome, sweep_id)
    SELECT company_id, id, epoch, step_no, scheduled_for, %(as_of)s,
           -- After an outage only the highest rung speaks; a warning whose hour has passed never does.
           CASE WHEN is_last OR (NOT %(catch_up)s AND NOT (scheduled_for < due_at AND due_at <= %(as_of)s))
                THEN 'fired' ELSE 'collapsed' END,
           %(sweep_id)s
      FROM steps
    ON CONFLICT DO NOTHING
    RETURNING company_id, clock_id, epoch, step_no, outcome
), told AS (
    INSERT INTO tickets_outbox (company_id, dedup_key, topic, payload, created_at, not_before, attempts, last_error)
    SELECT l.company_id, 'firing/' || l.clock_id || '/' || l.epoch || '/' || l.step_no, 'escalation',
           jsonb_build_object('clock', l.clock_id, 'epoch', l.epoch, 'step', l.step_no), %(as_of)s, %(as_of)s, 0, ''
      FROM ledger l
     WHERE l.outcome = 'fired'
    ON CONFLICT DO NOTHING
), acts AS (
    -- An act on the ticket is due whether or not its rung speaks; a worker performs it as the web role.
    INSERT INTO tickets_outbox (company_id, dedup_key, topic, payload, created_at, not_before, attempts, last_error)
    SELECT l.company_id, 'effect/' || l.clock_id || '/' || l.epoch || '/' || l.step_no, 'effect',
           jsonb_build_object('clock', l.clock_id, 'epoch', l.epoch, 'step', l.step_no, 'effect', r.ladder -> l.step_no ->> 'effect'),
           %(as_of)s, %(as_of)s, 0, ''
      FROM ledger l
      JOIN due d ON d.id = l.clock_id
      JOIN tickets_slarule r ON r.company_id = d.company_id AND r.id = d.rule_id
     WHERE r.ladder -> l.step_no ->> 'effect' <> ''
    ON CONFLICT DO NOTHING
), breaches AS (
    INSERT INTO tickets_ticketevent
           (company_id, ticket_id, kind, occurred_at, entered_at, actor_label, audience, data)
    SELECT company_id, ticket_id, 'breached', due_at, %(as_of)s, 'system', 'internal',
           jsonb_build_object('rule', rule_code, 'clock', id, 'due', due_at, 'detected_by', 'sweep')
      FROM due
     WHERE due_at <= %(as_of)s AND breached_at IS NULL AND NOT is_advisory AND ticket_id IS NOT NULL
), advanced AS (
    UPDATE tickets_slaclock c
       SET next_step = d.next_step + d.steps_due,
           next_fire_at = CASE WHEN d.steps_due = 0 THEN %(as_of)s + interval '30 seconds'
                               ELSE d.step_at[d.next_step + d.steps_due + 1] END,
           attempts = CASE WHEN d.steps_due = 0 THEN c.attempts + 1 ELSE 0 END,
           state = CASE WHEN d.due_at <= %(as_of)s AND NOT d.is_advisory THEN 'breached_open' ELSE c.state END,
           breached_at = CASE WHEN d.due_at <= %(as_of)s AND NOT d.is_advisory
                              THEN coalesce(c.breached_at, d.due_at) ELSE c.breached_at END,
           detected_by = CASE WHEN d.due_at <= %(as_of)s AND NOT d.is_advisory AND c.breached_at IS NULL
                              THEN 'sweep' ELSE c.detected_by END,
           detected_at = CASE WHEN d.due_at <= %(as_of)s AND NOT d.is_advisory AND c.breached_at IS NULL
                              THEN %(as_of)s ELSE c.detected_at END,
           version = c.version + 1
      FROM due d
     WHERE c.id = d.id
    RETURNING c.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM steps), (SELECT count(*) FROM ledger),
       (SELECT min(scheduled_for) FROM steps), (SELECT count(*) FROM advanced)
"""
_BATCH = _CLAIM.format(
    which="c.lane = %(lane)s AND c.next_fire_at <= %(as_of)s ORDER BY c.next_fire_at LIMIT %(limit)s"
)
_BY_ID = _CLAIM.format(which="c.id = ANY(%(ids)s) AND c.next_fire_at <= %(as_of)s ORDER BY c.id")


@dataclass
class Swept:
    """What one sweep did. Lag in milliseconds; `claimed` counts clocks, `fired` ledger rows written."""

    claimed: int = 0
    fired: int = 0
    conflicts: int = 0
    failed: int = 0
    oldest_lag_ms: int = 0
    mode: str = "normal"
    lanes_left: set[int] = field(default_factory=set)


def sweep(*, at: datetime | None = None, driver: str = "celery", budget: float = BUDGET_SECONDS) -> Swept:
    """Fire every ladder step due at `at` (default: the database's now()), lane by lane, until none or out of budget.

    Safe to run any number of times, at once and anywhere. `budget` is in seconds of this process's own clock and only
    bounds how long one call may take.
    """
    began = time.monotonic()
    run, as_of, is_idle = _open_run(at, driver)
    done = Swept(mode=run.mode)
    for lane in () if is_idle else LANES:
        while True:
            batch = _sweep_batch(lane, at, run, catch_up=run.mode == "catch_up", done=done)
            if batch < BATCH:
                break
            if time.monotonic() - began > budget:
                done.lanes_left.add(lane)
                break
    _close_run(run, as_of, done)
    return done


def sweep_all(*, at: datetime | None = None, driver: str = "test") -> Swept:
    """Sweep until nothing is due: for simulations and benchmarks."""
    total = Swept()
    while True:
        done = sweep(at=at, driver=driver, budget=float("inf"))
        for name in ("claimed", "fired", "conflicts", "failed"):
            setattr(total, name, getattr(total, name) + getattr(done, name))
        total.oldest_lag_ms, total.mode = max(total.oldest_lag_ms, done.oldest_lag_ms), done.mode
        if done.claimed == 0:
            return total


def _as_of(at: datetime | None) -> datetime:
    if at is not None:
        return at
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def _sweep_batch(lane: int, at: datetime | None, run: SweepRun, *, catch_up: bool, done: Swept) -> int:
    values = {"lane": lane, "limit": BATCH, "catch_up": catch_up, "sweep_id": run.pk}
    try:
        with transaction.atomic(using=SWEEPER):
            values["as_of"] = _as_of(at)
            return _execute(_BATCH, values, done)
    except DatabaseError as error:
        if _is_connection_gone(error):
            raise
        log.exception("sweep: a batch of lane %s failed, looking for the clock that spoils it", lane)
        return _isolate(lane, at, run, catch_up=catch_up, done=done)


def _execute(sql: str, values: dict[str, object], done: Swept) -> int:
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute(sql, values)
        claimed, steps, fired, oldest, _advanced = cursor.fetchone()
    done.claimed += claimed
    done.fired += fired
    done.conflicts += steps - fired
    if oldest is not None:
        as_of = values["as_of"]
        assert isinstance(as_of, datetime)
        done.oldest_lag_ms = max(done.oldest_lag_ms, int((as_of - oldest).total_seconds() * 1000))
    return int(claimed)


def _isolate(lane: int, at: datetime | None, run: SweepRun, *, catch_up: bool, done: Swept) -> int:
    """Halve a failing batch until the clock that spoils it stands alone, set it back, and fire all the others."""
    as_of = _as_of(at)
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute(
            "SELECT id FROM tickets_slaclock WHERE lane = %s AND next_fire_at <= %s ORDER BY next_fire_at LIMIT %s",
            [lane, as_of, BATCH],
        )
        ids = [row[0] for row in cursor.fetchall()]
    pending, claimed = [ids], 0
    while pending:
        part = pending.pop()
        if not part:
            continue
        values = {"ids": part, "as_of": as_of, "catch_up": catch_up, "sweep_id": run.pk}
        try:
            with transaction.atomic(using=SWEEPER):
                claimed += _execute(_BY_ID, values, done)
        except DatabaseError as error:
            if _is_connection_gone(error):
                raise
            if len(part) == 1:
                _set_back(part[0], as_of, error, done)
            else:
                half = len(part) // 2
                pending += [part[half:], part[:half]]
    return claimed


def _set_back(clock_id: int, as_of: datetime, error: Exception, done: Swept) -> None:
    """A clock that cannot be fired waits longer each time and alarms from the third failure on; the rest goes on."""
    done.failed += 1
    with transaction.atomic(using=SWEEPER), connections[SWEEPER].cursor() as cursor:
        cursor.execute(
            "UPDATE tickets_slaclock SET attempts = attempts + 1, next_fire_at = %s + "
            "CASE attempts WHEN 0 THEN interval '30 s' WHEN 1 THEN interval '2 min' ELSE interval '10 min' END "
            "WHERE id = %s RETURNING company_id, ticket_id, rule_code, attempts",
            [as_of, clock_id],
        )
        company_id, ticket_id, rule_code, attempts = cursor.fetchone()
        if attempts >= len(POISON_BACKOFF):
            cursor.execute(
                "INSERT INTO tickets_outbox (company_id, dedup_key, topic, payload, created_at, not_before, attempts, "
                "last_error) VALUES (%s, %s, 'alarm', jsonb_build_object('clock', %s, 'rule', %s, 'ticket', %s), "
                "%s, %s, 0, '') ON CONFLICT DO NOTHING",
                [company_id, f"poison/{clock_id}", clock_id, rule_code, ticket_id, as_of, as_of],
            )
    log.error("sweep: clock %s (%s) cannot be fired, attempt %s: %s", clock_id, rule_code, attempts, error)


def _is_connection_gone(error: DatabaseError) -> bool:
    connection = connections[SWEEPER].connection
    return connection is None or connection.closed != 0


def _open_run(at: datetime | None, driver: str) -> tuple[SweepRun, datetime, bool]:
    """The row of this sweep, its moment, and whether nothing is due. Idle sweeps of one minute share a row."""
    as_of = _as_of(at)
    last = SweepRun.objects.using(SWEEPER).order_by("-finished_at").first()
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute("SELECT min(next_fire_at) FROM tickets_slaclock WHERE next_fire_at <= %s", [as_of])
        oldest = cursor.fetchone()[0]
    mode = "normal"
    if oldest is not None and last is not None:
        lag = as_of - oldest
        gap = as_of - last.finished_at
        if (gap > CATCH_UP_GAP and lag > CATCH_UP_ENDS) or (last.mode == "catch_up" and lag > CATCH_UP_ENDS):
            mode = "catch_up"
    reusable = (
        oldest is None
        and last is not None
        and last.fired == 0
        and last.failed == 0
        and last.driver == driver
        and timedelta(0) <= as_of - last.started_at < timedelta(minutes=1)
    )
    if reusable and last is not None:
        last.mode = mode
        return last, as_of, True
    run = SweepRun(started_at=as_of, finished_at=as_of, driver=driver, due_before=as_of, mode=mode)
    run.save(using=SWEEPER, force_insert=True)
    return run, as_of, oldest is None


def _close_run(run: SweepRun, as_of: datetime, done: Swept) -> None:
    run.finished_at = max(_as_of(None), as_of) if run.driver != "test" else as_of
    run.due_before = as_of
    run.fired += done.fired
    run.conflicts += done.conflicts
    run.failed += done.failed
    run.oldest_lag_ms = max(run.oldest_lag_ms, done.oldest_lag_ms)
    run.save(using=SWEEPER, force_update=True)
