"""The sweep: ask the database what is due, record it, move the cursor; level-triggered, in one statement per batch.

A lost, late or doubled tick changes how soon, never whether: the ledger's primary key decides what counts. Two beats,
four workers and the second driver may run it together. A moment still belongs to the time allowed, so a rung is due
once its moment has passed: what is done exactly at due is in time, whoever looks first.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any, NamedTuple

from django.db import DatabaseError, connections, transaction

from tickets.models import SweepRun

log = logging.getLogger(__name__)

SWEEPER = "sweeper"
BATCH = 500
BUDGET_SECONDS = 0.8
LANES = (0, 1, 2)
CATCH_UP_GAP = timedelta(seconds=120)
CATCH_UP_BACKLOG = 10_000
"""More clocks than one sweep can fire within its budget."""
CATCH_UP_ENDS = timedelta(seconds=5)
ALARM_AFTER = 3
"""Failures of one clock in a row until the administrators are told."""

_CLAIM = """
WITH due AS (
    SELECT c.id, c.company_id, c.ticket_id, c.rule_id, c.rule_code, c.epoch, c.next_step, c.step_at, c.due_at,
           c.breached_at, a.is_awake,
           a.is_awake AND c.due_at < %(as_of)s AND NOT c.is_advisory AS is_over,
           CASE WHEN a.is_awake
                THEN (SELECT count(*) FROM unnest(c.step_at) WITH ORDINALITY AS s(at, no)
                       WHERE s.no > c.next_step AND s.at < %(as_of)s)
                ELSE 0 END AS steps_due
      FROM tickets_slaclock c, LATERAL (SELECT c.project_id <> ALL(%(asleep)s::bigint[]) AS is_awake) a
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
           CASE WHEN is_last OR (NOT %(catch_up)s AND NOT (scheduled_for < due_at AND due_at < %(as_of)s))
                THEN 'fired' ELSE 'collapsed' END,
           %(sweep_id)s
      FROM steps
    ON CONFLICT DO NOTHING
    RETURNING company_id, clock_id, epoch, step_no, outcome
), told AS (
    INSERT INTO tickets_outbox (company_id, dedup_key, topic, payload, created_at, not_before, attempts, last_error)
    SELECT l.company_id, 'firing/' || l.clock_id || '/' || l.epoch || '/' || l.step_no, 'escalation',
           jsonb_build_object('clock', l.clock_id, 'rule', d.rule_id, 'epoch', l.epoch, 'step', l.step_no,
                              'catch_up', %(catch_up)s),
           %(as_of)s, %(as_of)s, 0, ''
      FROM ledger l
      JOIN due d ON d.id = l.clock_id
     WHERE l.outcome = 'fired'
    ON CONFLICT DO NOTHING
), acts AS (
    -- An act on the ticket is due whether or not its rung speaks; a worker performs it as the web role.
    INSERT INTO tickets_outbox (company_id, dedup_key, topic, payload, created_at, not_before, attempts, last_error)
    SELECT l.company_id, 'effect/' || l.clock_id || '/' || l.epoch || '/' || l.step_no, 'effect',
           jsonb_build_object('clock', l.clock_id, 'rule', d.rule_id, 'epoch', l.epoch, 'step', l.step_no,
                              'effect', r.ladder -> l.step_no ->> 'effect'),
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
     WHERE is_over AND breached_at IS NULL AND ticket_id IS NOT NULL
), advanced AS (
    UPDATE tickets_slaclock c
       SET next_step = d.next_step + d.steps_due,
           -- The clocks of an estate that is closed for business fall silent; the auditor wakes them.
           next_fire_at = CASE WHEN d.is_awake THEN d.step_at[d.next_step + d.steps_due + 1] END,
           attempts = 0,
           state = CASE WHEN d.is_over THEN 'breached_open' ELSE c.state END,
           breached_at = CASE WHEN d.is_over THEN coalesce(c.breached_at, d.due_at) ELSE c.breached_at END,
           detected_by = CASE WHEN d.is_over AND c.breached_at IS NULL THEN 'sweep' ELSE c.detected_by END,
           detected_at = CASE WHEN d.is_over AND c.breached_at IS NULL THEN %(as_of)s ELSE c.detected_at END,
           version = c.version + 1
      FROM due d
     WHERE c.id = d.id
    RETURNING c.id
)
SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM steps), (SELECT count(*) FROM ledger),
       (SELECT min(scheduled_for) FROM steps)
