"""The time bases of the rulebook: when something is due, how much time is used, where a ladder step lies.

C24, D24, WD, EOD, EOS, FIX and MON are the rulebook's calendars; WSEC is business seconds, a target measured only
while the office is open. They are never converted into each other: two days of D24 are 48 hours, two WD are the end of
office hours of the second workday. Instants come in aware and go out in UTC; `zone` is the project's IANA zone and
decides what a day is; `zones` says what happens to a wall time that a clock change skips or repeats.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from tickets.calendars.days import DayTable, Due
from tickets.calendars.errors import CalendarError
from tickets.calendars.zones import DEFAULT_ZONE, END_OF_DAY, local_instant, local_wall, zone_named

_DAY = timedelta(days=1)


class Basis(StrEnum):
    """How a duration is counted, and in the docstring of each the unit of its value."""

    C24 = "C24"
    """Seconds on the clock, day and night."""
    D24 = "D24"
    """Periods of 24 hours: the default of every "n days" that does not say workdays."""
    WD = "WD"
    """Workdays of the calendar, the day of the start not counted, to the end of office hours."""
    EOD = "EOD"
    """Days after the day of the start, to 23:59:59 of that day; 0 is the same day."""
    EOS = "EOS"
    """The end of the responsible person's shift; no value. Without a shift it is the end of the day."""
    FIX = "FIX"
    """A time of day as HHMM (1700): its next occurrence after the start."""
    MON = "MON"
    """Calendar months to the same day and time of day, or the last day of a shorter month."""
    WSEC = "WSEC"
    """Seconds while the office is open."""


_ON_CALENDAR = frozenset({Basis.WD, Basis.WSEC})


def due(
    basis: Basis,
    value: int,
    start: datetime,
    *,
    zone: str = DEFAULT_ZONE,
    table: DayTable | None = None,
    shift_end: datetime | None = None,
) -> Due:
    """The last moment at which the step is in time, `value` counted on `basis` from `start`. Never before `start`.

    FIX means strictly after the start, because the 17:00 round is of what was accepted before 17:00 (rule CBK-07).
    `shift_end` serves EOS and is ignored if it is not after the start. Raises CalendarError if WD or WSEC come without
    a `table`, BeyondHorizon if the answer is later than the published days.
    """
    if value < 0:
        raise ValueError("A target cannot be negative.")
    start = _utc(start)
    match basis:
        case Basis.C24:
            return Due(start + timedelta(seconds=value))
        case Basis.D24:
            return Due(start + timedelta(days=value))
        case Basis.WD:
            return _needed(table, basis).add_workdays(start, value)
        case Basis.WSEC:
            return _needed(table, basis).add_business_seconds(start, value)
        case Basis.EOD:
            return Due(_end_of_day(start, value, zone))
        case Basis.EOS:
            if shift_end is not None and _utc(shift_end) > start:
                return Due(_utc(shift_end))
            return Due(_end_of_day(start, 0, zone))
        case Basis.FIX:
            return Due(_next_time_of_day(start, value, zone))
        case Basis.MON:
            return Due(_months_later(start, value, zone))


def elapsed(basis: Basis, a: datetime, b: datetime, *, table: DayTable | None = None) -> float:
    """Seconds used from `a` to `b` in the time of the basis: open time for WD and WSEC, else time on the clock."""
    if basis in _ON_CALENDAR:
        return _needed(table, basis).business_seconds_between(a, b)
    return (_utc(b) - _utc(a)).total_seconds()


def offset(basis: Basis, anchor: datetime, seconds: float, *, table: DayTable | None = None) -> Due:
    """A ladder step `seconds` after `anchor`, or before it if negative, in the same time as `elapsed` measures."""
    if basis in _ON_CALENDAR:
        return _needed(table, basis).add_business_seconds(anchor, seconds)
    return Due(_utc(anchor) + timedelta(seconds=seconds))


def offsets(
    basis: Basis, anchor: datetime, seconds: Iterable[float], *, table: DayTable | None = None
) -> list[datetime]:
    """The moments of several steps around one anchor, as `offset` finds each."""
    if basis in _ON_CALENDAR:
        return _needed(table, basis).instants_around(anchor, seconds)
    start = _utc(anchor)
    return [start + timedelta(seconds=distance) for distance in seconds]


def share(basis: Basis, start: datetime, due_at: datetime, percent: int, *, table: DayTable | None = None) -> Due:
    """The moment at which `percent` of the time from `start` to `due_at` is used (level 0 of rule GEN-07 is 80)."""
    return offset(basis, start, elapsed(basis, start, due_at, table=table) * percent / 100, table=table)


