"""The engine's rows of the budget: idle cost, a thousand due, lag under a steady stream, a hundred thousand due,
the snapshot of a report, and every clock computed anew after a holiday is added.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from time import perf_counter

from benchmarks.harness import ROOT, Row, milliseconds, percentile, run_sql, superuser
from benchmarks.load import Bench, count, count_on_workdays, make_due, set_open_clocks

RAW = """
WITH due AS (
    SELECT id, company_id, ticket_id, rule_code, epoch, next_step, step_at, due_at FROM tickets_slaclock
     WHERE next_fire_at <= now() ORDER BY next_fire_at LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
), ledger AS (
    INSERT INTO tickets_slafiring (company_id, clock_id, epoch, step_no, scheduled_for, fired_at, outcome)
    SELECT company_id, id, epoch, next_step, due_at, now(),
        'fired' FROM due ON CONFLICT DO NOTHING RETURNING company_id, clock_id
), event AS (
    INSERT INTO tickets_ticketevent (company_id, ticket_id, kind, occurred_at, entered_at, actor_label, audience, data)
    SELECT company_id, ticket_id, 'breached', due_at, now(), 'system', 'internal', '{}' FROM due
), told AS (
    INSERT INTO tickets_outbox (company_id, dedup_key, topic, payload, created_at, not_before, attempts, last_error)
    SELECT company_id, 'raw/' || clock_id, 'escalation', '{}', now(), now(), 0, '' FROM ledger ON CONFLICT DO NOTHING
)
UPDATE tickets_slaclock c SET next_step = d.next_step + 1, next_fire_at = d.step_at[d.next_step + 2],
       state = 'breached_open', breached_at = d.due_at, version = c.version + 1
  FROM due d WHERE c.id = d.id
