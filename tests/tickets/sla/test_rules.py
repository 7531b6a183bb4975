"""A rule changes by a new version; what runs keeps its own unless somebody says otherwise (rules GEN-07, GEN-08)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from residents.errors import InvalidInput, NotAllowed
from residents.roles import Role
from residents.tenancy import company_scope
from tests.residents.factories import ProjectFactory
from tests.tickets.sla.builders import EVERYBODY, ledger, make_clock, make_event, make_ticket
from tests.tickets.sla.test_pauses import published
from tests.worlds import SHANGHAI, T, World
from tickets.calendars.store import publish_revision
from tickets.models import (
    CalendarOverride,
    ClockState,
    NationalDay,
    Outbox,
    SlaClock,
    SlaRule,
    TicketEvent,
    WorkCalendar,
)
from tickets.outbox import drain
from tickets.sla import engine, rearm
from tickets.sla.definitions import Step, gen_07
from tickets.sla.rearm import publish_hours, rearm_calendar
from tickets.sla.rules import change_rule
from tickets.sla.sweep import sweep_all

HALF_AN_HOUR, TEN_MINUTES, AN_HOUR = 1800, 600, 3600


def test_a_new_version_leaves_what_runs_and_serves_what_starts(garden: World) -> None:
    running = make_clock(make_ticket(garden, at=T("10:00")), "REP-17", at=T("10:00"))
    rule = change_rule("REP-17", by=garden.admin, value=TEN_MINUTES, at=T("10:05"))

    running.refresh_from_db()
    assert (running.due_at, running.rule.version) == (T("10:30"), 1)
    assert (rule.version, rule.created_by) == (2, garden.admin)
    assert engine.rules_for(garden.project.pk, ["REP-17"]) == {"REP-17": rule}
    assert SlaRule.objects.get(code="REP-17", version=1).retired_at == T("10:05")


def test_a_projects_own_rule_wins_there_and_nowhere_else(garden: World) -> None:
    other = ProjectFactory(code="002")
    own = change_rule("REP-17", by=garden.estate_manager, project=garden.project, value=TEN_MINUTES, at=T("10:00"))
    assert engine.rules_for(garden.project.pk, ["REP-17"])["REP-17"] == own
    assert engine.rules_for(other.pk, ["REP-17"])["REP-17"].value == HALF_AN_HOUR
    # The company's next version does not touch the project's own.
    change_rule("REP-17", by=garden.staff["company"], value=AN_HOUR, at=T("10:01"))
    assert engine.rules_for(garden.project.pk, ["REP-17"])["REP-17"] == own
    assert engine.rules_for(other.pk, ["REP-17"])["REP-17"].value == AN_HOUR


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.SUPERVISOR, Role.CENTRE_HEAD, Role.TECHNICIAN])
def test_only_those_who_answer_for_the_promises_change_them(garden: World, role: str) -> None:
    with pytest.raises(NotAllowed):
        change_rule("REP-17", by=garden.staff[role], project=garden.project, value=TEN_MINUTES, at=T("10:00"))
    assert SlaRule.objects.filter(code="REP-17").count() == 1


def test_an_estate_manager_does_not_change_the_rule_of_the_whole_company(garden: World) -> None:
    with pytest.raises(NotAllowed):
        change_rule("REP-17", by=garden.estate_manager, value=TEN_MINUTES, at=T("10:00"))


def test_the_database_refuses_to_edit_or_delete_a_version(garden: World) -> None:
    rule = SlaRule.objects.get(code="REP-17")
    changes: tuple[dict[str, object], ...] = ({"value": 1}, {"ladder": []}, {"is_enabled": False})
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            SlaRule.objects.filter(pk=rule.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        rule.delete()
    SlaRule.objects.filter(pk=rule.pk).update(retired_at=T("10:00"))
    with pytest.raises(DatabaseError), transaction.atomic():
        SlaRule.objects.filter(pk=rule.pk).update(retired_at=None)


@pytest.mark.parametrize(
    "change",
    [
        {"value": -1},
        {"value": 10**9},
        {"amber": -5},
        {"ladder": ()},
        {"ladder": (Step(0, -0.2, ("responsible",)),)},
        {"ladder": (Step(1, 0, ("nobody_of_that_name",)),)},
        {"ladder": (Step(1, 0, ()),)},
        {"ladder": (Step(2, 1.0, ("company",)), Step(1, 0, ("supervisor",)))},
    ],
)
def test_a_rule_that_could_not_be_kept_is_refused(garden: World, change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        change_rule("REP-17", by=garden.admin, at=T("10:00"), **change)  # type: ignore[arg-type]
    assert SlaRule.objects.get(code="REP-17").retired_at is None


def test_an_agreed_moment_has_no_duration_to_change(garden: World) -> None:
    with pytest.raises(InvalidInput):
        change_rule("GEN-04", by=garden.admin, value=600, at=T("10:00"))


@pytest.mark.django_db(transaction=True, databases=EVERYBODY)
def test_a_loosened_rule_moves_open_clocks_without_a_second_warning(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        running = make_clock(make_ticket(world, at=T("10:00")), "REP-17", at=T("10:00"))
    sweep_all(at=T("10:25"))
    with company_scope(world.company.pk):
        change_rule("REP-17", by=world.admin, value=AN_HOUR, apply="open_clocks", at=T("10:26"))
        running.refresh_from_db()
        assert (running.due_at, running.original_due_at, running.rule.version) == (T("11:00"), T("10:30"), 2)
        assert (running.epoch, running.next_step, running.next_fire_at) == (1, 1, T("11:00"))
    sweep_all(at=T("10:59"))
    with company_scope(world.company.pk):
        assert ledger(running) == [(0, "fired")]
        event = TicketEvent.objects.get(kind="clock_moved")
        assert (event.data["reason"], event.data["version"]) == ("rule", 2)


def test_a_pause_is_still_counted_when_the_rule_changes(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    running = make_clock(ticket, "REP-17", at=T("10:00"))
    engine.pause(running, event=make_event(ticket, "paused", at=T("10:10")), reason="等业主")
    engine.resume(running, event=make_event(ticket, "resumed", at=T("10:20")))
    change_rule("REP-17", by=garden.admin, value=AN_HOUR, apply="open_clocks", at=T("10:21"))
    running.refresh_from_db()
    assert running.due_at == T("11:10")


def test_a_tightened_rule_that_is_missed_at_once_says_that_the_rule_did_it(garden: World) -> None:
    running = make_clock(make_ticket(garden, at=T("10:00")), "REP-17", at=T("10:00"))
    change_rule("REP-17", by=garden.admin, value=TEN_MINUTES, apply="open_clocks", at=T("10:20"))
    running.refresh_from_db()
    assert (running.state, running.breached_at, running.detected_by) == ("breached_open", T("10:10"), "rule")
    assert running.reason == "规则改为第 2 版"


def test_a_breach_of_the_old_rule_is_not_undone_by_the_new_one(garden: World) -> None:
    running = make_clock(make_ticket(garden, at=T("10:00")), "REP-17", at=T("10:00"))
    change_rule("REP-17", by=garden.admin, value=AN_HOUR, apply="open_clocks", at=T("10:40"))
    running.refresh_from_db()
    assert (running.state, running.breached_at, running.rule.version) == ("breached_open", T("10:30"), 1)


def test_a_ladder_with_other_rungs_goes_on_above_the_highest_told(garden: World) -> None:
    running = make_clock(make_ticket(garden, at=T("10:00")), "REP-17", at=T("10:00"))
    running.next_step = 1
    running.save()
    ladder = gen_07(seconds=HALF_AN_HOUR)
    change_rule(
        "REP-17",
        by=garden.admin,
        ladder=(ladder[0], replace(ladder[0], share=-0.1), *ladder[1:3]),
        apply="open_clocks",
        at=T("10:26"),
    )
    running.refresh_from_db()
    assert (running.epoch, running.next_step, running.next_fire_at) == (2, 2, T("10:30"))


def test_switching_a_rule_off_cancels_its_open_clocks_and_starts_no_more(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    running, overdue = (
        make_clock(ticket, "REP-17", at=T("10:00")),
        make_ticket(garden, "GD-20250314-901", at=T("09:00")),
    )
    late = make_clock(overdue, "REP-17", at=T("09:00"))
    change_rule("REP-17", by=garden.admin, is_enabled=False, at=T("10:05"))
    for row in (running, late):
        row.refresh_from_db()
        assert row.reason == "规则停用"
        assert row.next_fire_at is None
    assert (running.state, late.state, late.breached_at) == ("cancelled", "closed_breached", T("09:30"))

    before = SlaClock.objects.count()
    accepted = make_event(ticket, "accepted", at=T("10:06"), visit=1)
    engine.fold(ticket, accepted)
    assert not SlaClock.objects.filter(rule_code="REP-17", state=ClockState.RUNNING).exists()
    assert SlaClock.objects.count() == before + 1  # REP-16 alone


def test_no_clock_at_all_is_a_legal_outcome(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    engine.fold(ticket, make_event(ticket, "comment", at=T("10:01")))
    assert SlaClock.objects.count() == 0


# Calendars


def review(world: World, number: str, *, at: str, day: date, value: int = 2) -> SlaClock:
    ticket = make_ticket(world, number, at=T("09:00", day))
    current = SlaRule.objects.get(code="REP-17", project=None, retired_at=None)
    if current.basis != "WD":
        return make_clock(ticket, "REP-17", at=T(at, day), basis="WD", value=value)
    return make_clock(ticket, "REP-17", at=T(at, day))


def test_a_holiday_added_for_tomorrow_moves_due_later_and_the_event_names_the_revision(garden: World) -> None:
    calendar = published(garden)
    monday = date(2026, 3, 2)
    near, far = (
        review(garden, "N-20260302-1", at="10:00", day=monday),
        review(garden, "N-20260302-2", at="10:00", day=date(2026, 3, 9)),
    )
    minutes = make_clock(near.ticket, "REP-16", at=T("10:00", monday))
    CalendarOverride.objects.create(calendar=calendar, day=date(2026, 3, 3), working=False, name="停电")
    publish_revision(calendar, at=T("11:00", monday))
    assert rearm_calendar(calendar.pk, at=T("11:00", monday)) == 2
    assert rearm_calendar(calendar.pk, at=T("11:00", monday)) == 0

    for row in (near, far, minutes):
        row.refresh_from_db()
    assert near.due_at == T("18:00", date(2026, 3, 5))
    assert near.original_due_at == T("18:00", date(2026, 3, 4))
    assert far.due_at == far.original_due_at
    assert (near.calendar_revision, far.calendar_revision, minutes.calendar_revision) == (2, 2, 0)
    event = TicketEvent.objects.get(kind="clock_moved")
    assert (event.ticket_id, event.data["revision"], event.data["reason"]) == (near.ticket_id, 2, "calendar_revision")


def test_a_sunday_made_a_workday_moves_due_earlier_and_what_is_past_breaches_there(garden: World) -> None:
    calendar = published(garden)
    friday, sunday = date(2026, 3, 6), date(2026, 3, 8)
    row = review(garden, "N-20260306-1", at="10:00", day=friday)
    assert row.due_at == T("18:00", date(2026, 3, 10))
    CalendarOverride.objects.create(calendar=calendar, day=sunday, working=True, name="调休")
    publish_revision(calendar, at=T("20:00", date(2026, 3, 9)))
    rearm_calendar(calendar.pk, at=T("20:00", date(2026, 3, 9)))
    row.refresh_from_db()
    assert (row.state, row.breached_at) == ("breached_open", T("18:00", date(2026, 3, 9)))
    assert (row.detected_by, row.reason) == ("calendar", "工作日历修订 2")


def test_a_breach_of_the_old_calendar_stays_where_it_was(garden: World) -> None:
    calendar = published(garden)
    row = review(garden, "N-20260302-1", at="10:00", day=date(2026, 3, 2))
    late = T("09:00", date(2026, 3, 5))
    CalendarOverride.objects.create(calendar=calendar, day=date(2026, 3, 3), working=False, name="停电")
    publish_revision(calendar, at=late)
    rearm_calendar(calendar.pk, at=late)
    row.refresh_from_db()
    assert (row.state, row.breached_at) == ("breached_open", T("18:00", date(2026, 3, 4)))


@pytest.mark.django_db(transaction=True, databases=EVERYBODY)
def test_a_provisional_deadline_is_computed_again_when_the_notice_comes(committed_garden: World) -> None:
    from tests.tickets.sla.test_sweep import now_of_database

    world, now = committed_garden, now_of_database()
    with company_scope(world.company.pk):
        calendar = published(world, at=now)
        unknown = NationalDay.objects.filter(provisional=True, day__gt=now.date()).earliest("day").day
        row = review(world, "N-20261231-1", at="10:00", day=unknown - timedelta(days=1))
        assert row.is_provisional
        before = row.due_at
    days = [unknown + timedelta(days=n) for n in range(8)]
    NationalDay.objects.filter(day__lte=unknown + timedelta(days=60)).update(provisional=False)
    NationalDay.objects.filter(day__in=days).update(working=False, source="manual", name="元旦")
    with company_scope(world.company.pk):
        publish_hours(calendar, at=now)
    drain()
    with company_scope(world.company.pk):
        row.refresh_from_db()
        assert not row.is_provisional
        assert row.due_at > before
        assert row.calendar_revision == WorkCalendar.objects.get(pk=calendar.pk).revision == 2


@pytest.mark.django_db(transaction=True, databases=EVERYBODY)
def test_a_clock_somebody_holds_is_rearmed_after_him(committed_garden: World) -> None:
    import threading

    from tests.tickets.sla.test_sweep import together

    world = committed_garden
    monday = date(2026, 3, 2)
    with company_scope(world.company.pk):
        calendar = published(world)
        rows = [review(world, f"N-20260302-{n}", at="10:00", day=monday) for n in range(4)]
        CalendarOverride.objects.create(calendar=calendar, day=date(2026, 3, 3), working=False, name="停电")
        publish_revision(calendar, at=T("11:00", monday))
    held = threading.Event()

    def act(number: int) -> None:
        if number == 0:
            with company_scope(world.company.pk):
                SlaClock.objects.select_for_update(no_key=True).get(pk=rows[1].pk)
                held.set()
                threading.Event().wait(0.5)
            return
        held.wait(10)
        assert rearm_calendar(calendar.pk, company_id=world.company.pk, at=T("11:00", monday)) == 4

    together(2, act)
    with company_scope(world.company.pk):
        assert set(SlaClock.objects.values_list("calendar_revision", flat=True)) == {2}


@pytest.mark.django_db(transaction=True, databases=EVERYBODY)
def test_a_calendar_published_while_several_relay_moves_every_clock_once(
    committed_garden: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.tickets.sla.test_sweep import now_of_database, together

    monkeypatch.setattr(rearm, "BATCH", 3)
    world, now = committed_garden, now_of_database()
    with company_scope(world.company.pk):
        calendar = published(world, at=now)
        tickets = [make_ticket(world, f"GD-20250314-{n}", at=now) for n in range(29)]
        rows = [make_clock(tickets[0], "REP-17", at=now, basis="WD", value=2)]
        rows += [make_clock(ticket, "REP-17", at=now) for ticket in tickets[1:]]
        due = rows[0].due_at
        assert {row.due_at for row in rows} == {due}
        last_day = due.astimezone(SHANGHAI).date()
        CalendarOverride.objects.create(calendar=calendar, day=last_day, working=False, name="停电")
        publish_hours(calendar, at=now)

    together(3, lambda _number: drain())

    drain()
    with company_scope(world.company.pk):
        assert set(SlaClock.objects.values_list("calendar_revision", flat=True)) == {2}
        assert {row.due_at > due for row in SlaClock.objects.all()} == {True}
        moves = TicketEvent.objects.filter(kind="clock_moved")
        assert moves.count() == len(rows) == len(set(moves.values_list("ticket_id", flat=True)))
        assert not Outbox.objects.filter(sent_at=None).exists()
