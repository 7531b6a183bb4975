"""The engine's rows of the budget: idle cost, a thousand due, a hundred thousand due, lag under a steady stream."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from time import perf_counter

from benchmarks.harness import ROOT, Row, milliseconds, percentile, run_sql
from benchmarks.load import Bench, make_due, set_open_clocks

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
    return [
        *_idle(bench, open_clocks),
        *_thousand(bench),
        _lag(bench),
        *_storm(bench),
    ]


def _idle(bench: Bench, open_clocks: int) -> list[Row]:
    from tickets.sla.sweep import sweep

    set_open_clocks(bench, 10_000)
    sweep(driver="bench")
    small = milliseconds(lambda: sweep(driver="bench"), 300)
    set_open_clocks(bench, open_clocks)
    sweep(driver="bench")
    large = milliseconds(lambda: sweep(driver="bench"), 300)
    raw = milliseconds(lambda: _raw_idle(), 300)
    p50, p95 = percentile(large, 0.5), percentile(large, 0.95)
    ratio = p50 / percentile(small, 0.5)
    return [
        Row(
            "idle sweep, 1,000,000 open clocks, p50",
            p50,
            "ms",
            "≤ 5 ms",
            p50 <= 5,
            f"{p50 / percentile(raw, 0.5):.1f}x",
        ),
        Row("idle sweep, 1,000,000 open clocks, p95", p95, "ms", "—", True),
        Row("idle sweep, 1,000,000 against 10,000 open, p50", ratio, "times", "≤ 1.5 times", ratio <= 1.5),
    ]


def _raw_idle() -> None:
    from django.db import connections

    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT id FROM tickets_slaclock WHERE lane = 0 AND next_fire_at <= now() LIMIT 500")
        cursor.fetchall()


def _thousand(bench: Bench) -> list[Row]:
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
            "1,000 overdue among 1,000,000 open: breach, ledger, event, outbox, next step",
            mine,
            "ms",
            "≤ 4 times the raw statement",
            mine <= 4 * bare,
            f"{mine / bare:.1f}x ({bare:.0f} ms)",
        )
    ]


def _lag(bench: Bench, seconds: int = 30, per_second: int = 100) -> Row:
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
    return Row("enforcement lag p99, 1,000,000 open, 100 due a second", p99, "s", "≤ 2 s", p99 <= 2)


_SWEEP_UNTIL_DONE = (
    "import os, django; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'servicedesk.settings'); django.setup(); "
    "from tickets.sla.sweep import sweep; "
    "idle = 0\n"
    "while idle < 3: idle = 0 if sweep(driver='bench').claimed else idle + 1"
)


def _storm(bench: Bench, count: int = 100_000) -> list[Row]:
    """Four sweeping processes over a hundred thousand overdue clocks; one is killed hard on the way."""
    before = int(
        str(run_sql("SELECT count(*) FROM tickets_slafiring WHERE company_id = %s", [bench.engine_company])[0][0])
    )
    make_due(bench, count)
    started = perf_counter()
    sweepers = [subprocess.Popen([sys.executable, "-c", _SWEEP_UNTIL_DONE], cwd=ROOT, env=os.environ) for _ in range(4)]
    time.sleep(2.5)
    sweepers[0].kill()
    for one in sweepers:
        one.wait(120)
    taken = perf_counter() - started
    left = run_sql("SELECT count(*) FROM tickets_slaclock WHERE next_fire_at <= now() - interval '5 s'")[0][0]
    fired, events = (
        int(str(run_sql(f"SELECT count(*) FROM {table} WHERE company_id = %s {where}", [bench.engine_company])[0][0]))
        for table, where in (
            ("tickets_slafiring", ""),
            ("tickets_ticketevent", "AND kind = 'breached'"),
        )
    )
    whole = left == 0 and fired - before == count
    return [
        Row(
            "100,000 overdue at once, four sweepers, one killed: all recorded, with start of the processes",
            taken,
            "s",
            "≤ 30 s",
            taken <= 30 and whole,
        ),
        Row("the same: firings lost or doubled", abs(fired - before - count), "rows", "0", whole),
        Row("the same: breach events", events, "rows", "—", True),
    ]
