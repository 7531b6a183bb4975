"""Whether somebody works at night, when the desk says 'next day' to what it cannot do (rules REP-33, SHF-05)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from residents.duty import SHIFTS, current_shift
from residents.models import DutyShift, Project, Staff
from residents.roles import Role

BY_DAY, AT_NIGHT = "early", "night"


def is_on_night_duty(staff: Staff, project: Project, *, at: datetime) -> bool:
    """By the shift the person works at that moment, known by its rostered end; without one by the roster's hours.

    Everybody on the night shift is; whoever holds the night duty is from the end of the day shift, whatever other
    roles the person has.
    """
    holds_it = Role.NIGHT_DUTY in staff.roles_in(project.pk)
    by_roster = current_shift(project, at=at)
    if by_roster.code == BY_DAY and not holds_it:
        return False  # a night shift is over by then: most repairs are spared the question
    ends_at = (
        DutyShift.objects.filter(staff=staff, project=project, started_at__lte=at, ends_at__gt=at)
        .filter(Q(ended_at=None) | Q(ended_at__gt=at))
        .order_by("-started_at")
        .values_list("ends_at", flat=True)
        .first()
    )
    ends = ends_at.astimezone(project.tzinfo).time() if ends_at else None
    plan = next((shift for shift in SHIFTS if shift.ends == ends), by_roster)
    return plan.code == AT_NIGHT or (holds_it and plan.code != BY_DAY)
