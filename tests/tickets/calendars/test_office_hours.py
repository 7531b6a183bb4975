"""Office hours of a week laid over national and company days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.tickets.calendars.builders import OFFICE, SHANGHAI, Rows, at, china, weekdays
from tickets.calendars.days import Day
from tickets.calendars.errors import CalendarError, InvalidHours
from tickets.calendars.weekly import Override, WeeklyHours, build_days

# The office also opens on Saturday mornings.
SIX_DAYS: Rows = [*OFFICE, *weekdays(("09:00", "12:00"), days=[5])]


def _day(day: str, hours: Rows = OFFICE, overrides: Sequence[Override] = (), *, known: bool = True) -> Day:
    on = date.fromisoformat(day)
    [built] = build_days(
        on,
        on,
        WeeklyHours.parse(hours),
        zone=SHANGHAI,
        national=china() if known else {},
        overrides=overrides,
    )
    return built


def _hours(day: Day) -> list[tuple[str, str]]:
    zone = ZoneInfo(SHANGHAI)
    return [(f"{opens.astimezone(zone):%H:%M}", f"{closes.astimezone(zone):%H:%M}") for opens, closes in day.segments]


def test_a_make_up_saturday_has_the_hours_of_a_monday() -> None:
    day = _day("2026-02-14")

    assert day.is_workday
    assert _hours(day) == [("08:30", "12:00"), ("13:30", "17:30")]
    assert _hours(_day("2026-02-14", SIX_DAYS)) == [("08:30", "12:00"), ("13:30", "17:30")]


def test_a_make_up_day_can_have_the_hours_of_another_weekday() -> None:
    hours = WeeklyHours.parse([*OFFICE[:8], (4, "08:30", "15:00")], makeup_weekday=4)
    [day] = build_days(date(2026, 2, 14), date(2026, 2, 14), hours, zone=SHANGHAI, national=china())

    assert _hours(day) == [("08:30", "15:00")]


def test_an_office_that_opens_on_saturdays_is_open_on_ordinary_ones_alone() -> None:
    assert _hours(_day("2026-03-07", SIX_DAYS)) == [("09:00", "12:00")]
    assert not _day("2026-02-21", SIX_DAYS).is_workday


def test_a_company_may_work_on_a_holiday_and_be_closed_on_a_workday() -> None:
    working = _day("2026-05-01", overrides=[Override(date(2026, 5, 1), working=True, name="值班")])
    closed = _day("2026-05-06", overrides=[Override(date(2026, 5, 6), working=False, name="公司年会")])

    assert (working.is_workday, working.source, working.name) == (True, "company", "值班")
    assert (closed.is_workday, closed.segments, closed.name) == (False, (), "公司年会")


def test_a_company_that_works_on_a_sunday_has_the_make_up_hours() -> None:
    day = _day("2026-03-08", overrides=[Override(date(2026, 3, 8), working=True)])

    assert _hours(day) == [("08:30", "12:00"), ("13:30", "17:30")]


def test_a_day_unknown_to_the_national_calendar_follows_the_week_and_is_provisional() -> None:
    monday, sunday = _day("2026-03-02", known=False), _day("2026-03-01", known=False)

    assert (monday.is_workday, monday.provisional, monday.source) == (True, True, "week")
    assert (sunday.is_workday, sunday.provisional) == (False, True)


def test_an_office_may_stay_open_to_midnight() -> None:
    day = _day("2026-03-02", [(0, "18:00", "24:00")])

    assert day.segments == ((at("2026-03-02 18:00"), at("2026-03-03 00:00")),)


@pytest.mark.parametrize(
    "rows",
    [
        [(0, "09:00", "12:00"), (0, "11:59", "18:00")],
        [(0, "12:00", "09:00")],
        [(0, "09:00", "09:00")],
        [(0, "22:00", "06:00")],
        [(7, "09:00", "12:00")],
        [(-1, "09:00", "12:00")],
        [("monday", "09:00", "12:00")],
        [(0, "9:00", "12:00")],
        [(0, "09:60", "12:00")],
        [(0, "09:00", "24:01")],
        [(0, "09:00")],
        [(1, "09:00", "12:00")],
    ],
)
def test_hours_that_make_no_sense_are_refused(rows: list[tuple[int, str, str]]) -> None:
    with pytest.raises(InvalidHours):
        WeeklyHours.parse(rows)


def test_weekdays_may_be_text_as_in_stored_rows() -> None:
    assert WeeklyHours.parse([["0", "09:00", "12:00"]]) == WeeklyHours.parse([(0, "09:00", "12:00")])


def test_a_zone_nobody_knows_is_refused() -> None:
    with pytest.raises(CalendarError, match="Mars/Olympus"):
        list(
            build_days(date(2026, 1, 1), date(2026, 1, 1), WeeklyHours.parse(OFFICE), zone="Mars/Olympus", national={})
        )
