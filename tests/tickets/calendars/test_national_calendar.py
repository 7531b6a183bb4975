"""The national calendar against a second source, and what is not known yet."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import chinese_calendar
import pytest

from tickets.calendars.national import NationalRecord, diff, is_published, national_days


@pytest.fixture(scope="module")
def years() -> list[NationalRecord]:
    return national_days(2004, 2028)


def test_two_sources_agree_on_every_day_of_23_years_but_one(years: list[NationalRecord]) -> None:
    known = [record for record in years if record.day.year <= 2026]
    oracle = [record._replace(working=chinese_calendar.is_workday(record.day)) for record in known]

    # Saturday 31 December 2005 was a make-up workday by the notice for 2006, which the oracle does not have.
    assert [(d.day, d.left, d.right) for d in diff(known, oracle)] == [(date(2005, 12, 31), True, False)]
    assert len(known) == (date(2027, 1, 1) - date(2004, 1, 1)).days


def test_the_make_up_workdays_of_2026_are_workdays(years: list[NationalRecord]) -> None:
    weekend_work = [
        record.day for record in years if record.day.year == 2026 and record.working and record.day.weekday() >= 5
    ]

    assert weekend_work == [
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ]


def test_the_spring_festival_of_2026_is_nine_days_off_and_its_weekends_bear_its_name(
    years: list[NationalRecord],
) -> None:
    festival = [record for record in years if date(2026, 2, 14) <= record.day <= date(2026, 2, 24)]

    assert [record.working for record in festival] == [True] + [False] * 9 + [True]
    assert festival[0].name == "调休上班"
    assert {festival[1].name, festival[7].name, festival[8].name} == {"春节"}
    assert festival[-1].name == ""


def test_ordinary_days_have_no_name(years: list[NationalRecord]) -> None:
    ordinary = [record for record in years if date(2026, 3, 1) <= record.day <= date(2026, 3, 31)]

    assert {record.name for record in ordinary} == {""}


def test_a_year_without_notice_has_statutory_holidays_and_is_provisional() -> None:
    year = {record.day: record for record in national_days(2040, 2040)}

    assert not is_published(2040)
    assert all(record.provisional for record in year.values())
    assert not year[date(2040, 10, 2)].working
    assert not any(record.working for record in year.values() if record.day.weekday() >= 5)


def test_a_published_year_is_certain_up_to_the_days_that_the_next_notice_can_reach(
    years: list[NationalRecord],
) -> None:
    last_published = max(year for year in range(2004, 2029) if is_published(year))
    december = {record.day.day: record for record in years if record.day.timetuple()[:2] == (last_published, 12)}

    assert not december[27].provisional
    assert december[28].provisional
    assert not any(record.provisional for record in years if record.day.year < last_published)


def test_days_that_only_one_calendar_has_are_differences() -> None:
    new_year = NationalRecord(date(2026, 1, 1), False, "元旦", "a", False)
    next_day = NationalRecord(date(2026, 1, 2), True, "", "a", False)

    differences = diff([new_year, next_day], [new_year._replace(source="b", name="New Year")])

    assert [tuple(difference) for difference in differences] == [(next_day.day, True, None)]


def test_every_day_is_there_once_and_fits_its_column(years: list[NationalRecord]) -> None:
    assert all(later.day - earlier.day == timedelta(days=1) for earlier, later in pairwise(years))
    assert max(len(record.name) for record in years) <= 40
    assert {record.source.partition(" ")[0] for record in years} == {"holidays"}
