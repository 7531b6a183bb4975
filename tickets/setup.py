"""What a new company needs before its first ticket: the default rules as version 1, and a published calendar."""

from __future__ import annotations

from datetime import datetime

from residents.models import Company
from residents.tenancy import scope_now
from tickets.models import SlaRule
from tickets.sla.definitions import all_definitions


def install_rules(company: Company, *, at: datetime | None = None) -> int:
    """Copy the defaults of the rulebook as version 1; rules already there stay as they are. Safe to repeat.

    Needs the company's scope. Returns how many rules were added.
    """
    have = set(SlaRule.objects.filter(project=None).values_list("code", flat=True))
    moment = at or scope_now()
    missing = [
        SlaRule(
            company=company,
            code=d.code,
            version=1,
            basis=d.basis,
            value=d.value,
            amber_seconds=d.amber,
            ladder=d.ladder_rows(),
            created_at=moment,
        )
        for d in all_definitions()
        if d.code not in have
    ]
    SlaRule.objects.bulk_create(missing)
    return len(missing)
