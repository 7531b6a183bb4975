"""The auditor: looks, once a minute and through indexes only, for what the engine should not have left behind."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connections

from tickets.models import SweepRun

log = logging.getLogger(__name__)
KEEP_RUNS = timedelta(days=7)

_CHECKS = {
    "late_firings": (
        "SELECT count(*) FROM tickets_slaclock WHERE next_fire_at < %(as_of)s - interval '60 s'",
        "clocks are due for more than a minute and not fired",
    ),
    "unarmed": (
        "SELECT count(*) FROM tickets_slaclock WHERE state = 'running' AND next_fire_at IS NULL "
        "AND next_step < cardinality(step_at)",
        "running clocks have steps left and no next moment",
    ),
    "old_outbox": (
        "SELECT count(*) FROM tickets_outbox WHERE sent_at IS NULL AND dead_at IS NULL "
        "AND not_before < %(as_of)s - interval '60 s'",
        "outbox rows wait for more than a minute",
    ),
    "dead_outbox": (
        "SELECT count(*) FROM tickets_outbox WHERE dead_at > %(as_of)s - interval '1 day'",
        "outbox rows were given up today",
    ),
}


def audit(*, at: datetime | None = None) -> list[str]:
    """The findings, as lines for the log; empty when all is well. Changes nothing but old sweep rows."""
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT now()")
        as_of: datetime = at or cursor.fetchone()[0]
        findings = []
        for name, (query, sentence) in _CHECKS.items():
            cursor.execute(query, {"as_of": as_of})
            if count := cursor.fetchone()[0]:
                findings.append(f"{name}: {count} {sentence}")
    SweepRun.objects.using("sweeper").filter(finished_at__lt=as_of - KEEP_RUNS).delete()
    for finding in findings:
        log.error("audit: %s", finding)
    return findings