"""


class _End(NamedTuple):
    """Where a batch is taken from what is due: the statement that fires it, and the one that only names its clocks."""

    claim: str
    name: str


def _end(order: str) -> _End:
    which = f"c.lane = %(lane)s AND c.next_fire_at < %(as_of)s ORDER BY c.next_fire_at {order} LIMIT %(limit)s"
    return _End(_CLAIM.format(which=which), f"SELECT c.id FROM tickets_slaclock c WHERE {which}")  # noqa: S608


_OLDEST, _NEWEST = _end("ASC"), _end("DESC")
_BY_ID = _CLAIM.format(which="c.id = ANY(%(ids)s) AND c.next_fire_at < %(as_of)s ORDER BY c.id")

# One probe of the index per lane, and the newest run: all that an idle tick reads.
_LOOK = """
SELECT t.as_of,
       (SELECT min(f.at) FROM unnest(%(lanes)s::int[]) AS l(lane), LATERAL (
               SELECT c.next_fire_at AS at FROM tickets_slaclock c
                WHERE c.lane = l.lane AND c.next_fire_at IS NOT NULL ORDER BY c.next_fire_at LIMIT 1) f
         WHERE f.at < t.as_of),
       r.id, r.started_at, r.finished_at, r.driver, r.fired + r.failed, r.mode
  FROM (SELECT coalesce(%(at)s::timestamptz, now()) AS as_of) t
  LEFT JOIN LATERAL (
       SELECT * FROM tickets_sweeprun WHERE mode <> 'gap' ORDER BY finished_at DESC LIMIT 1) r ON true
"""
_ASLEEP = """
SELECT p.id FROM residents_project p JOIN residents_company c ON c.id = p.company_id
 WHERE NOT (p.is_active AND c.is_active)
