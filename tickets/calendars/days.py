"""A working calendar as prefix sums: every question is two bisections, never a walk over days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from tickets.calendars.errors import BeyondHorizon, CalendarError, NoOpenHours
from tickets.calendars.zones import local_instant, zone_named

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_YEAR = timedelta(days=365)


class Day(NamedTuple):
    """One day of a calendar. `segments` are half-open [opens, closes) UTC instants in order, none on a day off."""

    day: date
    is_workday: bool
    provisional: bool
    segments: tuple[tuple[datetime, datetime], ...]
    source: str = ""
    name: str = ""


class Due(NamedTuple):
    """When something is due, in UTC.

    `provisional` says that days without a published notice took part, so a later notice may move it. `revision` is the
    calendar revision used, 0 where no calendar was needed.
    """

    at: datetime
    provisional: bool = False
    revision: int = 0


class Sums(NamedTuple):
    """A day with what came before it in the calendar: open seconds and workdays of all earlier days."""

    day: Day
    seconds_before: int
    workdays_before: int


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class DayTable:
    """The published days of one calendar revision, contiguous from the first day up to the horizon (exclusive).

    Inside, instants and durations are whole microseconds, so a pause and a resume lose nothing; callers see UTC
    datetimes and seconds. Every method raises BeyondHorizon for an instant or an answer outside the published days.
    """

    zone: str
    revision: int
    days: tuple[Day, ...]
    _midnights: tuple[int, ...] = field(init=False)
    _opens: tuple[int, ...] = field(init=False)
    _closes: tuple[int, ...] = field(init=False)
    _before: tuple[int, ...] = field(init=False)
    _after: tuple[int, ...] = field(init=False)
    _workdays: tuple[int, ...] = field(init=False)
    _workday_closes: tuple[int, ...] = field(init=False)
    _workdays_before: tuple[int, ...] = field(init=False)
    _provisional_before: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.days:
            raise CalendarError("A calendar needs at least one day.")
        zone = zone_named(self.zone)
        midnights = [_micros(local_instant(day.day, 0, zone)) for day in self.days]
        midnights.append(_micros(local_instant(self.days[-1].day + timedelta(days=1), 0, zone)))
        opens: list[int] = []
        closes: list[int] = []
        before: list[int] = []
        workdays: list[int] = []
        workday_closes: list[int] = []
        workdays_before = [0]
        provisional_before = [0]
        total = 0
        for index, day in enumerate(self.days):
            if index and day.day != self.days[index - 1].day + timedelta(days=1):
                raise CalendarError(f"The days are not contiguous at {day.day}.")
            if day.is_workday != bool(day.segments):
                raise CalendarError(f"{day.day} must have office hours if, and only if, it is a workday.")
            floor = midnights[index]
            for segment in day.segments:
                opened, closed = _micros(segment[0]), _micros(segment[1])
                if not floor <= opened < closed <= midnights[index + 1]:
                    raise CalendarError(f"The office hours of {day.day} overlap or leave the day.")
                opens.append(opened)
                closes.append(closed)
                before.append(total)
                total += closed - opened
                floor = closed
            if day.is_workday:
                workdays.append(index)
                workday_closes.append(floor)
            workdays_before.append(len(workdays))
            provisional_before.append(provisional_before[-1] + day.provisional)
        after = [*before[1:], total] if before else []
        for name, numbers in (
            ("_midnights", midnights),
            ("_opens", opens),
            ("_closes", closes),
            ("_before", before),
            ("_after", after),
            ("_workdays", workdays),
            ("_workday_closes", workday_closes),
            ("_workdays_before", workdays_before),
            ("_provisional_before", provisional_before),
        ):
            object.__setattr__(self, name, tuple(numbers))

    @classmethod
    def build(cls, days: Iterable[Day], *, zone: str, revision: int) -> DayTable:
        """A table from consecutive days in order. Raises CalendarError if one is missing, doubled or inconsistent."""
        return cls(zone=zone, revision=revision, days=tuple(days))

    def __repr__(self) -> str:
        return f"<DayTable r{self.revision} {self.days[0].day} to {self.days[-1].day}, {self.zone}>"

    @property
    def begins(self) -> datetime:
        """Midnight of the first day, UTC."""
        return _instant(self._midnights[0])

    @property
    def horizon(self) -> datetime:
        """Midnight after the last day, UTC: the first instant the calendar knows nothing about."""
        return _instant(self._midnights[-1])

    def sums(self) -> Iterator[Sums]:
        """Each day with the open seconds and workdays of all earlier days, for storing."""
        seconds = 0
        for index, day in enumerate(self.days):
            yield Sums(day, seconds, self._workdays_before[index])
            seconds += sum(int((closes - opens).total_seconds()) for opens, closes in day.segments)

    def position(self, at: datetime) -> float:
        """Open seconds from the first day up to `at`."""
        return self._position(self._within(at)) / _SECOND

    def instant_at(self, position: float) -> datetime:
        """The earliest UTC instant by which that many seconds have been open; the inverse of `position` while open."""
        return _instant(self._earliest(round(position * _SECOND)))

    def business_seconds_between(self, a: datetime, b: datetime) -> float:
        """Open seconds from `a` to `b`, exact to the microsecond; negative if `b` is earlier."""
        return (self._position(self._within(b)) - self._position(self._within(a))) / _SECOND

    def workdays_between(self, a: datetime, b: datetime) -> int:
        """Workdays after the day of `a`, up to and including the day of `b`; negative if `b` is on an earlier day."""
        return (
            self._workdays_before[self._index(self._within(b)) + 1]
            - self._workdays_before[self._index(self._within(a)) + 1]
        )

    def add_business_seconds(self, start: datetime, seconds: float) -> Due:
        """The moment `seconds` of open time after `start`, or before it if negative.

        Forward it is the earliest such moment: a target that fills the morning is due when the office closes for lunch,
        not when it opens again. Backward it is the latest: one hour before Monday 10:00 is Monday 9:00, when somebody
        is there, not Friday evening. Zero seconds are `start` itself, also while closed.
        """
        begun = self._within(start)
        return self._due(begun, self._shifted(begun, self._position(begun), seconds))

    def instants_around(self, anchor: datetime, seconds: Iterable[float]) -> list[datetime]:
        """The same moments as `add_business_seconds` finds from one anchor for several distances, without the rest."""
        begun = self._within(anchor)
        position = self._position(begun)
        return [_instant(self._shifted(begun, position, distance)) for distance in seconds]

    def add_workdays(self, start: datetime, days: int) -> Due:
        """The end of office hours of the n-th workday after the day of `start`; that day itself is not counted.

        Zero workdays end with the office hours still to come: today's, or those of the next workday if today is off or
        already closed. A negative number counts back from the day of `start`, which again is not counted.
        """
        begun = self._within(start)
        index = self._index(begun)
        if days > 0:
            nth = self._workdays_before[index + 1] + days - 1
        elif days < 0:
            nth = self._workdays_before[index] + days
        else:
            nth = bisect_left(self._workday_closes, begun)
        if not 0 <= nth < len(self._workday_closes):
            raise BeyondHorizon(self.begins, self.horizon)
        return self._due(begun, self._workday_closes[nth])

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself while open, else the next opening in UTC, or None if the calendar never opens again."""
        begun = self._within(at)
        nth = bisect_right(self._closes, begun)
        return _instant(max(begun, self._opens[nth])) if nth < len(self._opens) else None

    def _within(self, at: datetime) -> int:
        moment = _micros(at)
        if not self._midnights[0] <= moment <= self._midnights[-1]:
            raise BeyondHorizon(self.begins, self.horizon)
        return moment

    def _index(self, moment: int) -> int:
        return min(bisect_right(self._midnights, moment), len(self.days)) - 1

    def _position(self, moment: int) -> int:
        nth = bisect_right(self._opens, moment) - 1
        if nth < 0:
            return 0
        return self._before[nth] + min(moment, self._closes[nth]) - self._opens[nth]

    def _earliest(self, position: int) -> int:
        nth = bisect_left(self._after, position)
        if position < 0 or nth == len(self._after):
            raise BeyondHorizon(self.begins, self.horizon)
        return self._closes[nth] - (self._after[nth] - position)

    def _latest(self, position: int) -> int:
        nth = bisect_right(self._before, position) - 1
        if nth < 0:
            raise BeyondHorizon(self.begins, self.horizon)
        return self._opens[nth] + (position - self._before[nth])

    def _shifted(self, begun: int, position: int, seconds: float) -> int:
        delta = round(seconds * _SECOND)
        if delta > 0:
            return self._earliest(position + delta)
        return self._latest(position + delta) if delta < 0 else begun

    def _due(self, begun: int, found: int) -> Due:
        low, high = (begun, found) if begun <= found else (found, begun)
        guessed = self._provisional_before[self._index(high) + 1] - self._provisional_before[self._index(low)]
        return Due(_instant(found), guessed > 0, self.revision)


def validate(table: DayTable, *, at: datetime) -> None:
    """Refuse a calendar on which nothing would ever be due.

    Raises NoOpenHours unless it opens within 365 days from `at`, BeyondHorizon if it is not published for `at`.
    """
    opening = table.next_open(at)
    if opening is None or opening > at + _YEAR:
        raise NoOpenHours("The calendar has no office hours in the coming year.")


def _micros(at: datetime) -> int:
    """Microseconds since 1970. Raises TypeError for a naive datetime."""
    return (at - _EPOCH) // _MICROSECOND


def _instant(moment: int) -> datetime:
    return _EPOCH + timedelta(microseconds=moment)
