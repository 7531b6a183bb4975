"""Forgetting: rows of the engine that have done their work go after a time, so that its tables stay small.

What is on the record (events, the ledger, gaps of the sweep) and what was given up stays.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import connections

KEEP_SENT = timedelta(days=30)
"""How long an outbox row that was done is kept. The ledger, not its key, keeps a rung from firing again."""
KEEP_RUNS = timedelta(days=7)
BATCH = 5000
BUDGET_SECONDS = 20.0

_SENT = """
DELETE FROM tickets_outbox WHERE id IN (
       SELECT id FROM tickets_outbox WHERE sent_at < %(before)s ORDER BY sent_at LIMIT %(limit)s
          FOR UPDATE SKIP LOCKED)
"""
# The newest run stays however old it is: by it the next sweep sees that nobody swept.
_RUNS = """
DELETE FROM tickets_sweeprun WHERE id IN (
       SELECT id FROM tickets_sweeprun
        WHERE finished_at < %(before)s AND mode <> 'gap'
          AND finished_at < (SELECT max(finished_at) FROM tickets_sweeprun WHERE mode <> 'gap')
        ORDER BY finished_at LIMIT %(limit)s
          FOR UPDATE SKIP LOCKED)
"""


def purge(*, at: datetime | None = None, batch: int = BATCH) -> int:
    """Delete outbox rows sent 30 days and sweep rows ended 7 days before `at` (the database's now()); how many.

    Small batches of a transaction each, for at most 20 s; what is left goes with the next run. Safe to run anywhere, at
    once, any number of times.
    """
    began, total = time.monotonic(), 0
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT now()")
        as_of: datetime = at or cursor.fetchone()[0]
        for statement, keep in ((_SENT, KEEP_SENT), (_RUNS, KEEP_RUNS)):
            gone = batch
            while gone == batch and time.monotonic() - began < BUDGET_SECONDS:
                cursor.execute(statement, {"before": as_of - keep, "limit": batch})
                gone = cursor.rowcount
                total += gone
    return total
