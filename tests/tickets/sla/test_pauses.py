"""Time that stands still: what was left when a clock paused is left when it runs on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from residents.tenancy import scope_now
from tests.residents.factories import DutyShiftFactory
from tests.tickets.sla.builders import make_clock, make_event, make_ticket
from tests.worlds import T, World
from tickets.calendars.store import publish_revision
from tickets.models import SlaClock, SlaClockInterval, WorkCalendar
from tickets.sla import engine

FRIDAY = date(2026, 2, 13)  # before the Spring Festival of 2026: 15 to 23 February off, work on Saturday 14


def published(world: World, *, at: datetime | None = None) -> WorkCalendar:
    """Office hours 9:00-12:00 and 13:30-18:00 on workdays, published in February 2026 unless `at` says otherwise."""
    hours = [[str(d), *span] for d in range(5) for span in (("09:00", "12:00"), ("13:30", "18:00"))]
    calendar = WorkCalendar.objects.create(company_id=world.company.pk, name="标准", weekly_hours=hours)
    publish_revision(calendar, at=at or T("09:00", FRIDAY))
    return WorkCalendar.objects.get(pk=calendar.pk)


def test_paused_one_second_before_due_and_resumed_three_days_later_one_second_is_left(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))
    ladder = [moment - start.due_at for moment in start.step_at]

    engine.pause(start, event=make_event(ticket, "paused", at=T("10:29:59")), reason="等业主资料")
    assert (start.state, start.next_fire_at) == ("paused", None)
    monday = date(2025, 3, 17)
    engine.resume(start, event=make_event(ticket, "resumed", at=T("10:29:59", monday)))

    start.refresh_from_db()
    assert start.due_at == T("10:30", monday)
    assert start.original_due_at == T("10:30")
    # The pause takes no part in the ladder: level 2 still comes half of half an hour later.
    assert [moment - start.due_at for moment in start.step_at] == ladder


def test_a_stop_during_a_pause_is_in_time_however_long_it_lasted(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))
    engine.pause(start, event=make_event(ticket, "paused", at=T("10:20")), reason="等业主")
    done = make_event(ticket, "work_started", at=T("18:00"))
    engine._stop(start, at=done.occurred_at, event=done)
    assert (start.state, start.consumed) == ("met", 20 * 60)


def test_ending_a_ticket_during_a_pause_is_no_breach(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))
    engine.pause(start, event=make_event(ticket, "paused", at=T("10:20")), reason="等业主")
    engine.end_all(ticket, at=T("18:00"), reason="cancelled")
    start.refresh_from_db()
    assert (start.state, start.breached_at) == ("cancelled", None)


def test_pausing_twice_and_resuming_twice_is_pausing_and_resuming_once(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))
    for moment in ("10:10", "10:15"):
        engine.pause(start, event=make_event(ticket, "paused", at=T(moment)), reason="等业主")
    for moment in ("10:20", "10:25"):
        engine.resume(start, event=make_event(ticket, "resumed", at=T(moment)))
    assert start.due_at == T("10:40")
    assert SlaClockInterval.objects.filter(clock=start).count() == 2


def test_the_database_refuses_two_turns_of_a_clock_at_one_instant_and_to_rewrite_one(garden: World) -> None:
    """A turn ends the interval before it, so no two intervals of a clock can overlap."""
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))
    engine.pause(start, event=make_event(ticket, "paused", at=T("10:10")), reason="等业主")

    with pytest.raises(DatabaseError), transaction.atomic():
        SlaClockInterval.objects.create(clock=start, is_running=True, began_at=T("10:10"))
    with pytest.raises(DatabaseError), transaction.atomic():
        SlaClockInterval.objects.update(began_at=T("10:05"))
    assert SlaClockInterval.objects.get().began_at == T("10:10")


def test_a_pause_at_the_very_instant_of_the_start_is_stored(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))
    engine.pause(start, event=make_event(ticket, "paused", at=T("10:00")), reason="等业主")
    engine.resume(start, event=make_event(ticket, "resumed", at=T("10:00")))
    assert SlaClockInterval.objects.filter(clock=start).count() == 2
    assert start.due_at == T("10:30")


def test_a_clock_past_due_is_breached_instead_of_paused(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))
    engine.pause(start, event=make_event(ticket, "paused", at=T("10:30:01")), reason="等业主")
    assert (start.state, start.breached_at) == ("breached_open", T("10:30"))


def test_a_pause_over_the_spring_festival_and_its_working_saturday_equals_the_replay(garden: World) -> None:
    published(garden)
    ticket = make_ticket(garden, at=T("09:00", FRIDAY))
    # Two office days of seven and a half hours.
    office = make_clock(ticket, "REP-17", at=T("16:00", FRIDAY), basis="WSEC", value=15 * 3600)
    assert office.due_at == T("16:00", date(2026, 2, 24))  # Friday 2 h, Saturday 14th 7.5 h, Tuesday 24th 5.5 h

    engine.pause(office, event=make_event(ticket, "paused", at=T("10:00", date(2026, 2, 14))), reason="等业主")
    assert office.consumed == 3 * 3600
    engine.resume(office, event=make_event(ticket, "resumed", at=T("10:00", date(2026, 2, 25))))

    assert office.due_at == T("16:00", date(2026, 2, 26))  # 12 h left: 6.5 h on the 25th, 5.5 h on the 26th
    done = make_event(ticket, "work_started", at=T("16:00", date(2026, 2, 26)))
    engine._stop(office, at=done.occurred_at, event=done)
    assert (office.state, office.consumed) == ("met", 15 * 3600)
    assert engine.elapsed_seconds(office, at=scope_now()) == office.consumed


def test_a_deadline_beyond_the_known_holidays_is_provisional_and_says_so_after_a_pause_too(garden: World) -> None:
    published(garden)
    last_day = date(2026, 12, 31)
    ticket = make_ticket(garden, at=T("09:00", last_day))
    review = make_clock(ticket, "REP-17", at=T("10:00", last_day), basis="WD", value=5)
    assert review.is_provisional
    early = make_clock(ticket, "REP-16", at=T("10:00", FRIDAY), basis="WD", value=2)
    assert not early.is_provisional
    engine.pause(early, event=make_event(ticket, "paused", at=T("11:00", FRIDAY)), reason="等业主")
    engine.resume(early, event=make_event(ticket, "resumed", at=T("10:00", last_day)))
    assert early.is_provisional


def test_two_workdays_from_the_friday_before_the_festival_end_on_the_tuesday_after_it(garden: World) -> None:
    published(garden)
    ticket = make_ticket(garden, at=T("09:00", FRIDAY))
    friday = make_clock(ticket, "REP-17", at=T("17:30", FRIDAY), basis="WD", value=2)
    saturday = make_clock(ticket, "REP-16", at=T("10:00", date(2026, 2, 14)), basis="WD", value=1)
    assert friday.due_at == T("18:00", date(2026, 2, 24))  # Saturday the 14th is the first, Tuesday the second
    assert saturday.due_at == T("18:00", date(2026, 2, 24))


def test_a_clock_to_the_end_of_the_shift_resumes_to_the_end_of_the_next_one(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"), assignee=garden.technician)
    garden.on_duty("technician")
    slip = make_clock(ticket, "REP-21", at=T("10:00"))
    assert slip.due_at == T("17:30")
    engine.pause(slip, event=make_event(ticket, "paused", at=T("11:00")), reason="等业主")
    monday = date(2025, 3, 17)
    DutyShiftFactory(
        company_id=garden.company.pk,
        project=garden.project,
        staff=garden.technician,
        role="technician",
        started_at=T("09:00", monday),
        ends_at=T("18:30", monday),
    )
    engine.resume(slip, event=make_event(ticket, "resumed", at=T("10:00", monday)))
    assert slip.due_at == T("18:30", monday)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_what_the_clock_remembers_equals_the_replay_of_its_intervals(garden: World, gaps: list[int]) -> None:
    ticket = make_ticket(garden, f"GD-20250314-{SlaClock.objects.count() + 1000}", at=T("10:00"))
    minutes = make_clock(ticket, "REP-17", at=T("10:00"))
    at, used = T("10:00"), 0
    for number, seconds in enumerate(gaps):
        at += timedelta(seconds=seconds)
        event = make_event(ticket, "turn", at=at)
        if number % 2 == 0:
            if used + seconds > 1800:
                break
            used += seconds
            engine.pause(minutes, event=event, reason="等业主")
        else:
            engine.resume(minutes, event=event)
    if minutes.state == "paused":
        engine.resume(minutes, event=make_event(ticket, "turn", at=at))
        assert minutes.due_at == at + timedelta(seconds=1800 - used)
        assert minutes.consumed == used == engine.elapsed_seconds(minutes, at=at)