def extend(
    basis: Basis,
    due_at: datetime,
    paused_at: datetime,
    resumed_at: datetime,
    *,
    zone: str = DEFAULT_ZONE,
    table: DayTable | None = None,
    shift_end: datetime | None = None,
) -> Due:
    """The due moment after a pause; what was left at `paused_at` is left at `resumed_at`, to the microsecond.

    Bases that end with a day keep the number of days left: WD the workdays, EOD the days. EOS ends with the shift in
    which the work resumes, FIX stays if it is still to come and else is its next occurrence. A pause that began when
    the time was over changes nothing. Folding pauses one after the other gives the same as replaying them.
    """
    due_at, paused_at, resumed_at = _utc(due_at), _utc(paused_at), _utc(resumed_at)
    if resumed_at < paused_at:
        raise ValueError("A pause cannot end before it begins.")
    if paused_at >= due_at:
        return Due(due_at, revision=table.revision if table is not None and basis in _ON_CALENDAR else 0)
    match basis:
        case Basis.WD:
            known = _needed(table, basis)
            return known.add_workdays(resumed_at, known.workdays_between(paused_at, due_at))
        case Basis.WSEC:
            known = _needed(table, basis)
            return known.add_business_seconds(resumed_at, known.business_seconds_between(paused_at, due_at))
        case Basis.EOD:
            place = zone_named(zone)
            days_left = local_wall(due_at, place).date() - local_wall(paused_at, place).date()
            return Due(_end_of_day(resumed_at, days_left.days, zone))
        case Basis.EOS:
            return due(basis, 0, resumed_at, zone=zone, shift_end=shift_end)
        case Basis.FIX:
            wall = local_wall(due_at, zone_named(zone))
            if resumed_at < due_at:
                return Due(due_at)
            return Due(_next_time_of_day(resumed_at, wall.hour * 100 + wall.minute, zone))
        case _:
            return Due(due_at + (resumed_at - paused_at))


def earliest(*candidates: Due) -> Due:
    """The candidate that ends first (rule DEC-09), provisional if any of them is: a later one may still move ahead."""
    first = min(candidates, key=lambda candidate: candidate.at)
    return Due(
        first.at,
        any(candidate.provisional for candidate in candidates),
        max(candidate.revision for candidate in candidates),
    )


def end_of_period(at: datetime, months: int, *, zone: str = DEFAULT_ZONE) -> datetime:
    """23:59:59 of the last day of the calendar month, quarter (3), half-year (6) or year (12) around `at`, in UTC."""
    if months not in {1, 3, 6, 12}:
        raise ValueError("A period is a month, a quarter, a half-year or a year.")
    place = zone_named(zone)
    today = local_wall(at, place).date()
    month = (today.month - 1) // months * months + months
    return local_instant(date(today.year, month, monthrange(today.year, month)[1]), END_OF_DAY, place, last=True)


def _utc(at: datetime) -> datetime:
    # Adding to a local time, and comparing two of one zone, would go by the wall and not by the clock.
    return at if at.tzinfo is UTC else local_wall(at, UTC)


def _needed(table: DayTable | None, basis: Basis) -> DayTable:
    if table is None:
        raise CalendarError(f"{basis} is counted on a working calendar, and none was given.")
    return table


def _end_of_day(start: datetime, days: int, zone: str) -> datetime:
    place = zone_named(zone)
    end = local_instant(local_wall(start, place).date() + days * _DAY, END_OF_DAY, place, last=True)
    # In the last second of a day the end named by the rule has passed already.
    return max(end, start)


def _next_time_of_day(start: datetime, hhmm: int, zone: str) -> datetime:
    hours, minutes = divmod(hhmm, 100)
    if hours > 23 or minutes > 59:
        raise ValueError(f"Not a time of day: {hhmm}.")
    place = zone_named(zone)
    today, seconds = local_wall(start, place).date(), hours * 3600 + minutes * 60
    at = local_instant(today, seconds, place)
    return at if at > start else local_instant(today + _DAY, seconds, place)


def _months_later(start: datetime, months: int, zone: str) -> datetime:
    place = zone_named(zone)
    wall = local_wall(start, place)
    years, month = divmod(wall.month - 1 + months, 12)
    year, month = wall.year + years, month + 1
    day = min(wall.day, monthrange(year, month)[1])
    # The fold of the start belongs to its own day, not to the day the months end on.
    later = wall.replace(year=year, month=month, day=day, fold=0).astimezone(UTC)
    return later if months else start
