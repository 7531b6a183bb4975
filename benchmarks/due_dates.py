"""What one due date costs: prefix sums against a walker over the days, in the same process on the same calendar.

    python -m benchmarks.due_dates

For workdays and for business seconds, the figure in microseconds per due date beside that of the walker, which has the
days in memory and so is the best a walker can be: over two days the two cost the same, the walker's price then grows
with every day. Exits with 1 if a budget is missed.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from statistics import median
from time import perf_counter

from benchmarks.harness import Row, markdown
from tickets.calendars.bases import Basis, due
from tickets.calendars.days import Day, DayTable
from tickets.calendars.national import national_days
from tickets.calendars.weekly import WeeklyHours, build_days
from tickets.calendars.zones import DEFAULT_ZONE, local_wall, zone_named

BUDGET_MICROSECONDS = 10.0
WORKDAY_SECONDS = 27_000
TARGETS = (2, 90)
ROUNDS = 7

Question = Callable[[datetime], datetime]


def calendar() -> DayTable:
    """Four years of office hours 8:30-12:00 and 13:30-17:30 on the national calendar."""
    rows = [(day, *span) for day in range(5) for span in (("08:30", "12:00"), ("13:30", "17:30"))]
    national = {record.day: record for record in national_days(2024, 2027)}
    days = build_days(
        date(2024, 1, 1), date(2027, 12, 31), WeeklyHours.parse(rows), zone=DEFAULT_ZONE, national=national
    )
    return DayTable.build(days, zone=DEFAULT_ZONE, revision=1)


def sum_up(table: DayTable, basis: Basis, value: int, start: datetime) -> datetime:
    """The engine's way, through the one function that serves every basis."""
    return due(basis, value, start, table=table).at


def walk_workdays(by_date: dict[date, Day], days: int, start: datetime) -> datetime:
    """The end of office hours of the n-th workday, one day at a time."""
    day = local_wall(start, zone_named(DEFAULT_ZONE)).date()
    while days:
        day += timedelta(days=1)
        days -= by_date[day].is_workday
    return by_date[day].segments[-1][1]


def walk_seconds(by_date: dict[date, Day], seconds: int, start: datetime) -> datetime:
    """The moment that many open seconds after the start, one day at a time."""
    day, left = local_wall(start, zone_named(DEFAULT_ZONE)).date(), timedelta(seconds=seconds)
    while True:
        for opens, closes in by_date[day].segments:
            begins = max(opens, start)
            if begins < closes:
                if left <= closes - begins:
                    return begins + left
                left -= closes - begins
        day += timedelta(days=1)


def microseconds(question: Question, starts: list[datetime]) -> float:
    """The median over the rounds of the time of one answer."""
    rounds = []
    for _ in range(ROUNDS):
        began = perf_counter()
        for start in starts:
            question(start)
        rounds.append((perf_counter() - began) / len(starts) * 1e6)
    return median(rounds)


def measure() -> list[Row]:
    """One row per question. Raises RuntimeError when the sums and the walker disagree."""
    table = calendar()
    by_date = {day.day: day for day in table.days}
    draw = random.Random(1)
    starts = [datetime(2024, 2, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(700 * 86_400)) for _ in range(2000)]
    questions: list[tuple[str, Question, Question]] = []
    for n in TARGETS:
        seconds = n * WORKDAY_SECONDS
        questions += [
            (f"due date: {n} workdays", partial(sum_up, table, Basis.WD, n), partial(walk_workdays, by_date, n)),
            (
                f"due date: {n} days of business seconds",
                partial(sum_up, table, Basis.WSEC, seconds),
                partial(walk_seconds, by_date, seconds),
            ),
        ]
    rows = []
    for name, fast, slow in questions:
        if any(fast(start) != slow(start) for start in starts):
            raise RuntimeError(f"{name}: prefix sums and walker disagree")
        figure, walker = microseconds(fast, starts), microseconds(slow, starts)
        is_met = figure <= BUDGET_MICROSECONDS
        against = f"a walker over the days: {walker:.1f} µs"
        rows.append(Row(name, figure, "µs", f"≤ {BUDGET_MICROSECONDS:.0f} µs", is_met, against))
    return rows


if __name__ == "__main__":
    found = measure()
    print(markdown(found))
    sys.exit(0 if all(row.is_met for row in found) else 1)
