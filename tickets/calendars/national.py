"""The national calendar of China, with its make-up workdays (调休), as plain records.

Read when a calendar is imported, never while a deadline is computed: a notice of the State Council can change a year
that is under way, so the days in force are rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version
from itertools import groupby
from typing import NamedTuple

from holidays import HolidayBase, country_holidays

_SATURDAY = 5
_MAKEUP_NAME = "调休上班"
# The full-width parenthesis with which the package begins a remark such as 补假.
_REMARK = "\uff08"
# A notice reaches back into the last days of the year before it: 29 December 2007 and 2018 became workdays.
_NEXT_NOTICE_REACHES = (12, 28)
_MARGIN = timedelta(days=10)


class NationalRecord(NamedTuple):
    """One day of the national calendar.

    `name` is empty on ordinary days; it names the holiday also on weekend days inside one, and make-up workdays.
    `provisional` days may still change by a notice that is not known yet.
    """

    day: date
    working: bool
    name: str
    source: str
    provisional: bool


class Difference(NamedTuple):
    """A day on which two calendars disagree; None where one of them does not have the day."""

    day: date
    left: bool | None
    right: bool | None


@cache
def source_name() -> str:
    """Name and version of the package the records come from."""
    return f"holidays {version('holidays')}"


def is_published(year: int) -> bool:
    """Whether the make-up workdays of the year are known. Every year since 2001 has had some."""
    return any(day.year == year for day in _book(year).weekend_workdays)


def national_days(first_year: int, last_year: int) -> list[NationalRecord]:
    """Every day from 1 January of the first year to 31 December of the last, in order.

    Years without a published notice follow the weekdays and the statutory holidays and are provisional. So are the
    last four days of a published year as long as the next one is not, because its notice may reach back to them.
    """
    book = _book(*range(first_year - 1, last_year + 2))
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    published = {year for year in range(first_year, last_year + 2) if is_published(year)}
    days = [(day, book.is_working_day(day)) for day in _range(first - _MARGIN, last + _MARGIN)]
    names = _holiday_names(days, book)
    return [
        NationalRecord(
            day=day,
            working=working,
            name=(_MAKEUP_NAME if day.weekday() >= _SATURDAY else "") if working else names.get(day, ""),
            source=source_name(),
            provisional=day.year not in published
            or ((day.month, day.day) >= _NEXT_NOTICE_REACHES and day.year + 1 not in published),
        )
        for day, working in days
        if first <= day <= last
    ]


def diff(left: Iterable[NationalRecord], right: Iterable[NationalRecord]) -> list[Difference]:
    """The days on which two calendars do not say the same about working, in order. Names do not matter."""
    ours = {record.day: record.working for record in left}
    theirs = {record.day: record.working for record in right}
    return [
        Difference(day, ours.get(day), theirs.get(day))
        for day in sorted(ours.keys() | theirs.keys())
        if ours.get(day) != theirs.get(day)
    ]


def _book(*years: int) -> HolidayBase:
    return country_holidays("CN", years=years, language="zh_CN")


def _holiday_names(days: Iterable[tuple[date, bool]], book: HolidayBase) -> dict[date, str]:
    """The names of days off, where a weekend that adjoins a holiday takes the holiday's name."""
    names: dict[date, str] = {}
    for working, block in groupby(days, key=lambda pair: pair[1]):
        if working:
            continue
        run = [day for day, _ in block]
        own = {day: book[day] for day in run if day in book}
        if own:
            # Most of a holiday's days bear its name; a rest day given for a make-up workday does not.
            named = Counter(name.partition(_REMARK)[0] for name in own.values() if "调休" not in name)
            festival = named.most_common(1)[0][0] if named else next(iter(own.values()))
            names |= {day: own.get(day, festival) for day in run}
    return names


def _range(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
