"""Clocks of estates elsewhere: days of 23 and 25 hours, times that do not exist, a calendar that changes its zone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.tickets.sla.builders import make_clock, make_event, make_ticket
from tests.tickets.sla.test_pauses import published
from tests.worlds import World
from tickets.calendars.store import publish_revision
from tickets.models import CalendarDay, WorkCalendar
from tickets.sla import engine
from tickets.sla.rearm import rearm_calendar

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 3, 27 + n) for n in range(4))
"""The night to Sunday 29 March 2026 has no hour from 02:00 to 03:00 in Berlin; that to 25 October has it twice."""


def utc(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


@pytest.fixture
def berlin(garden: World) -> World:
    """An estate in Berlin with office hours 9:00 to 18:00 there."""
    garden.project.zone = "Europe/Berlin"
    garden.project.save(update_fields=("zone",))
    hours = [[str(day), "09:00", "18:00"] for day in range(5)]
    calendar = WorkCalendar.objects.create(
        company_id=garden.company.pk, name="Berlin", zone="Europe/Berlin", weekly_hours=hours
    )
    publish_revision(calendar, at=utc(FRIDAY, 8))
    return garden


def test_a_day_of_24_hours_is_24_hours_over_both_clock_changes(berlin: World) -> None:
    spring = make_clock(make_ticket(berlin, "ZONE-1", at=utc(SATURDAY, 11)), "REP-26", at=utc(SATURDAY, 11))
    autumn = make_clock(
        make_ticket(berlin, "ZONE-2", at=utc(date(2026, 10, 24), 10)), "REP-26", at=utc(date(2026, 10, 24), 10)
    )
    assert spring.due_at == utc(SUNDAY, 11)  # noon on Saturday, 13:00 on Sunday
    assert autumn.due_at == utc(date(2026, 10, 25), 10)  # noon on Saturday, 11:00 on Sunday
    assert engine.elapsed_seconds(spring, at=utc(SUNDAY, 10)) == 23 * 3600


def test_a_workday_keeps_its_local_closing_time_after_the_clock_change(berlin: World) -> None:
    ticket = make_ticket(berlin, at=utc(FRIDAY, 10))
    workday = make_clock(ticket, "REP-17", at=utc(FRIDAY, 10), basis="WD", value=1)
    office = make_clock(ticket, "REP-16", at=utc(FRIDAY, 16), basis="WSEC", value=2 * 3600)
    assert workday.due_at == utc(MONDAY, 16)  # 18:00 in summer time; Friday's closing was 17:00 UTC
    assert office.due_at == utc(MONDAY, 8)  # the last hour of Friday and the first of Monday


def test_a_pause_over_the_clock_change_leaves_what_was_left(berlin: World) -> None:
    ticket = make_ticket(berlin, at=utc(FRIDAY, 10))
    office = make_clock(ticket, "REP-17", at=utc(FRIDAY, 16), basis="WSEC", value=2 * 3600)
    engine.pause(office, event=make_event(ticket, "paused", at=utc(FRIDAY, 16, 30)), reason="waiting")
    engine.resume(office, event=make_event(ticket, "resumed", at=utc(MONDAY, 8)))
    assert office.due_at == utc(MONDAY, 9, 30)
    assert (office.consumed, engine.elapsed_seconds(office, at=utc(MONDAY, 9))) == (1800, 1800 + 3600)


def test_the_day_ends_at_local_midnight_also_when_it_has_23_hours(berlin: World) -> None:
    ticket = make_ticket(berlin, at=utc(SUNDAY, 0))
    today = make_clock(ticket, "REP-17", at=utc(SUNDAY, 0), basis="EOD", value=0)
    assert today.due_at == utc(SUNDAY, 21, 59, 59)


def test_half_past_two_that_does_not_exist_is_half_past_three_and_one_that_comes_twice_is_the_first(
    berlin: World,
) -> None:
    ticket = make_ticket(berlin, at=utc(SATURDAY, 11))
    skipped = make_clock(ticket, "REP-17", at=utc(SATURDAY, 11), basis="FIX", value=230)
    twice = make_clock(ticket, "REP-16", at=utc(date(2026, 10, 24), 10), basis="FIX", value=230)
    assert skipped.due_at == utc(SUNDAY, 1, 30)
    assert twice.due_at == utc(date(2026, 10, 25), 0, 30)


def move(calendar: WorkCalendar, zone: str, *, at: datetime) -> None:
    """The same office hours on the walls of another zone."""
    calendar.zone = zone
    calendar.save(update_fields=("zone",))
    assert publish_revision(calendar, at=at) == 2
    rearm_calendar(calendar.pk, at=at)


@pytest.mark.parametrize(("zone", "closes"), [("Asia/Urumqi", 12), ("America/Los_Angeles", 1)])
def test_a_calendar_that_moves_to_another_zone_moves_open_clocks_and_nothing_that_has_been(
    garden: World, zone: str, closes: int
) -> None:
    calendar = published(garden)
    tuesday, thursday = date(2026, 3, 3), date(2026, 3, 5)
    at = utc(tuesday, 2)
    done, late, running = (
        make_clock(make_ticket(garden, f"ZONE-{code}", at=at), code, at=start, basis="WD", value=value)
        for code, start, value in (("REP-16", at, 2), ("REP-17", utc(date(2026, 2, 27), 2), 1), ("REP-26", at, 2))
    )
    stop = make_event(done.ticket, "arrived", at=utc(tuesday, 3))
    engine._stop(done, at=stop.occurred_at, event=stop)
    engine.breach_now(late, at=at)
    before = list(CalendarDay.objects.filter(revision=1).order_by("day").values())

    move(calendar, zone, at=utc(tuesday, 4))

    for row in (done, late, running):
        row.refresh_from_db()
    assert list(CalendarDay.objects.filter(revision=1).order_by("day").values()) == before
    assert (done.due_at, done.consumed, done.calendar_revision) == (utc(thursday, 10), 3600, 1)
    assert (late.breached_at, late.calendar_revision) == (utc(date(2026, 2, 28), 10), 1)
    assert running.due_at.astimezone(UTC).hour == closes + (closes == 1)  # winter time until 8 March
    assert running.original_due_at == utc(thursday, 10)
    # What was measured on the old hours is still measured on them.
    finish = make_event(late.ticket, "work_started", at=utc(tuesday, 5))
    engine._stop(late, at=finish.occurred_at, event=finish)
    assert late.consumed == int((2 + 4.5 + 7.5 + 7.5 + 3) * 3600)
