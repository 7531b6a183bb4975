"""Shifts, begun at sign-in: who is on duty where, as what, until when."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from residents.errors import InvalidInput
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

EARLY = timedelta(hours=1)
"""How long before its start a shift may be begun: who relieves is there 15 minutes before at the latest (SHF-06)."""


def current_shift(project: Project, *, at: datetime) -> ShiftPlan:
    """The shift of the roster that is running at that moment in the project's zone."""
    now = at.astimezone(project.tzinfo).time()
    return next((s for s in SHIFTS if s.begins <= now and (now < s.ends or s.ends == time(0))), SHIFTS[0])


def shift_name(code: str) -> str:
    """What the roster calls the shift, in the language of whoever reads it; a name of another origin as it stands."""
    return next((str(plan.name) for plan in SHIFTS if plan.code == code), code)


def start_shift(staff: Staff, project: Project, *, code: str, at: datetime) -> DutyShift:
    """Begin the shift of the roster with this code, else the one that runs; a running one is kept. Safe to repeat.

    The rostered end is the due moment of end-of-shift clocks (EOS). Raises InvalidInput for a shift that neither runs
    nor begins soon: its end would lie a day ahead.
    """
    running = _running(staff, at=at).filter(project=project).first()
    if running is not None:
        return running
    plan = next((s for s in SHIFTS if s.code == code), current_shift(project, at=at))
    ends = _end_of(plan, project, at=at)
    if ends is None:
        raise InvalidInput(
            _t("现在不在%(name)s（%(hours)s）的时间，请选正在上的、或一小时内开始的班次。")
            % {"name": plan.name, "hours": plan.hours},
            rule="SHF-06",
            field="shift",
        )
    return _begin(staff, project, name=plan.code, at=at, ends=ends)


def carry_shift(staff: Staff, project: Project, *, at: datetime) -> None:
    """Let the shift a person has begun count in another project too. Without one nothing changes; safe to repeat."""
    running = list(_running(staff, at=at))
    if running and all(shift.project_id != project.pk for shift in running):
        shift = running[0]
        _begin(staff, project, name=shift.name, at=at, ends=shift.ends_at, is_away=shift.is_away)


def set_away(staff: Staff, *, is_away: bool, at: datetime) -> None:
    """On duty but not to be given work now, or ready again. Without a running shift nothing changes; safe to repeat."""
    _running(staff, at=at).order_by().update(is_away=is_away)


def _running(staff: Staff, *, at: datetime) -> QuerySet[DutyShift]:
    shifts = DutyShift.objects.filter(staff=staff, started_at__lte=at, ends_at__gt=at, ended_at=None)
    return shifts.order_by("-started_at")


def _end_of(plan: ShiftPlan, project: Project, *, at: datetime) -> datetime | None:
    """When the plan's shift ends that runs at that moment or begins soon; None if neither."""
    today = at.astimezone(project.tzinfo).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        last_day = day if plan.ends > plan.begins else day + timedelta(days=1)
        begins = datetime.combine(day, plan.begins, tzinfo=project.tzinfo)
        ends = datetime.combine(last_day, plan.ends, tzinfo=project.tzinfo)
        if begins - EARLY <= at < ends:
            return ends
    return None


def _begin(
    staff: Staff, project: Project, *, name: str, at: datetime, ends: datetime, is_away: bool = False
) -> DutyShift:
    """A shift in the person's first role there that counts."""
    roles = staff.roles_in(project.pk)
    return DutyShift.objects.create(
        company_id=staff.company_id,
        project=project,
        staff=staff,
        role=next((role for role in Role if role in roles), Role.FRONT_DESK),
        name=name,
        started_at=at,
        ends_at=ends,
        is_away=is_away,
    )
