"""The auditor: looks, once a minute and through indexes only, for what the engine should not have left behind."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import connections

log = logging.getLogger(__name__)

_CHECKS = {
    "late_firings": (
        "SELECT count(*) FROM tickets_slaclock "
        "WHERE lane = ANY('{0,1,2}') AND next_fire_at < %(as_of)s - interval '60 s'",
        "clocks are due for more than a minute and not fired",
    ),
    "failing": (
        "SELECT count(*) FROM tickets_slaclock WHERE attempts > 0",
        "clocks failed when they were last fired",
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
# A clock with rungs left and no next moment: an estate was closed for business and is open again, or something lost the
# moment. Either way the row itself says when it is due.
_WAKE = """
UPDATE tickets_slaclock c
   SET next_fire_at = c.step_at[c.next_step + 1], version = c.version + 1
  FROM residents_project p, residents_company o
 WHERE c.id IN (SELECT s.id FROM tickets_slaclock s
                 WHERE s.state IN ('running', 'breached_open') AND s.next_fire_at IS NULL
                   AND s.next_step < cardinality(s.step_at)
                   FOR NO KEY UPDATE SKIP LOCKED)
   AND p.id = c.project_id AND o.id = c.company_id AND p.is_active AND o.is_active
"""


def audit(*, at: datetime | None = None) -> list[str]:
    """The findings, as lines for the log; empty when all is well.

    Changes only what needs no judgement: wakes clocks of estates that are open again.
    """
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT now()")
        as_of: datetime = at or cursor.fetchone()[0]
        findings = []
        for name, (query, sentence) in _CHECKS.items():
            cursor.execute(query, {"as_of": as_of})
            if count := cursor.fetchone()[0]:
                findings.append(f"{name}: {count} {sentence}")
        cursor.execute(_WAKE)
        if cursor.rowcount:
            log.warning("audit: %s silent clocks were armed again", cursor.rowcount)
    for finding in findings:
        log.error("audit: %s", finding)
    return findings
