"""Telling the administrators that the engine itself needs help."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from residents.models import Staff
from residents.roles import Role
from residents.tenancy import scope_now
from tickets.models import Notice, SlaClock


def tell_admins(payload: dict[str, Any]) -> None:
    """A clock has failed three times: the outbox handler of topic `alarm`. Safe to repeat."""
    clock = SlaClock.objects.get(pk=payload["clock"])
    people = Staff.objects.holding(Role.ADMIN, project_id=clock.project_id)
    Notice.objects.bulk_create(
        [
            Notice(
                company_id=clock.company_id,
                project_id=clock.project_id,
                staff=person,
                ticket_id=clock.ticket_id,
                clock=clock,
                level=3,
                kind="alarm",
                text=gettext_noop("计时器 %(rule)s 连续三次无法执行，请检查规则设置。"),
                facts={"rule": clock.rule_code},
                dedup_key=f"poison/{clock.pk}",
                created_at=scope_now(),
            )
            for person in people
        ],
        ignore_conflicts=True,
    )
