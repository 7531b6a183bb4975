"""Each basis of the rulebook: when it is due, what is used of it, where its ladder steps lie, what a pause does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tickets.calendars.builders import BERLIN, LATE_OFFICE, SHANGHAI, at, calendar
from tickets.calendars.bases import Basis, due, earliest, elapsed, end_of_period, extend, offset, share
from tickets.calendars.days import Due
from tickets.calendars.errors import CalendarError
from tickets.calendars.zones import local_instant, zone_named

HOUR, DAY = 3600, 86_400
SPRING_2026 = calendar("2026-02-01", "2026-03-31", LATE_OFFICE, revision=7)


def test_hours_on_the_clock_are_hours_on_both_days_of_a_clock_change() -> None:
    for start in (at("2026-03-28 12:00", BERLIN), at("2026-10-24 12:00", BERLIN)):
        answer = due(Basis.C24, 24 * HOUR, start, zone=BERLIN).at

        assert elapsed(Basis.C24, start, answer) == 24 * HOUR
        assert due(Basis.D24, 1, start, zone=BERLIN).at == answer

    assert due(Basis.C24, 24 * HOUR, at("2026-03-28 12:00", BERLIN)).at == at("2026-03-29 13:00", BERLIN)
    assert due(Basis.C24, 24 * HOUR, at("2026-10-24 12:00", BERLIN)).at == at("2026-10-25 11:00", BERLIN)


def test_days_of_24_hours_and_workdays_are_not_the_same() -> None:
    friday = at("2026-02-27 10:00")

    assert due(Basis.D24, 2, friday).at == at("2026-03-01 10:00")
    # Saturday 28 February is a make-up workday.
    assert due(Basis.WD, 2, friday, table=SPRING_2026) == Due(at("2026-03-02 18:00"), provisional=False, revision=7)
    assert due(Basis.WSEC, 15 * HOUR, friday, table=SPRING_2026).at == at("2026-03-02 10:00")


def test_the_end_of_the_day_is_the_last_second_in_the_zone_of_the_project() -> None:
    start = datetime(2026, 6, 30, 17, 0, tzinfo=UTC)

    assert due(Basis.EOD, 0, start).at == at("2026-07-01 23:59:59")
    assert due(Basis.EOD, 0, start, zone=BERLIN).at == at("2026-06-30 23:59:59", BERLIN)
    assert due(Basis.EOD, 1, start).at == at("2026-07-02 23:59:59")


def test_a_day_that_a_clock_change_ends_twice_ends_the_second_time() -> None:
    # In São Paulo the clocks went back from midnight to 23:00, so 23:59:59 came twice on 17 February 2018.
    start = datetime(2018, 2, 17, 12, 0, tzinfo=UTC)

    assert due(Basis.EOD, 0, start, zone="America/Sao_Paulo").at == datetime(2018, 2, 18, 2, 59, 59, tzinfo=UTC)


def test_what_starts_in_the_last_second_of_a_day_is_not_due_before_it_started() -> None:
    start = at("2026-07-01 23:59:59.400000")

    assert due(Basis.EOD, 0, start).at == start


def test_the_end_of_a_shift_counts_and_without_a_shift_the_end_of_the_day() -> None:
    start = at("2025-03-10 17:20")

    assert due(Basis.EOS, 0, start, shift_end=at("2025-03-10 17:30")).at == at("2025-03-10 17:30")
    assert due(Basis.EOS, 0, start, shift_end=at("2025-03-11 08:30")).at == at("2025-03-11 08:30")
    assert due(Basis.EOS, 0, start).at == at("2025-03-10 23:59:59")


def test_a_shift_that_is_over_does_not_count() -> None:
    assert due(Basis.EOS, 0, at("2025-03-10 17:40"), shift_end=at("2025-03-10 17:30")).at == at("2025-03-10 23:59:59")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2025-03-10 16:50", "2025-03-10 17:00"),
        ("2025-03-10 17:00", "2025-03-11 17:00"),
        ("2025-03-10 17:05", "2025-03-11 17:00"),
    ],
)
def test_a_fixed_time_is_the_next_one_after_the_start(start: str, expected: str) -> None:
    assert due(Basis.FIX, 1700, at(start)).at == at(expected)


@pytest.mark.parametrize(
    ("day", "expected_utc"),
    [
        ("2026-03-29", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 is skipped: 03:30 summer time
        ("2026-10-25", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 02:30 comes twice: the first, in summer time
    ],
)
def test_a_wall_time_that_is_skipped_or_repeated_follows_the_stated_rule(day: str, expected_utc: datetime) -> None:
    midnight = at(f"{day} 00:00", BERLIN)

    assert due(Basis.FIX, 230, midnight, zone=BERLIN).at == expected_utc


def test_a_fixed_time_that_comes_twice_is_not_due_the_second_time_of_the_same_day() -> None:
    between = at("2026-10-25 02:45", BERLIN)

    assert due(Basis.FIX, 230, between, zone=BERLIN).at == at("2026-10-26 02:30", BERLIN)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2025-01-31 10:50", 1, "2025-02-28 10:50"),
        ("2024-01-31 10:50", 1, "2024-02-29 10:50"),
        ("2025-02-28 10:50", 1, "2025-03-28 10:50"),
        ("2025-03-31 09:00", 6, "2025-09-30 09:00"),
        ("2025-11-30 09:00", 3, "2026-02-28 09:00"),
        ("2025-01-31 09:00", 13, "2026-02-28 09:00"),
    ],
)
def test_months_end_on_the_same_day_or_the_last_of_a_shorter_month(start: str, months: int, expected: str) -> None:
    assert due(Basis.MON, months, at(start)).at == at(expected)


def test_a_month_keeps_the_time_of_day_across_a_clock_change() -> None:
    assert due(Basis.MON, 1, at("2026-03-15 09:00", BERLIN), zone=BERLIN).at == at("2026-04-15 09:00", BERLIN)
    # 02:30 on 29 March is skipped, on 25 October it comes twice.
    assert due(Basis.MON, 1, at("2026-02-28 02:30", BERLIN), zone=BERLIN).at == at("2026-03-28 02:30", BERLIN)
    assert due(Basis.MON, 1, at("2026-01-29 02:30", BERLIN), zone=BERLIN).at == at("2026-02-28 02:30", BERLIN)
    assert due(Basis.MON, 2, at("2026-01-29 02:30", BERLIN), zone=BERLIN).at == at("2026-03-29 03:30", BERLIN)
    assert due(Basis.MON, 1, at("2026-09-25 02:30", BERLIN), zone=BERLIN).at == at("2026-10-25 02:30", BERLIN, fold=0)


def test_a_start_given_in_local_time_counts_on_the_clock_and_not_on_the_wall() -> None:
    local = at("2026-03-28 12:00", BERLIN).astimezone(ZoneInfo(BERLIN))

    assert due(Basis.C24, 24 * HOUR, local).at == at("2026-03-29 13:00", BERLIN)
    assert elapsed(Basis.C24, local, local + timedelta(days=1)) == 23 * HOUR
    # Between the two 02:30 of one night: the wall says nothing has passed, the clock says an hour.
    first, second = (at("2026-10-25 02:30", BERLIN, fold=fold).astimezone(ZoneInfo(BERLIN)) for fold in (0, 1))
    assert extend(Basis.C24, second, first, second).at == at("2026-10-25 03:30", BERLIN)
    assert due(Basis.EOS, 0, first, zone=BERLIN, shift_end=second).at == at("2026-10-25 02:30", BERLIN, fold=1)


@pytest.mark.parametrize(
    ("months", "expected"),
    [(1, "2025-02-28"), (3, "2025-03-31"), (6, "2025-06-30"), (12, "2025-12-31")],
)
def test_a_calendar_period_ends_with_its_last_day(months: int, expected: str) -> None:
    assert end_of_period(at("2025-02-10 09:00"), months) == at(f"{expected} 23:59:59")


def test_time_used_is_open_time_on_a_calendar_and_clock_time_elsewhere() -> None:
    friday, tuesday = at("2026-02-13 17:30"), at("2026-02-24 17:30")

    assert elapsed(Basis.WSEC, friday, tuesday, table=SPRING_2026) == 15 * HOUR
    assert elapsed(Basis.WD, friday, tuesday, table=SPRING_2026) == 15 * HOUR
    assert elapsed(Basis.D24, friday, tuesday) == 11 * DAY


def test_ladder_steps_lie_in_the_time_of_their_clock() -> None:
    due_at = at("2026-02-24 10:00")

    assert offset(Basis.C24, due_at, -2 * HOUR).at == at("2026-02-24 08:00")
    assert offset(Basis.WSEC, due_at, -2 * HOUR, table=SPRING_2026).at == at("2026-02-14 17:00")
    assert offset(Basis.WD, at("2026-02-13 18:00"), 4 * HOUR, table=SPRING_2026).at == at("2026-02-14 14:30")


@pytest.mark.rule("GEN-07")
def test_the_first_warning_comes_when_four_fifths_of_the_time_are_used() -> None:
    assert share(Basis.C24, at("2025-03-10 10:00"), at("2025-03-10 10:05"), 80).at == at("2025-03-10 10:04")
    # Two days of 7.5 hours: 12 hours of open time after Friday 17:30.
    assert share(Basis.WSEC, at("2026-02-13 17:30"), at("2026-02-24 17:30"), 80, table=SPRING_2026).at == at(
        "2026-02-24 14:30"
    )


def test_the_earliest_of_two_deadlines_is_provisional_if_either_is() -> None:
    sooner, later = Due(at("2026-12-29 10:00")), Due(at("2027-01-04 17:30"), provisional=True, revision=3)

    assert earliest(later, sooner) == Due(sooner.at, provisional=True, revision=3)


# --- Pauses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("basis", "due_at", "paused", "resumed", "expected"),
    [
        (Basis.C24, "2025-03-10 10:05", "2025-03-10 10:04:59", "2025-03-13 10:04:59", "2025-03-13 10:05"),
        (Basis.D24, "2025-03-12 10:00", "2025-03-11 10:00", "2025-03-11 16:00", "2025-03-12 16:00"),
        (Basis.MON, "2025-02-28 10:50", "2025-02-10 00:00", "2025-02-12 00:00", "2025-03-02 10:50"),
        (Basis.EOD, "2025-03-10 23:59:59", "2025-03-10 22:00", "2025-03-12 09:00", "2025-03-12 23:59:59"),
        (Basis.EOD, "2025-03-13 23:59:59", "2025-03-10 22:00", "2025-03-12 09:00", "2025-03-15 23:59:59"),
        (Basis.FIX, "2025-03-10 17:00", "2025-03-10 16:00", "2025-03-10 16:30", "2025-03-10 17:00"),
        (Basis.FIX, "2025-03-10 17:00", "2025-03-10 16:00", "2025-03-10 18:00", "2025-03-11 17:00"),
        (Basis.EOS, "2025-03-10 17:30", "2025-03-10 16:00", "2025-03-11 09:00", "2025-03-11 23:59:59"),
        (Basis.WSEC, "2026-02-13 18:00", "2026-02-13 17:59:59", "2026-02-16 11:00", "2026-02-24 09:00:01"),
        (Basis.WSEC, "2026-02-24 17:30", "2026-02-13 18:00", "2026-02-15 09:00", "2026-02-25 17:30"),
        (Basis.WD, "2026-02-14 18:00", "2026-02-14 10:00", "2026-02-18 10:00", "2026-02-24 18:00"),
        (Basis.WD, "2026-02-24 18:00", "2026-02-13 16:00", "2026-02-14 09:00", "2026-02-25 18:00"),
        (Basis.WD, "2026-02-24 18:00", "2026-02-13 09:00", "2026-02-13 16:00", "2026-02-24 18:00"),
    ],
)
def test_what_was_left_at_the_pause_is_left_when_work_resumes(
    basis: Basis, due_at: str, paused: str, resumed: str, expected: str
) -> None:
    assert extend(basis, at(due_at), at(paused), at(resumed), table=SPRING_2026).at == at(expected)


def test_a_pause_after_due_changes_nothing() -> None:
    for basis in Basis:
        answer = extend(
            basis, at("2026-02-12 10:00"), at("2026-02-12 10:00"), at("2026-02-27 10:00"), table=SPRING_2026
        )
        assert answer.at == at("2026-02-12 10:00")


_moments = st.integers(0, 20 * DAY).map(lambda seconds: at("2026-02-02 00:00") + timedelta(seconds=seconds))


@settings(deadline=None, max_examples=150)
@given(basis=st.sampled_from(list(Basis)), target=st.integers(0, 5), moments=st.lists(_moments, min_size=3, max_size=3))
def test_a_pause_never_moves_a_due_earlier(basis: Basis, target: int, moments: list[datetime]) -> None:
    start, paused, resumed = sorted(moments)
    value = target * HOUR if basis in {Basis.C24, Basis.WSEC} else target
    first = due(basis, value, start, table=SPRING_2026)

    assert extend(basis, first.at, paused, resumed, table=SPRING_2026).at >= first.at


@settings(deadline=None, max_examples=150)
@given(
    basis=st.sampled_from([Basis.C24, Basis.D24, Basis.WSEC]),
    target=st.integers(1, 5),
    moments=st.lists(_moments, min_size=5, max_size=5),
)
def test_after_any_pauses_the_time_used_at_due_is_the_target(
    basis: Basis, target: int, moments: list[datetime]
) -> None:
    start, first_pause, first_resume, second_pause, second_resume = sorted(moments)
    value = {Basis.C24: target * HOUR, Basis.D24: target, Basis.WSEC: target * HOUR}[basis]
    seconds = target * (DAY if basis is Basis.D24 else HOUR)

    ends = due(basis, value, start, table=SPRING_2026).at
    used, running_since = 0.0, start
    for paused, resumed in ((first_pause, first_resume), (second_pause, second_resume)):
        if paused >= ends:
            break
        ends = extend(basis, ends, paused, resumed, table=SPRING_2026).at
        used += elapsed(basis, running_since, paused, table=SPRING_2026)
        running_since = resumed

    assert used + elapsed(basis, running_since, ends, table=SPRING_2026) == pytest.approx(seconds, abs=1e-6)


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", [Basis.WD, Basis.WSEC])
def test_a_calendar_basis_without_a_calendar_is_refused(basis: Basis) -> None:
    with pytest.raises(CalendarError):
        due(basis, 2, at("2025-03-10 09:00"))
    with pytest.raises(CalendarError):
        elapsed(basis, at("2025-03-10 09:00"), at("2025-03-10 10:00"))


def test_times_without_a_zone_and_values_without_meaning_are_refused() -> None:
    naive = datetime(2025, 3, 10, 9, 0)  # noqa: DTZ001 - that is what is refused

    for basis in (Basis.C24, Basis.D24, Basis.EOD, Basis.EOS, Basis.FIX, Basis.MON):
        with pytest.raises(ValueError, match="zone"):
            due(basis, 1, naive)
    with pytest.raises(ValueError, match="negative"):
        due(Basis.C24, -1, at("2025-03-10 09:00"))
    with pytest.raises(ValueError, match="time of day"):
        due(Basis.FIX, 1760, at("2025-03-10 09:00"))
    with pytest.raises(ValueError, match="before it begins"):
        extend(Basis.C24, at("2025-03-12 09:00"), at("2025-03-11 09:00"), at("2025-03-10 09:00"))
    with pytest.raises(ValueError, match="month"):
        end_of_period(at("2025-03-10 09:00"), 2)
    with pytest.raises(CalendarError, match="Mars"):
        due(Basis.EOD, 0, at("2025-03-10 09:00"), zone="Mars/Olympus")


def test_midnight_as_the_end_of_a_day_is_the_midnight_that_begins_the_next() -> None:
    zone, day = zone_named(SHANGHAI), date(2025, 3, 10)

    assert local_instant(day, DAY, zone) == at("2025-03-11 00:00")