"""


def measure(bench: Bench, *, open_clocks: int = 1_000_000) -> list[Row]:
    """All rows, in the order of the budget table."""
    # What the desk's rows left running would fall due in between.
    run_sql("UPDATE tickets_slaclock SET next_fire_at = NULL WHERE company_id = %s", [bench.company])
    few, small = _idle_at(bench, 10_000)
    many, large = _idle_at(bench, open_clocks)
    return [
        *_idle(few, small, many, large),
        *_thousand(bench, many),
        _lag(bench, many),
        *_storm(bench, min(100_000, many // 2)),
        _snapshot(bench, min(100_000, many // 2)),
        *_rearm(bench, open_clocks),
    ]


def _idle_at(bench: Bench, wanted: int) -> tuple[int, list[float]]:
    """How many clocks are open, and what each idle sweep over them took."""
    from tickets.sla.sweep import sweep

    is_open = set_open_clocks(bench, wanted)
    sweep(driver="bench")
    return is_open, milliseconds(lambda: sweep(driver="bench"), 300)


def _idle(few: int, small: list[float], many: int, large: list[float]) -> list[Row]:
    raw = milliseconds(lambda: _raw_idle(), 300)
    p50, p95 = percentile(large, 0.5), percentile(large, 0.95)
    ratio = p50 / percentile(small, 0.5)
    return [
        Row(
            f"idle sweep, {many:,} open clocks, p50",
            p50,
            "ms",
            "≤ 5 ms",
            p50 <= 5,
            f"{p50 / percentile(raw, 0.5):.1f}x",
        ),
        Row(f"idle sweep, {many:,} open clocks, p95", p95, "ms", "—", True),
        Row(f"idle sweep, {many:,} against {few:,} open, p50", ratio, "times", "≤ 1.5 times", ratio <= 1.5),
    ]


def _raw_idle() -> None:
    from django.db import connections

    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT id FROM tickets_slaclock WHERE lane = 0 AND next_fire_at <= now() LIMIT 500")
        cursor.fetchall()


def _thousand(bench: Bench, is_open: int) -> list[Row]:
    from django.db import connections

    from tickets.sla.sweep import sweep_all

    ours, raw = [], []
    for _ in range(5):
        make_due(bench, 1000)
        started = perf_counter()
        swept = sweep_all(driver="bench")
        ours.append((perf_counter() - started) * 1000)
        if swept.fired != 1000:
            raise RuntimeError(f"expected 1,000 firings, got {swept.fired}")
        make_due(bench, 1000)
        with connections["sweeper"].cursor() as cursor:
            started = perf_counter()
            cursor.execute(RAW)
            raw.append((perf_counter() - started) * 1000)
    mine, bare = sorted(ours)[2], sorted(raw)[2]
    return [
        Row(
            f"1,000 overdue among {is_open:,} open: breach, ledger, event, outbox, next step",
            mine,
            "ms",
            "≤ 4 times the raw statement",
            mine <= 4 * bare,
            f"{mine / bare:.1f}x ({bare:.0f} ms)",
        )
    ]


def _lag(bench: Bench, is_open: int, seconds: int = 30, per_second: int = 100) -> Row:
    run_sql("DELETE FROM tickets_outbox")  # the raw statement's messages are nobody's
    first = run_sql("SELECT now()")[0][0]
    make_due(bench, seconds * per_second, in_seconds=5, per_second=per_second)
    driver = subprocess.Popen([sys.executable, "manage.py", "sla_sweeper"], cwd=ROOT, env=os.environ)
    try:
        time.sleep(seconds + 12)
    finally:
        driver.send_signal(signal.SIGTERM)
        driver.wait(30)
    rows = run_sql(
        "SELECT extract(epoch FROM fired_at - scheduled_for) FROM tickets_slafiring "
        "WHERE company_id = %s AND scheduled_for > %s ORDER BY 1",
        [bench.engine_company, first],
    )
    lags = [float(str(row[0])) for row in rows]
    if len(lags) != seconds * per_second:
        raise RuntimeError(f"expected {seconds * per_second} firings, got {len(lags)}")
    p99 = percentile(lags, 0.99)
    return Row(f"enforcement lag p99, {is_open:,} open, {per_second} due a second", p99, "s", "≤ 2 s", p99 <= 2)


_SWEEP_UNTIL_DONE = (
    "import os, django; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'servicedesk.settings'); django.setup(); "
    "from tickets.sla.sweep import sweep; "
    "idle = 0\n"
    "while idle < 3: idle = 0 if sweep(driver='bench').claimed else idle + 1"
)


def _storm(bench: Bench, wanted: int) -> list[Row]:
    """Four sweeping processes over a hundred thousand overdue clocks; one is killed hard on the way."""
    before = count("tickets_slafiring", bench.engine_company)
    due = make_due(bench, wanted)
    started = perf_counter()
    sweepers = [subprocess.Popen([sys.executable, "-c", _SWEEP_UNTIL_DONE], cwd=ROOT, env=os.environ) for _ in range(4)]
    time.sleep(2.5)
    sweepers[0].kill()
    for one in sweepers:
        one.wait(120)
    taken = perf_counter() - started
    left = run_sql("SELECT count(*) FROM tickets_slaclock WHERE next_fire_at <= now() - interval '5 s'")[0][0]
    fired = count("tickets_slafiring", bench.engine_company) - before
    events = count("tickets_ticketevent", bench.engine_company, "AND kind = 'breached'")
    whole = left == 0 and fired == due
    return [
        Row(
            f"{due:,} overdue at once, four sweepers, one killed: all recorded, with start of the processes",
            taken,
            "s",
            "≤ 30 s",
            taken <= 30 and whole,
        ),
        Row("the same: firings lost or doubled", abs(fired - due), "rows", "0", whole),
        Row("the same: breach events", events, "rows", "—", True),
    ]


def _snapshot(bench: Bench, wanted: int) -> Row:
    """A long report keeps dead versions of the hot rows alive: no budget, but the price should be known."""
    from tickets.sla.sweep import sweep, sweep_all

    with superuser() as report, report.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM tickets_slarule")  # from here on the snapshot holds
        fired = make_due(bench, wanted)
        sweep_all(driver="bench")
        p50 = percentile(milliseconds(lambda: sweep(driver="bench"), 100), 0.5)
        cursor.execute("ROLLBACK")
    return Row(f"idle sweep after {fired:,} have fired under a report's snapshot, p50", p50, "ms", "—", True)


def _rearm(bench: Bench, wanted: int) -> list[Row]:
    """A holiday is entered for the next workday: every open clock counts on workdays and is due a day later."""
    from residents.tenancy import company_scope
    from tickets.models import CalendarOverride
    from tickets.outbox import drain
    from tickets.sla.rearm import publish_hours

    is_open = set_open_clocks(bench, wanted)
    calendar, holiday = count_on_workdays(bench)
    drain()  # what earlier rows have left to say is not measured
    relays = [
        subprocess.Popen([sys.executable, "manage.py", "sla_sweeper"], cwd=ROOT, env=os.environ) for _ in range(2)
    ]
    try:
        time.sleep(5)
        started = perf_counter()
        with company_scope(bench.engine_company):
            CalendarOverride.objects.create(calendar=calendar, day=holiday, working=False, name="停电")
            publish_hours(calendar)
        while run_sql("SELECT 1 FROM tickets_outbox WHERE topic = 'rearm' AND sent_at IS NULL AND dead_at IS NULL"):
            time.sleep(0.1)
        taken = perf_counter() - started
    finally:
        for one in relays:
            one.send_signal(signal.SIGTERM)
            one.wait(60)
    moved = count("tickets_slaclock", bench.engine_company, "AND due_at > original_due_at")
    told = count("tickets_ticketevent", bench.engine_company, "AND kind = 'clock_moved'")
    return [
        Row(
            f"{is_open:,} open clocks computed anew after a holiday is added, two drivers, new revision included",
            taken,
            "s",
            "≤ 60 s",
            taken <= 60,
            f"{is_open / taken:,.0f} a second",
        ),
        Row("the same: clocks not moved", is_open - moved, "rows", "0", moved == is_open),
        Row("the same: moves without their event", moved - told, "rows", "0", moved == told),
    ]
