"""Starting a shift at sign-in: who is on duty as what, until when."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from residents.models import DutyShift, Project, Staff
from residents.roles import Role


class ShiftPlan(NamedTuple):
    """A shift of the roster in local time; one that ends at or before its start ends on the next day."""

    code: str
    name: Promise
    begins: time
    ends: time

    @property
    def hours(self) -> str:
        """As the sign-in page shows it: 08:00–17:00."""
        end = "24:00" if self.ends == time(0) else f"{self.ends:%H:%M}"
        return f"{self.begins:%H:%M}–{end}"


SHIFTS = (
    ShiftPlan("early", _("早班"), time(8), time(17)),
    ShiftPlan("late", _("晚班"), time(17), time(0)),
    ShiftPlan("night", _("夜班"), time(0), time(8)),
)


def current_shift(project: Project, *, at: datetime) -> ShiftPlan:
    """The shift of the roster that is running at that moment in the project's zone."""
    now = at.astimezone(project.tzinfo).time()
    return next((s for s in SHIFTS if s.begins <= now and (now < s.ends or s.ends == time(0))), SHIFTS[0])


def start_shift(staff: Staff, project: Project, *, code: str, at: datetime) -> DutyShift:
    """Begin the shift, for every role the first that counts; a running one is kept. Safe to repeat.

    The rostered end is the due moment of end-of-shift clocks (EOS).
    """
    running = (
        DutyShift.objects.filter(staff=staff, project=project, started_at__lte=at, ends_at__gt=at, ended_at=None)
        .order_by("-started_at")
        .first()
    )
    if running is not None:
        return running
    plan = next((s for s in SHIFTS if s.code == code), current_shift(project, at=at))
    local = at.astimezone(project.tzinfo)
    ends = local.replace(hour=plan.ends.hour, minute=plan.ends.minute, second=0, microsecond=0)
    if ends <= local:
        ends += timedelta(days=1)
    roles = staff.roles_in(project.pk)
    role = next((r for r in Role if r in roles), Role.FRONT_DESK)
    return DutyShift.objects.create(
        company_id=staff.company_id,
        project=project,
        staff=staff,
        role=role,
        name=str(plan.name),
        started_at=at,
        ends_at=ends,
    )


def set_away(staff: Staff, project: Project, *, is_away: bool, at: datetime) -> None:
    """On duty but not to be given work now, or ready again. Without a running shift nothing changes; safe to repeat."""
    running = DutyShift.objects.filter(staff=staff, project=project, started_at__lte=at, ends_at__gt=at, ended_at=None)
    running.update(is_away=is_away)
