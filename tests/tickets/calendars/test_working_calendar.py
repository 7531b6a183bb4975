"""Working time as prefix sums: the scenarios of the engine, and the same answers as somebody who walks day by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.tickets.calendars.builders import BERLIN, LATE_OFFICE, OFFICE, at, calendar, weekdays
from tickets.calendars.days import Day, DayTable, Due, validate
from tickets.calendars.errors import BeyondHorizon, CalendarError, NoOpenHours
from tickets.calendars.weekly import Override

SPRING_2026 = calendar("2026-02-01", "2026-03-31", LATE_OFFICE)


def test_two_business_days_measured_as_time_pass_over_the_spring_festival() -> None:
    two_days = 2 * 27_000  # 9:00-12:00 and 13:30-18:00

    due = SPRING_2026.add_business_seconds(at("2026-02-13 17:30"), two_days)

    # Half an hour on Friday, the whole make-up Saturday, seven hours on the first day after the festival.
    assert due.at == at("2026-02-24 17:30")


def test_two_workdays_end_with_the_office_hours_of_the_second_one() -> None:
    assert SPRING_2026.add_workdays(at("2026-02-13 17:30"), 2).at == at("2026-02-24 18:00")


def test_a_make_up_saturday_counts_from_its_own_hours() -> None:
    due = SPRING_2026.add_business_seconds(at("2026-02-14 10:00"), 2 * 27_000)

    # 6.5 hours on Saturday 14 February, 7.5 on Tuesday 24, one on Wednesday.
    assert due.at == at("2026-02-25 10:00")


def test_a_target_that_fills_the_morning_is_due_before_lunch() -> None:
    assert SPRING_2026.add_business_seconds(at("2026-02-24 09:00"), 3 * 3600).at == at("2026-02-24 12:00")


def test_one_second_more_than_the_morning_is_due_after_lunch() -> None:
    assert SPRING_2026.add_business_seconds(at("2026-02-24 09:00"), 3 * 3600 + 1).at == at("2026-02-24 13:30:01")


def test_a_clock_started_on_a_day_off_runs_from_the_next_opening() -> None:
    assert SPRING_2026.add_business_seconds(at("2026-02-18 03:00"), 60).at == at("2026-02-24 09:01")


def test_a_step_before_due_lies_in_office_hours_and_not_at_midnight() -> None:
    assert SPRING_2026.add_business_seconds(at("2026-02-24 10:00"), -3600).at == at("2026-02-24 09:00")
    assert SPRING_2026.add_business_seconds(at("2026-02-24 10:00"), -3601).at == at("2026-02-14 17:59:59")


def test_no_time_at_all_stays_where_it_is_even_at_night() -> None:
    assert SPRING_2026.add_business_seconds(at("2026-02-18 03:00"), 0).at == at("2026-02-18 03:00")


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2026-02-11 08:00", 1, "2026-02-12 18:00"),
        ("2026-02-11 23:00", 1, "2026-02-12 18:00"),
        ("2026-02-15 10:00", 1, "2026-02-24 18:00"),
        ("2026-02-11 17:00", 0, "2026-02-11 18:00"),
        ("2026-02-11 18:00", 0, "2026-02-11 18:00"),
        ("2026-02-11 18:01", 0, "2026-02-12 18:00"),
        ("2026-02-24 10:00", -1, "2026-02-14 18:00"),
        ("2026-02-22 10:00", -1, "2026-02-14 18:00"),
    ],
)
def test_workdays_end_with_office_hours_wherever_they_start(start: str, days: int, expected: str) -> None:
    assert SPRING_2026.add_workdays(at(start), days).at == at(expected)


def test_a_make_up_workday_added_on_a_sunday_moves_a_due_earlier() -> None:
    # 2019-03-22: the Labour Day of that year was rearranged, and Sunday 28 April became a workday.
    before = calendar("2019-04-01", "2019-05-31", national={}, revision=1)
    after = calendar(
        "2019-04-01", "2019-05-31", national={}, overrides=[Override(date(2019, 4, 28), working=True)], revision=2
    )

    assert before.add_workdays(at("2019-04-26 10:00"), 1) == Due(at("2019-04-29 17:30"), provisional=True, revision=1)
    assert after.add_workdays(at("2019-04-26 10:00"), 1) == Due(at("2019-04-28 17:30"), provisional=True, revision=2)
    assert after.add_business_seconds(at("2019-04-26 17:00"), 3600).at == at("2019-04-28 09:00")


def test_a_holiday_added_at_short_notice_moves_a_due_later() -> None:
    # 2020-01-27: the Spring Festival was extended while it lasted.
    before = calendar("2020-01-20", "2020-02-29", national={})
    after = calendar("2020-01-20", "2020-02-29", national={}, overrides=[Override(date(2020, 1, 31), working=False)])

    assert before.add_workdays(at("2020-01-30 10:00"), 1).at == at("2020-01-31 17:30")
    assert after.add_workdays(at("2020-01-30 10:00"), 1).at == at("2020-02-03 17:30")
    assert after.add_business_seconds(at("2020-01-30 17:00"), 3600).at == at("2020-02-03 09:00")


def test_a_deadline_in_a_year_without_notice_is_provisional_and_no_error() -> None:
    table = calendar("2026-01-01", "2027-12-31")

    assert table.add_workdays(at("2026-12-30 10:00"), 1) == Due(at("2026-12-31 17:30"), provisional=False, revision=1)
    assert table.add_workdays(at("2026-12-30 10:00"), 2).provisional
    assert table.add_business_seconds(at("2026-12-30 10:00"), 27_000).provisional is False
    assert table.add_business_seconds(at("2026-12-30 10:00"), 2 * 27_000).provisional
    # 1 January, a holiday, is the only uncertain day that this step before the year's end looks at.
    assert table.add_business_seconds(at("2027-01-01 10:00"), -60).provisional


def test_a_deadline_after_the_published_days_is_refused_with_their_end() -> None:
    with pytest.raises(BeyondHorizon) as refused:
        SPRING_2026.add_workdays(at("2026-03-30 10:00"), 5)

    assert refused.value.horizon == at("2026-04-01 00:00")
    with pytest.raises(BeyondHorizon):
        SPRING_2026.add_business_seconds(at("2026-03-30 10:00"), 5 * 27_000)
    with pytest.raises(BeyondHorizon):
        SPRING_2026.add_business_seconds(at("2026-02-02 10:00"), -5 * 27_000)
    with pytest.raises(BeyondHorizon):
        SPRING_2026.position(at("2026-01-31 23:59:59"))


def test_a_calendar_that_is_closed_for_a_year_is_refused_and_no_endless_loop() -> None:
    closed = calendar("2026-01-01", "2027-12-31", hours=[])

    with pytest.raises(NoOpenHours):
        validate(closed, at=at("2026-01-02 10:00"))
    with pytest.raises(BeyondHorizon):
        closed.add_business_seconds(at("2026-01-02 10:00"), 1)


def test_a_calendar_that_opens_within_a_year_is_accepted() -> None:
    overrides = [Override(date(2026, 1, 1) + timedelta(days=day), working=False) for day in range(364)]

    later = [*overrides, *(Override(date(2026, 12, 31) + timedelta(days=day), working=False) for day in range(30))]

    validate(calendar("2026-01-01", "2027-12-31", overrides=overrides), at=at("2026-01-01 00:00"))
    with pytest.raises(NoOpenHours):
        validate(calendar("2026-01-01", "2027-12-31", overrides=later), at=at("2026-01-01 00:00"))
    with pytest.raises(NoOpenHours):
        validate(calendar("2026-01-01", "2026-12-30", overrides=overrides), at=at("2026-01-01 00:00"))


def test_a_business_day_keeps_its_local_closing_time_over_both_clock_changes() -> None:
    table = calendar("2026-03-01", "2026-11-30", weekdays(("09:00", "17:00")), zone=BERLIN, national={})

    # Clocks go forward on Sunday 29 March and back on Sunday 25 October.
    spring, autumn = at("2026-03-27 12:00", BERLIN), at("2026-10-23 12:00", BERLIN)

    assert table.add_workdays(spring, 2).at == datetime(2026, 3, 31, 15, 0, tzinfo=UTC)
    assert table.add_workdays(autumn, 2).at == datetime(2026, 10, 27, 16, 0, tzinfo=UTC)
    assert table.add_business_seconds(spring, 8 * 3600).at == datetime(2026, 3, 30, 10, 0, tzinfo=UTC)
    assert table.add_business_seconds(autumn, 8 * 3600).at == datetime(2026, 10, 26, 11, 0, tzinfo=UTC)


def test_days_of_a_clock_change_have_23_and_25_hours() -> None:
    table = calendar("2026-03-01", "2026-11-30", weekdays(("00:00", "24:00"), days=range(7)), zone=BERLIN, national={})

    hours = [
        table.business_seconds_between(at(f"{day} 00:00", BERLIN), at(f"{day} 23:59:59", BERLIN)) / 3600
        for day in ("2026-03-28", "2026-03-29", "2026-10-25")
    ]

    assert [round(hour) for hour in hours] == [24, 23, 25]


def test_office_hours_that_a_clock_change_skips_or_repeats_follow_the_stated_rule() -> None:
    table = calendar("2026-03-01", "2026-11-30", weekdays(("01:00", "02:30"), days=range(7)), zone=BERLIN, national={})
    segments = {day.day: day.segments for day in table.days}

    # 02:30 does not exist on 29 March and is 03:30; on 25 October it comes twice and the office closes at the second.
    assert segments[date(2026, 3, 29)] == (
        (datetime(2026, 3, 29, 0, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
    )
    assert segments[date(2026, 10, 25)] == (
        (datetime(2026, 10, 24, 23, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    )


@pytest.mark.parametrize(
    "days",
    [
        [],
        [Day(date(2026, 3, 2), True, False, ())],
        [Day(date(2026, 3, 2), False, False, ()), Day(date(2026, 3, 4), False, False, ())],
        [Day(date(2026, 3, 2), True, False, ((at("2026-03-02 09:00"), at("2026-03-02 09:00")),))],
        [Day(date(2026, 3, 2), True, False, ((at("2026-03-02 22:00"), at("2026-03-03 06:00")),))],
        [Day(date(2026, 3, 2), False, False, ((at("2026-03-02 09:00"), at("2026-03-02 12:00")),))],
    ],
    ids=["no day", "workday without hours", "day missing", "empty span", "span past midnight", "day off with hours"],
)
def test_days_that_do_not_make_a_calendar_are_refused(days: list[Day]) -> None:
    with pytest.raises(CalendarError):
        DayTable.build(days, zone="Asia/Shanghai", revision=1)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(TypeError):
        SPRING_2026.position(datetime(2026, 2, 24, 10, 0))  # noqa: DTZ001 - that is what is refused


def test_the_sums_of_each_day_are_those_of_all_days_before_it() -> None:
    sums = list(calendar("2026-02-12", "2026-02-25", LATE_OFFICE).sums())

    assert [(s.day.day.day, s.seconds_before, s.workdays_before) for s in sums if s.day.is_workday] == [
        (12, 0, 0),
        (13, 27_000, 1),
        (14, 54_000, 2),
        (24, 81_000, 3),
        (25, 108_000, 4),
    ]


# --- For any calendar -------------------------------------------------------------------------------------------------

FIRST, DAYS = date(2026, 2, 1), 240
_minutes = st.integers(min_value=0, max_value=24 * 60)


@st.composite
def _hours(draw: st.DrawFn) -> list[tuple[int, str, str]]:
    """One to three spans on each of some weekdays, Monday always among them."""
    rows: list[tuple[int, str, str]] = []
    for weekday in {0, *draw(st.sets(st.integers(min_value=0, max_value=6)))}:
        marks = [f"{m // 60:02d}:{m % 60:02d}" for m in sorted(draw(st.sets(_minutes, min_size=2, max_size=6)))]
        rows += [(weekday, opens, closes) for opens, closes in zip(marks[::2], marks[1::2], strict=False)]
    return rows


_days_off = st.sets(st.integers(min_value=0, max_value=DAYS - 1), max_size=25)
_zones = st.sampled_from(["Asia/Shanghai", BERLIN, "America/New_York", "Australia/Lord_Howe"])


def _table(hours: list[tuple[int, str, str]], days_off: set[int], zone: str) -> DayTable:
    return calendar(
        FIRST.isoformat(),
        (FIRST + timedelta(days=DAYS - 1)).isoformat(),
        hours,
        zone=zone,
        national={},
        overrides=[Override(FIRST + timedelta(days=day), working=False) for day in days_off],
    )


_tables = st.builds(_table, _hours(), _days_off, _zones)
_starts = st.datetimes(
    min_value=datetime(2026, 2, 5),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2026, 5, 31),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)
_targets = st.integers(min_value=1, max_value=5 * 86_400)
_examples = settings(deadline=None, max_examples=100)


def _walk_seconds(table: DayTable, start: datetime, seconds: int) -> datetime | None:
    """The due moment by going through every day: the obviously right, slow way."""
    left = timedelta(seconds=seconds)
    for day in table.days:
        for opens, closes in day.segments:
            begins = max(opens, start)
            if begins >= closes:
                continue
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
    return None


def _walk_workdays(table: DayTable, start: datetime, days: int) -> datetime | None:
    today = start.astimezone(ZoneInfo(table.zone)).date()
    for day in table.days:
        if day.day > today and day.is_workday:
            days -= 1
            if days == 0:
                return day.segments[-1][1]
    return None


@_examples
@given(table=_tables, start=_starts, seconds=_targets)
def test_prefix_sums_agree_with_a_day_walker_on_business_time(table: DayTable, start: datetime, seconds: int) -> None:
    expected = _walk_seconds(table, start, seconds)
    assume(expected is not None)

    assert table.add_business_seconds(start, seconds).at == expected


@_examples
@given(table=_tables, start=_starts, days=st.integers(min_value=1, max_value=30))
def test_prefix_sums_agree_with_a_day_walker_on_workdays(table: DayTable, start: datetime, days: int) -> None:
    expected = _walk_workdays(table, start, days)
    assume(expected is not None)

    assert table.add_workdays(start, days).at == expected


@_examples
@given(table=_tables, start=_starts, seconds=st.integers(min_value=-86_400, max_value=5 * 86_400))
def test_the_time_between_start_and_due_is_the_target(table: DayTable, start: datetime, seconds: int) -> None:
    try:
        due = table.add_business_seconds(start, seconds).at
    except BeyondHorizon:
        assume(False)

    assert table.business_seconds_between(start, due) == seconds
    assert (due >= start) == (seconds >= 0)


@_examples
@given(table=_tables, start=_starts)
def test_an_instant_in_office_hours_is_found_again_from_its_position(table: DayTable, start: datetime) -> None:
    opening = table.next_open(start)
    assume(opening is not None)
    assert opening is not None
    during = opening + timedelta(microseconds=1)

    assert table.instant_at(table.position(during)) == during


@_examples
@given(table=_tables, moments=st.tuples(_starts, _starts, _starts))
def test_measured_stretches_add_up(table: DayTable, moments: tuple[datetime, datetime, datetime]) -> None:
    a, b, c = moments

    parts = table.business_seconds_between(a, b) + table.business_seconds_between(b, c)

    assert parts == pytest.approx(table.business_seconds_between(a, c), abs=1e-6)
    assert table.workdays_between(a, b) + table.workdays_between(b, c) == table.workdays_between(a, c)


@_examples
@given(table=_tables, starts=st.tuples(_starts, _starts), seconds=_targets, days=st.integers(0, 30))
def test_a_later_start_is_never_due_earlier(
    table: DayTable, starts: tuple[datetime, datetime], seconds: int, days: int
) -> None:
    early, late = sorted(starts)
    try:
        times = table.add_business_seconds(early, seconds), table.add_business_seconds(late, seconds)
        dates = table.add_workdays(early, days), table.add_workdays(late, days)
    except BeyondHorizon:
        assume(False)

    assert times[0].at <= times[1].at
    assert dates[0].at <= dates[1].at
    assert early <= dates[0].at


@_examples
@given(
    hours=_hours(),
    days_off=_days_off,
    holiday=st.integers(0, DAYS - 1),
    zone=_zones,
    start=_starts,
    seconds=_targets,
    days=st.integers(0, 30),
)
def test_a_holiday_only_ever_moves_a_due_later(
    hours: list[tuple[int, str, str]],
    days_off: set[int],
    holiday: int,
    zone: str,
    start: datetime,
    seconds: int,
    days: int,
) -> None:
    before, after = _table(hours, days_off, zone), _table(hours, days_off | {holiday}, zone)
    try:
        times = before.add_business_seconds(start, seconds), after.add_business_seconds(start, seconds)
        dates = before.add_workdays(start, days), after.add_workdays(start, days)
    except BeyondHorizon:
        assume(False)

    assert times[0].at <= times[1].at
    assert dates[0].at <= dates[1].at


def test_the_default_office_hours_make_seven_and_a_half_hours_a_day() -> None:
    table = calendar("2025-03-10", "2025-03-21", OFFICE)

    assert table.business_seconds_between(at("2025-03-10 00:00"), at("2025-03-17 00:00")) == 5 * 7.5 * 3600
