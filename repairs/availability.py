"""Who can be given a job now, and why somebody cannot (rules REP-09, GEN-08)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from residents.models import DutyShift, Staff
from residents.models.staff import StaffQuerySet, Trade
from residents.roles import Role

WORKERS = (Role.TECHNICIAN, Role.NIGHT_DUTY)
"""The roles that do the work of a repair."""


def is_worker(staff: Staff, project_id: int) -> bool:
    return not staff.roles_in(project_id).isdisjoint(WORKERS)


def workers_of(project_id: int) -> StaffQuerySet:
    """Active people who may be sent in the project."""
    return Staff.objects.filter(
        Q(memberships__project_id=project_id) | Q(memberships__project=None),
        memberships__role__in=WORKERS,
        is_active=True,
    ).distinct()


def on_shift(project_id: int, *, at: datetime) -> dict[int, bool]:
    """Everybody whose shift in the project runs at that moment, by primary key, with whether they are away."""
    running = DutyShift.objects.filter(project_id=project_id, started_at__lte=at, ends_at__gt=at).filter(
        Q(ended_at=None) | Q(ended_at__gt=at)
    )
    return dict(running.order_by("started_at").values_list("staff_id", "is_away"))


def why_not(person: Staff, trade: str, shifts: Mapping[int, bool]) -> str:
    """Why a worker cannot be given a job of that trade, by the shifts of `on_shift`; empty when nothing is against."""
    is_away = shifts.get(person.pk)
    if is_away is None:
        return _("不在班")
    if is_away:
        return _("暂不接单")
    if trade != Trade.GENERAL and not {trade, Trade.GENERAL} & set(person.trades):
        return _("工种不符")
    return ""
