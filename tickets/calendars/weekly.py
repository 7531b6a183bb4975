"""Office hours of a week, laid over the national calendar and a company's own days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from tickets.calendars.days import Day
from tickets.calendars.errors import InvalidHours
from tickets.calendars.national import NationalRecord
from tickets.calendars.zones import local_instant, zone_named

_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
_MONDAY, _SATURDAY = 0, 5
_MIDNIGHT = 86_400

Span = tuple[int, int]
"""Seconds past midnight on the wall, opening and closing; 86400 is 24:00."""


class Override(NamedTuple):
    """A day on which a company departs from the national calendar."""

    day: date
    working: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The spans of each weekday from Monday, and those of a weekend day that has become a workday."""

    spans: tuple[tuple[Span, ...], ...]
    makeup: tuple[Span, ...]

    @classmethod
    def parse(cls, rows: Iterable[Sequence[str | int]], *, makeup_weekday: int = _MONDAY) -> Self:
        """Hours from rows (weekday 0-6 with Monday 0, "HH:MM", "HH:MM"); "24:00" may close a day.

        A make-up workday has the hours of `makeup_weekday`. Raises InvalidHours for a row that is malformed, for spans
        that overlap or pass midnight, and for a make-up weekday without hours in a week that has some.
        """
        week: list[list[Span]] = [[] for _ in range(7)]
        for row in rows:
            if len(row) != 3 or str(row[0]) not in set("0123456"):
                raise InvalidHours(f"Not a row of weekday (0-6), opening and closing time: {list(row)!r}.")
            week[int(row[0])].append((_seconds(row[1]), _seconds(row[2])))
        for weekday, spans in enumerate(week):
            spans.sort()
            closed = 0
            for opens, closes in spans:
                if opens < closed or closes <= opens:
                    raise InvalidHours(f"The hours of weekday {weekday} overlap or close before they open.")
                closed = closes
        if any(week) and not week[makeup_weekday]:
            raise InvalidHours(f"Weekday {makeup_weekday}, whose hours a make-up workday takes, has none.")
        return cls(tuple(tuple(spans) for spans in week), tuple(week[makeup_weekday]))


def build_days(
    first: date,
    last: date,
    hours: WeeklyHours,
    *,
    zone: str,
    national: Mapping[date, NationalRecord],
    overrides: Iterable[Override] = (),
) -> Iterator[Day]:
    """The days from `first` to `last` inclusive, with their office hours as UTC segments.

    A company's override wins over the national calendar, that over the week. A national make-up workday has the
    make-up hours even where the company opens on weekends; a holiday closes also the weekend days inside it. A working
    override has the hours of its weekday, or the make-up hours if that weekday has none. A day the national calendar
    does not know follows the week and is provisional.
    """
    own = {override.day: override for override in overrides}
    place = zone_named(zone)
    for day in _range(first, last):
        usual = hours.spans[day.weekday()]
        record, override = national.get(day), own.get(day)
        if override is not None:
            spans = (usual or hours.makeup) if override.working else ()
            provisional, source, name = False, "company", override.name
        elif record is None:
            spans, provisional, source, name = usual, True, "week", ""
        else:
            if record.working:
                spans = usual if day.weekday() < _SATURDAY else hours.makeup
            else:
                spans = usual if day.weekday() >= _SATURDAY and not record.name else ()
            provisional, source, name = record.provisional, record.source, record.name
        segments = _segments(day, spans, place)
        yield Day(day, bool(segments), provisional, segments, source, name)


def _segments(day: date, spans: Iterable[Span], zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
    segments: list[tuple[datetime, datetime]] = []
    for opens, closes in spans:
        opened = local_instant(day, opens, zone)
        closed = local_instant(day, closes, zone, last=closes < _MIDNIGHT)
        # Around a clock change two spans can meet on the time line although they do not on the wall.
        if segments:
            opened = max(opened, segments[-1][1])
        if opened < closed:
            segments.append((opened, closed))
    return tuple(segments)


def _seconds(text: str | int) -> int:
    match = _CLOCK.fullmatch(str(text))
    seconds = int(match[1]) * 3600 + int(match[2]) * 60 if match else -1
    if not 0 <= seconds <= _MIDNIGHT:
        raise InvalidHours(f"Not a time of day: {text!r}.")
    return seconds


def _range(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
