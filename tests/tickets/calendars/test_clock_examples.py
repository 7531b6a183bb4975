"""The worked examples of the rulebook that are arithmetic alone; those with anchors to choose are tests of the engine.

Project time is Asia/Shanghai, office hours end at 17:30, and no public holiday is involved.
"""

from __future__ import annotations

import pytest

from tests.tickets.calendars.builders import at, calendar
from tickets.calendars.bases import Basis, due, earliest, end_of_period

MARCH_2025 = calendar("2025-03-01", "2025-04-30")
MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("basis", "value", "start", "expected"),
    [
        pytest.param(Basis.EOD, 0, "2025-03-10 22:40", "2025-03-10 23:59:59", marks=pytest.mark.rule("REP-02")),
        pytest.param(Basis.C24, 24 * HOUR, "2025-01-31 10:50", "2025-02-01 10:50", marks=pytest.mark.rule("REP-26")),
        pytest.param(Basis.MON, 1, "2025-01-31 10:50", "2025-02-28 10:50", marks=pytest.mark.rule("REP-27")),
        pytest.param(Basis.WD, 3, "2025-03-14 15:00", "2025-03-19 17:30", marks=pytest.mark.rule("DEC-34")),
        pytest.param(Basis.D24, 1, "2025-03-14 15:00", "2025-03-15 15:00", marks=pytest.mark.rule("DEC-34")),
        pytest.param(Basis.MON, 1, "2025-01-31 09:00", "2025-02-28 09:00", marks=pytest.mark.rule("MAIL-03")),
        pytest.param(Basis.EOD, 3, "2025-03-10 11:00", "2025-03-13 23:59:59", marks=pytest.mark.rule("PAT-02")),
    ],
    ids=["REP-02", "REP-26", "REP-27", "DEC-34 alternative", "DEC-34", "MAIL-03", "PAT-02"],
)
def test_the_worked_examples_of_the_rulebook(basis: Basis, value: int, start: str, expected: str) -> None:
    assert due(basis, value, at(start), table=MARCH_2025).at == at(expected)


@pytest.mark.rule("DEC-09")
@pytest.mark.parametrize(
    ("submitted", "workdays", "days", "expected"),
    [
        ("2025-03-14 16:00", "2025-03-18 17:30", "2025-03-17 16:00", "2025-03-17 16:00"),
        ("2025-03-10 09:00", "2025-03-12 17:30", "2025-03-13 09:00", "2025-03-12 17:30"),
    ],
    ids=["three days end first over a weekend", "two workdays end first within a week"],
)
def test_a_decoration_review_ends_with_two_workdays_or_three_days(
    submitted: str, workdays: str, days: str, expected: str
) -> None:
    by_workdays = due(Basis.WD, 2, at(submitted), table=MARCH_2025)
    by_days = due(Basis.D24, 3, at(submitted))

    assert (by_workdays.at, by_days.at) == (at(workdays), at(days))
    assert earliest(by_workdays, by_days).at == at(expected)


@pytest.mark.parametrize(
    ("basis", "value", "start", "expected"),
    [
        # Repairs: dispatched 10:01:00, accepted 10:01:40 by hand or 10:02:00 by itself.
        (Basis.C24, 60, "2025-03-10 10:00:30", "2025-03-10 10:01:30"),
        (Basis.C24, 5 * MINUTE, "2025-03-10 10:01:40", "2025-03-10 10:06:40"),
        (Basis.C24, 30 * MINUTE, "2025-03-10 10:01:40", "2025-03-10 10:31:40"),
        (Basis.C24, 30 * MINUTE, "2025-03-10 10:02:00", "2025-03-10 10:32:00"),
        (Basis.C24, 2 * HOUR, "2025-03-10 17:20", "2025-03-10 19:20"),
        (Basis.C24, 10 * MINUTE, "2025-03-10 11:00", "2025-03-10 11:10"),
        # Complaints of classes B and A accepted on Friday, and the one of 31 January that becomes class A.
        (Basis.D24, 3, "2025-03-14 10:00", "2025-03-17 10:00"),
        (Basis.D24, 10, "2025-03-14 10:00", "2025-03-24 10:00"),
        (Basis.MON, 1, "2025-03-17 15:00", "2025-04-17 15:00"),
        (Basis.D24, 2, "2025-02-28 10:00", "2025-03-02 10:00"),
        (Basis.D24, 10, "2025-02-28 10:00", "2025-03-10 10:00"),
        # Arrears: bill due 15 January, so 16 January is the first overdue day.
        (Basis.MON, 6, "2025-01-16 00:00", "2025-07-16 00:00"),
        (Basis.MON, 12, "2025-01-16 00:00", "2026-01-16 00:00"),
        (Basis.MON, 18, "2025-01-16 00:00", "2026-07-16 00:00"),
    ],
)
def test_durations_of_the_worked_examples(basis: Basis, value: int, start: str, expected: str) -> None:
    assert due(basis, value, at(start)).at == at(expected)


def test_a_slip_is_back_before_the_shift_ends() -> None:
    finished, shift_end = at("2025-03-10 10:50"), at("2025-03-10 17:30")

    assert due(Basis.EOS, 0, finished, shift_end=shift_end).at == shift_end


def test_reminders_of_an_unpaid_bill_end_with_each_of_six_months() -> None:
    first_overdue = at("2025-01-16 00:00")

    ends = [end_of_period(due(Basis.MON, month, first_overdue).at, 1) for month in range(6)]

    assert ends == [at(f"2025-{day} 23:59:59") for day in ("01-31", "02-28", "03-31", "04-30", "05-31", "06-30")]
