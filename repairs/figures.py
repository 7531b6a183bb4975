"""Figures of the repairs of a month, read from the clock rows and nothing else (rules REP-29, REP-30).

A clock belongs to the month in which it is due, by the project's own days, so that closing late never moves a breach
into another month. Clocks not due yet are in no figure; corrected ones count as met (rule GEN-02); cancelled ones, and
those that only warn, promise nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet

from residents.models import Project
from tickets.models import Callback, ClockState, SlaClock

ARRIVAL = ("REP-16", "REP-20", "REP-20.again")
START = ("REP-17",)
COMPLETION = ("GEN-04",)
"""When it will be done is promised to the customer; no rule gives every repair a time for that."""

MET = Q(state=ClockState.MET) | Q(corrected_at__isnull=False)


@dataclass(frozen=True)
class HandledInTime:
    """Repairs whose commitments came due in a month, and those of them that kept every one (rule REP-29)."""

    due: int
    in_time: int

    @property
    def share(self) -> float | None:
        """Of 1; None in a month without a repair due. The target is 1."""
        return self.in_time / self.due if self.due else None


@dataclass(frozen=True)
class CalledBack:
    """Completions whose callback came due in a month (rule REP-30).

    `reached` within 24 hours; `by_message` in time after three attempts, counted apart (CBK-11); `missed` the rest.
    """

    completed: int
    reached: int
    by_message: int

    @property
    def missed(self) -> int:
        return self.completed - self.reached - self.by_message

    @property
    def share(self) -> float | None:
        """Completions whose customer was reached in time, of 1; None without completions. The target is 1."""
        return self.reached / self.completed if self.completed else None


def handled_in_time(project: Project, month: date, *, at: datetime) -> HandledInTime:
    """Repairs with arrival, start and completion commitments all met, of those due (rule REP-29). One statement.

    Any day of `month` names it. A repair counts once, in the month in which the last of its commitments is due, and
    not before that moment has passed at `at`.
    """
    begin, end = _bounds(project, month)
    repairs = (
        _promised(project, (*ARRIVAL, *START, *COMPLETION))
        .values("ticket")
        .annotate(last=Max("due_at"), broken=Count("pk", filter=~MET))
        .filter(last__gte=begin, last__lt=min(end, at))
    )
    broken = list(repairs.values_list("broken", flat=True))
    return HandledInTime(due=len(broken), in_time=broken.count(0))


def called_back(project: Project, month: date, *, at: datetime) -> CalledBack:
    """Completed repairs called back within 24 hours, of those due by `at` (rule REP-30). One statement.

    Each completion counts: a rework is called back again. One that was not accepted was no completion.
    """
    begin, end = _bounds(project, month)
    message = Callback.objects.filter(
        ticket=OuterRef("ticket"), called_at=OuterRef("stopped_at"), outcome=Callback.Outcome.MESSAGE_SENT
    )
    counts = (
        _promised(project, ("REP-26",))
        .filter(due_at__gte=begin, due_at__lt=min(end, at))
        .annotate(is_message=Exists(message))
        .aggregate(
            completed=Count("pk"),
            reached=Count("pk", filter=MET & Q(is_message=False)),
            by_message=Count("pk", filter=MET & Q(is_message=True)),
        )
    )
    return CalledBack(**counts)


def _promised(project: Project, codes: tuple[str, ...]) -> QuerySet[SlaClock]:
    clocks = SlaClock.objects.filter(project=project, ticket__kind="repair", rule_code__in=codes)
    return clocks.exclude(state__in=(ClockState.CANCELLED, ClockState.EXCLUDED))


def _bounds(project: Project, month: date) -> tuple[datetime, datetime]:
    """Begin and end of the calendar month around a day, in the project's zone; the end is the next month's begin."""
    begin = datetime(month.year, month.month, 1, tzinfo=project.tzinfo)
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return begin, datetime(following.year, following.month, 1, tzinfo=project.tzinfo)
