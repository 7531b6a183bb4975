"""Calendars and instants for the tests of the arithmetic; none of them needs a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from tickets.calendars.days import DayTable
from tickets.calendars.national import NationalRecord, national_days
from tickets.calendars.weekly import Override, WeeklyHours, build_days

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"

Rows = Sequence[tuple[int, str, str]]


def weekdays(*spans: tuple[str, str], days: Iterable[int] = range(5)) -> Rows:
    """Rows of office hours that are the same on each of the weekdays."""
    return [(day, opens, closes) for day in days for opens, closes in spans]


OFFICE = weekdays(("08:30", "12:00"), ("13:30", "17:30"))
LATE_OFFICE = weekdays(("09:00", "12:00"), ("13:30", "18:00"))


def at(text: str, zone: str = SHANGHAI, *, fold: int = 0) -> datetime:
    """The instant, in UTC, of a wall time like 2025-03-14 16:00, by default in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@cache
def china() -> dict[date, NationalRecord]:
    """The national days of 2024 to 2027, told as if the notice for 2027 were not known, whatever the package knows."""
    return {record.day: record._replace(provisional=record.day.year >= 2027) for record in national_days(2024, 2027)}


def calendar(
    first: str,
    last: str,
    hours: Rows = OFFICE,
    *,
    zone: str = SHANGHAI,
    national: dict[date, NationalRecord] | None = None,
    overrides: Iterable[Override] = (),
    revision: int = 1,
) -> DayTable:
    """A calendar from the first to the last day; without `national` that of China."""
    days = build_days(
        date.fromisoformat(first),
        date.fromisoformat(last),
        WeeklyHours.parse(hours),
        zone=zone,
        national=china() if national is None else national,
        overrides=overrides,
    )
    return DayTable.build(days, zone=zone, revision=revision)