"""


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


class _Look(NamedTuple):
    """What a sweep finds when it begins: its moment, the oldest rung due, the newest run."""

    as_of: datetime
    oldest: datetime | None
    run_id: int | None
    run_began: datetime | None
    run_ended: datetime | None
    run_driver: str | None
    run_work: int | None
    run_mode: str | None


@dataclass
class _Run:
    """One sweep under way."""

    at: datetime | None
    id: int
    catch_up: bool
    asleep: list[int]
    done: Swept


def sweep(
    *,
    at: datetime | None = None,
    driver: str = "celery",
    budget: float = BUDGET_SECONDS,
    catch_up: bool | None = None,
) -> Swept:
    """Fire every ladder step whose moment is before `at` (default: the database's now()), lane by lane.

    Ends when nothing is due or the budget is used, in seconds of this process's own clock. Safe to run any number of
    times, at once and anywhere. `catch_up` None judges by the runs before: the mode begins when none ended for 120 s,
    or when more clocks are due than a sweep can fire and the oldest is 5 s late; it lasts until none is. A run is
    written when it has ended, so that a sweep that fails is no sign of life.
    """
    began = time.monotonic()
    look = _look(at)
    in_catch_up = _is_catch_up(look) if catch_up is None else catch_up
    if at is None:
        _note_gap(look)
    if look.oldest is None:
        _write_idle_run(look, driver)
        return Swept(mode="catch_up" if in_catch_up else "normal")
    run = _open_run(at, in_catch_up)
    for lane in LANES:
        # A storm is worked off from both ends: what falls due meanwhile, in whichever company, does not wait for it.
        ends = cycle((_OLDEST, _NEWEST))
        while _sweep_batch(next(ends), lane, run) >= BATCH:
            if time.monotonic() - began > budget:
                run.done.lanes_left.add(lane)
                break
    _write_run(run, look, driver)
    return run.done


def sweep_all(*, at: datetime | None = None, driver: str = "test", catch_up: bool = False) -> Swept:
    """Sweep until nothing is due, as an engine that was never away: for simulations and benchmarks."""
    total = Swept()
    while True:
        done = sweep(at=at, driver=driver, budget=float("inf"), catch_up=catch_up)
        for name in ("claimed", "fired", "conflicts", "failed"):
            setattr(total, name, getattr(total, name) + getattr(done, name))
        total.oldest_lag_ms, total.mode = max(total.oldest_lag_ms, done.oldest_lag_ms), done.mode
        if done.claimed == 0:
            return total


def _look(at: datetime | None) -> _Look:
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute(_LOOK, {"at": at, "lanes": list(LANES)})
        return _Look(*cursor.fetchone())


def _is_catch_up(look: _Look) -> bool:
    if look.oldest is None or look.run_ended is None or look.as_of - look.oldest <= CATCH_UP_ENDS:
        return False
    is_away = look.as_of - look.run_ended > CATCH_UP_GAP
    return is_away or look.run_mode == "catch_up" or _is_backlog(look.as_of)


def _is_backlog(as_of: datetime) -> bool:
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM tickets_slaclock WHERE lane = ANY(%s) AND next_fire_at < %s LIMIT %s) t",
            [list(LANES), as_of, CATCH_UP_BACKLOG + 1],
        )
        return bool(cursor.fetchone()[0] > CATCH_UP_BACKLOG)


def _note_gap(look: _Look) -> None:
    """Write down that nobody swept for more than 120 s, as a run of mode `gap` from the last run to this one.

    Such rows are kept. They change no result: leaving a gap out of the attainment is a person's decision.
    """
    if look.run_ended is None or look.as_of - look.run_ended <= CATCH_UP_GAP:
        return
    log.error("sweep: no sweep ended between %s and %s", look.run_ended, look.as_of)
    lag = look.as_of - look.oldest if look.oldest else timedelta(0)
    SweepRun.objects.using(SWEEPER).bulk_create(
        [
            SweepRun(
                started_at=look.run_ended,
                finished_at=look.as_of,
                driver="gap",
                due_before=look.as_of,
                oldest_lag_ms=int(lag.total_seconds() * 1000),
                mode="gap",
            )
        ],
        ignore_conflicts=True,  # another worker has noticed the same gap
    )


def _open_run(at: datetime | None, catch_up: bool) -> _Run:
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('tickets_sweeprun', 'id'))")
        (number,) = cursor.fetchone()
        cursor.execute(_ASLEEP)
        asleep = [row[0] for row in cursor.fetchall()]
    return _Run(at, number, catch_up, asleep, Swept(mode="catch_up" if catch_up else "normal"))


def _write_idle_run(look: _Look, driver: str) -> None:
    """Idle sweeps of one driver and one minute share a row."""
    is_recent = look.run_began is not None and timedelta(0) <= look.as_of - look.run_began < timedelta(minutes=1)
    if is_recent and look.run_driver == driver and look.run_work == 0 and look.run_mode == "normal":
        with connections[SWEEPER].cursor() as cursor:
            cursor.execute(
                "UPDATE tickets_sweeprun SET finished_at = greatest(finished_at, %s), due_before = %s WHERE id = %s",
                [look.as_of, look.as_of, look.run_id],
            )
        return
    SweepRun.objects.using(SWEEPER).create(
        started_at=look.as_of, finished_at=look.as_of, driver=driver, due_before=look.as_of
    )


def _write_run(run: _Run, look: _Look, driver: str) -> None:
    SweepRun.objects.using(SWEEPER).create(
        pk=run.id,
        started_at=look.as_of,
        finished_at=_now(run.at),
        driver=driver,
        due_before=look.as_of,
        fired=run.done.fired,
        conflicts=run.done.conflicts,
        failed=run.done.failed,
        oldest_lag_ms=run.done.oldest_lag_ms,
        mode=run.done.mode,
    )


def _now(at: datetime | None) -> datetime:
    """The moment of a sweep: the database's, unless a simulation moves it."""
    if at is not None:
        return at
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def _sweep_batch(end: _End, lane: int, run: _Run) -> int:
    """Claim and fire one batch of the oldest or the newest due; how many clocks it looked at."""
    try:
        with transaction.atomic(using=SWEEPER):
            return _execute(end.claim, run, _now(run.at), lane=lane, limit=BATCH)
    except DatabaseError as error:
        if not _is_about_data(error):
            raise
        log.exception("sweep: a batch of lane %s failed, looking for the clock that spoils it", lane)
        return _isolate(end, lane, run)


def _execute(sql: str, run: _Run, as_of: datetime, **values: Any) -> int:
    values |= {"as_of": as_of, "catch_up": run.catch_up, "sweep_id": run.id, "asleep": run.asleep}
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute(sql, values)
        claimed, steps, fired, oldest = cursor.fetchone()
    run.done.claimed += claimed
    run.done.fired += fired
    run.done.conflicts += steps - fired
    if oldest is not None:
        run.done.oldest_lag_ms = max(run.done.oldest_lag_ms, int((as_of - oldest).total_seconds() * 1000))
    return int(claimed)


def _is_about_data(error: DatabaseError) -> bool:
    """Whether the rows themselves can be what is wrong: bad data, a refused value, an error raised on purpose, a row
    that takes too long. A lost connection, a lock or a full disk is nobody's clock's fault; the next tick tries again.
    """
    code = getattr(error.__cause__, "pgcode", None) or ""
    return code[:2] in {"21", "22", "23", "42", "P0"} or code == "57014"


def _isolate(end: _End, lane: int, run: _Run) -> int:
    """Halve a failing batch until the clock that spoils it stands alone, set it back, and fire all the others."""
    as_of = _now(run.at)
    with connections[SWEEPER].cursor() as cursor:
        cursor.execute(end.name, {"lane": lane, "as_of": as_of, "limit": BATCH})
        ids = [row[0] for row in cursor.fetchall()]
    pending = [ids] if ids else []
    while pending:
        part = pending.pop()
        try:
            with transaction.atomic(using=SWEEPER):
                _execute(_BY_ID, run, as_of, ids=part)
        except DatabaseError as error:
            if not _is_about_data(error):
                raise
            if len(part) == 1:
                _set_back(part[0], as_of, error, run.done)
            else:
                half = len(part) // 2
                pending += [part[half:], part[:half]]
    return len(ids)


def _set_back(clock_id: int, as_of: datetime, error: Exception, done: Swept) -> None:
    """A clock that cannot be fired waits longer each time and alarms from the third failure on; the rest goes on."""
    with transaction.atomic(using=SWEEPER), connections[SWEEPER].cursor() as cursor:
        cursor.execute(
            "UPDATE tickets_slaclock SET attempts = least(attempts + 1, 1000), next_fire_at = %(as_of)s + "
            "CASE attempts WHEN 0 THEN interval '30 s' WHEN 1 THEN interval '2 min' ELSE interval '10 min' END "
            # Somebody may be closing it at this moment; then there is nothing left to set back.
            "WHERE id = (SELECT id FROM tickets_slaclock WHERE id = %(id)s AND next_fire_at < %(as_of)s "
            "            FOR NO KEY UPDATE SKIP LOCKED) "
            "RETURNING company_id, ticket_id, rule_code, attempts",
            {"as_of": as_of, "id": clock_id},
        )
        row = cursor.fetchone()
        if row is None:
            return
        done.failed += 1
        company_id, ticket_id, rule_code, attempts = row
        if attempts >= ALARM_AFTER:
            cursor.execute(
                "INSERT INTO tickets_outbox (company_id, dedup_key, topic, payload, created_at, not_before, attempts, "
                "last_error) VALUES (%s, %s, 'alarm', jsonb_build_object('clock', %s, 'rule', %s, 'ticket', %s), "
                "%s, %s, 0, '') ON CONFLICT DO NOTHING",
                [company_id, f"poison/{clock_id}", clock_id, rule_code, ticket_id, as_of, as_of],
            )
    log.error("sweep: clock %s (%s) cannot be fired, attempt %s: %s", clock_id, rule_code, attempts, error)
