"""Every rung finds somebody: by role, by duty, up the line, whatever happened to the ticket (rule GEN-07)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, connections, transaction

from repairs import actions
from residents.models import Membership, Staff
from residents.roles import Role
from residents.tenancy import company_scope
from tests.repairs.test_repair_path import clock, take
from tests.residents.factories import MembershipFactory, StaffFactory
from tests.tickets.sla.builders import EVERYBODY, just_after, ledger, make_clock, make_ticket
from tests.worlds import T, World
from tickets.models import Notice, Outbox, SlaClock, SlaFiring, Ticket, TicketEvent
from tickets.outbox import drain
from tickets.sla.definitions import definition
from tickets.sla.sweep import sweep, sweep_all

pytestmark = pytest.mark.django_db(transaction=True, databases=EVERYBODY)


def told(clock: SlaClock) -> dict[int, set[str]]:
    """Who has been told at each level, by name."""
    found: dict[int, set[str]] = {}
    for level, name in Notice.objects.filter(clock=clock).values_list("level", "staff__name"):
        found.setdefault(level, set()).add(name)
    return found


def climb(clock: SlaClock) -> None:
    """Sweep once after every rung, as an engine that is awake does."""
    for moment in clock.step_at:
        sweep_all(at=just_after(moment))
    drain(at=clock.step_at[-1] + timedelta(seconds=1))


def names(world: World, *roles: str) -> set[str]:
    return {world.staff[role].name for role in roles}


@pytest.mark.rule("GEN-07")
def test_a_ticket_nobody_assigned_climbs_the_whole_ladder(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
        waiting = clock(ticket, "REP-09")
    climb(waiting)
    with company_scope(world.company.pk):
        assert told(waiting) == {
            0: names(world, "front_desk"),
            1: names(world, "front_desk", "supervisor"),
            2: names(world, "centre_head", "estate_manager"),
            3: names(world, "company"),
        }
        assert ledger(waiting) == [(0, "fired"), (1, "fired"), (2, "fired"), (3, "fired")]
        levels = TicketEvent.objects.filter(ticket=ticket, kind="escalated", data__rule="REP-09").order_by("pk")
        assert [event.data["level"] for event in levels] == [0, 1, 2, 3]


def returned(world: World) -> Ticket:
    ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:30"))
    return actions.return_repair(ticket.pk, by=world.technician, reason="缺工具", at=T("10:01:00"))


@pytest.mark.rule("GEN-07")
def test_a_ticket_the_technician_returned_climbs_the_whole_ladder(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician")
        again = clock(returned(world), "REP-09")
        assert (again.cycle_no, again.due_at) == (2, T("10:02:00"))
    climb(again)
    with company_scope(world.company.pk):
        assert told(again) == {
            0: names(world, "front_desk"),
            1: names(world, "front_desk", "supervisor"),
            2: names(world, "centre_head", "estate_manager"),
            3: names(world, "company"),
        }


@pytest.mark.rule("GEN-07", "REP-16")
def test_the_arrival_owed_for_a_job_that_was_given_back_is_told_to_whoever_can_go(committed_garden: World) -> None:
    """The customer's clock runs on while the job belongs to nobody."""
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician_2", "engineering_duty")
        world.on_duty("technician", end=T("10:02:00"))
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:30"))
        actions.accept_repair(ticket.pk, by=world.technician, at=T("10:01:00"))
        actions.return_repair(ticket.pk, by=world.technician, reason="缺工具", at=T("10:02:00"))
        arrival = clock(ticket, "REP-16")
        assert (arrival.state, arrival.ticket.assignee_id if arrival.ticket else 0) == ("running", None)
    climb(arrival)
    with company_scope(world.company.pk):
        on_duty = {world.technician_2.name}
        assert told(arrival) == {
            0: on_duty,
            1: on_duty | names(world, "engineering_duty", "supervisor", "front_desk"),
            2: names(world, "centre_head", "estate_manager"),
            3: names(world, "company"),
        }


@pytest.mark.rule("GEN-07")
def test_when_the_technician_has_left_the_company_another_one_is_told(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician", "technician_2", "engineering_duty")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:30"))
        actions.accept_repair(ticket.pk, by=world.technician, at=T("10:01:00"))
        Staff.objects.filter(pk=world.technician.pk).update(is_active=False)
        arrival = clock(ticket, "REP-16")
    climb(arrival)
    with company_scope(world.company.pk):
        people = told(arrival)
        assert people[0] == {world.technician_2.name}
        assert sorted(people) == [0, 1, 2, 3]
        assert world.technician.name not in set().union(*people.values())


@pytest.mark.rule("GEN-07")
def test_a_ticket_given_to_another_technician_keeps_its_clock_and_tells_the_new_one(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician", "technician_2", "engineering_duty")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:30"))
        actions.accept_repair(ticket.pk, by=world.technician, at=T("10:01:00"))
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician_2, at=T("10:03:00"))
        arrival = clock(ticket, "REP-16")
        assert arrival.due_at == T("10:06:00")  # the customer's clock does not start again
    climb(arrival)
    with company_scope(world.company.pk):
        assert told(arrival) == {
            0: {world.technician_2.name},
            1: {world.technician_2.name, *names(world, *definition("REP-16").ladder[1].audience[1:])},
            2: names(world, "centre_head", "estate_manager"),
            3: names(world, "company"),
        }


@pytest.mark.rule("GEN-07", "REP-16")
def test_three_transfers_leave_the_customers_clock_alone_and_its_ladder_finds_the_last_one(
    committed_garden: World,
) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician", "technician_2", "engineering_duty")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:30"))
        actions.accept_repair(ticket.pk, by=world.technician, at=T("10:01:00"))
        before = SlaClock.objects.filter(ticket=ticket, rule_code__in=("REP-16", "REP-17")).order_by("pk").values()
        kept = list(before)
        for moment, person in (
            ("10:02:00", world.technician_2),
            ("10:03:00", world.technician),
            ("10:04:00", world.technician_2),
        ):
            actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=person, at=T(moment))
        assert len(kept) == 2
        assert list(before.all()) == kept
        arrival = clock(ticket, "REP-16")
    climb(arrival)
    with company_scope(world.company.pk):
        people = told(arrival)
        assert sorted(people) == [0, 1, 2, 3]
        assert people[0] == {world.technician_2.name}
        assert world.technician.name not in set().union(*people.values())


@pytest.mark.rule("GEN-07")
def test_after_an_outage_one_message_reaches_everybody_whose_level_has_passed(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
        waiting = clock(ticket, "REP-09")
    sweep(at=T("10:20"), catch_up=True)
    drain(at=T("10:20:01"))
    with company_scope(world.company.pk):
        assert ledger(waiting) == [(0, "collapsed"), (1, "collapsed"), (2, "collapsed"), (3, "fired")]
        assert told(waiting) == {
            3: names(world, "front_desk", "supervisor", "centre_head", "estate_manager", "company")
        }


@pytest.mark.rule("GEN-07", "REP-11")
def test_a_paper_report_typed_in_nine_hours_later_tells_the_supervisor_too(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = actions.report_repair(
            take(world), project=world.project, by=world.front_desk, at=T("19:00"), occurred_at=T("10:00")
        )
        late = clock(ticket, "REP-11")
    drain(at=T("19:00:01"))
    with company_scope(world.company.pk):
        assert names(world, "supervisor") <= set().union(*told(late).values())


@pytest.mark.rule("GEN-07")
def test_a_warning_for_somebody_off_duty_goes_to_those_on_duty_as_well(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("technician_2")
        ticket = make_ticket(world, at=T("10:00"))
        ticket.assignee = world.technician
        ticket.save()
        waiting = make_clock(ticket, "REP-17", at=T("10:00"))
    sweep_all(at=T("10:25"))
    drain(at=T("10:25:01"))
    with company_scope(world.company.pk):
        assert told(waiting) == {0: {world.technician.name, world.technician_2.name}}


@pytest.mark.rule("GEN-07")
def test_levels_two_and_three_wait_half_and_all_of_the_time_within_their_bounds(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    half_an_hour = make_clock(ticket, "REP-17", at=T("10:00"))
    assert half_an_hour.step_at == [T("10:24"), T("10:30"), T("10:45"), T("11:00")]
    a_minute = make_clock(ticket, "REP-09", at=T("10:00"))
    assert a_minute.step_at == [T("10:00:48"), T("10:01"), T("10:01"), T("10:16")]
    a_day = make_clock(ticket, "REP-26", at=T("10:00"))
    due = a_day.due_at
    assert a_day.step_at[2:] == [due + timedelta(hours=4), due + timedelta(hours=24)]


@pytest.mark.rule("GEN-07")
@pytest.mark.parametrize("gone", [Role.SUPERVISOR, Role.CENTRE_HEAD, Role.ESTATE_MANAGER, Role.COMPANY])
def test_when_nobody_holds_a_role_the_next_in_line_is_told(committed_garden: World, gone: str) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        Membership.objects.filter(role=gone).delete()
        waiting = make_clock(make_ticket(world, at=T("10:00")), "REP-09", at=T("10:00"))
    climb(waiting)
    with company_scope(world.company.pk):
        assert sorted(told(waiting)) == [0, 1, 2, 3]


@pytest.mark.rule("GEN-07")
def test_with_nobody_left_but_the_administrator_the_administrator_is_told(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        Staff.objects.exclude(pk=world.admin.pk).update(is_active=False)
        waiting = make_clock(make_ticket(world, at=T("10:00"), owner=world.front_desk), "REP-09", at=T("10:00"))
    climb(waiting)
    with company_scope(world.company.pk):
        assert set().union(*told(waiting).values()) == {world.admin.name}
        assert sorted(told(waiting)) == [0, 1, 2, 3]


def test_with_nobody_left_at_all_each_rung_is_recorded_as_told_to_nobody_and_not_tried_forever(
    committed_garden: World,
) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        Staff.objects.update(is_active=False)
        ticket = make_ticket(world, at=T("10:00"), owner=world.front_desk)
        waiting = make_clock(ticket, "REP-09", at=T("10:00"))
    climb(waiting)
    with company_scope(world.company.pk):
        assert told(waiting) == {}
        lines = TicketEvent.objects.filter(ticket=ticket, kind="escalated").order_by("pk")
        assert [(line.data["level"], line.data["to"], line.data["dropped"]) for line in lines] == [
            (level, [], False) for level in range(4)
        ]
        assert not Outbox.objects.filter(sent_at=None).exists()


@pytest.mark.rule("GEN-07")
def test_of_several_who_hold_a_role_those_on_duty_are_told(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        other = StaffFactory(company_id=world.company.pk, number="0777", name="主管乙")
        MembershipFactory(company_id=world.company.pk, staff=other, project=world.project, role=Role.SUPERVISOR)
        world.staff["supervisor_2"] = other
        world.on_duty("supervisor_2")
        waiting = make_clock(make_ticket(world, at=T("10:00")), "REP-09", at=T("10:00"))
    climb(waiting)
    with company_scope(world.company.pk):
        assert world.supervisor.name not in told(waiting)[1]
        assert other.name in told(waiting)[1]


def test_an_audience_of_forty_is_one_firing_one_event_and_forty_notices(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        for number in range(39):
            person = StaffFactory(company_id=world.company.pk, number=f"1{number:03d}", name=f"公司{number}")
            MembershipFactory(company_id=world.company.pk, staff=person, project=None, role=Role.COMPANY)
        waiting = make_clock(make_ticket(world, at=T("10:00")), "REP-09", at=T("10:00"))
    climb(waiting)
    with company_scope(world.company.pk):
        assert len(told(waiting)[3]) == 40
        assert SlaFiring.objects.filter(clock=waiting, step_no=3).count() == 1
        assert TicketEvent.objects.filter(kind="escalated", data__level=3).count() == 1


def test_a_warning_whose_work_is_done_meanwhile_tells_nobody_and_says_so(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
    sweep_all(at=T("10:00:49"))
    with company_scope(world.company.pk):
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:50"))
    drain(at=T("10:00:51"))
    with company_scope(world.company.pk):
        assert told(clock(ticket, "REP-09")) == {}
        event = TicketEvent.objects.get(ticket=ticket, kind="escalated", data__rule="REP-09")
        assert (event.data["dropped"], event.data["to"]) == (True, [])


def _suspend_project(world: World) -> None:
    with company_scope(world.company.pk):
        type(world.project).objects.filter(pk=world.project.pk).update(is_active=False)


def _suspend_company(world: World) -> None:
    type(world.company).objects.using("owner").filter(pk=world.company.pk).update(is_active=False)


@pytest.mark.parametrize("suspend", [_suspend_project, _suspend_company])
def test_nothing_fires_in_an_estate_closed_for_business_and_it_resumes(
    committed_garden: World, suspend: Callable[[World], None]
) -> None:
    from tickets.sla.audit import audit

    world = committed_garden
    with company_scope(world.company.pk):
        waiting = make_clock(make_ticket(world, at=T("10:00")), "REP-09", at=T("10:00"))
    suspend(world)
    sweep_all(at=T("10:05"))
    audit(at=T("10:06"))
    sweep_all(at=T("10:06"))
    with company_scope(world.company.pk):
        waiting.refresh_from_db()
        assert (waiting.state, waiting.next_fire_at, ledger(waiting)) == ("running", None, [])

    with company_scope(world.company.pk):
        type(world.project).objects.filter(pk=world.project.pk).update(is_active=True)
    type(world.company).objects.using("owner").filter(pk=world.company.pk).update(is_active=True)
    audit(at=T("10:10"))
    sweep(at=T("10:10"), catch_up=True)
    with company_scope(world.company.pk):
        waiting.refresh_from_db()
        assert (waiting.state, waiting.breached_at) == ("breached_open", T("10:01"))
        assert ledger(waiting) == [(0, "collapsed"), (1, "collapsed"), (2, "fired")]


def test_a_place_or_a_ticket_with_open_clocks_cannot_be_removed_under_them(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = make_ticket(world, at=T("10:00"))
        waiting = make_clock(ticket, "REP-09", at=T("10:00"))
    for alias in ("default", "owner"):
        for table, pk in (
            ("residents_unit", world.unit.pk),
            ("residents_building", world.building.pk),
            ("residents_project", world.project.pk),
            ("tickets_ticket", ticket.pk),
            ("tickets_slaclock", waiting.pk),
        ):
            with company_scope(world.company.pk, using=alias), connections[alias].cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                with pytest.raises(DatabaseError), transaction.atomic(using=alias):
                    cursor.execute(f"DELETE FROM {table} WHERE id = %s", [pk])
    sweep_all(at=T("10:01:01"))
    with company_scope(world.company.pk):
        waiting.refresh_from_db()
        assert (waiting.state, waiting.breached_at) == ("breached_open", T("10:01"))


def test_a_message_queued_before_the_estate_closed_tells_nobody(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        waiting = make_clock(make_ticket(world, at=T("10:00")), "REP-09", at=T("10:00"))
    sweep_all(at=T("10:01:01"))
    _suspend_project(world)
    drain(at=T("10:01:02"))
    with company_scope(world.company.pk):
        assert told(waiting) == {}


def test_the_automatic_acceptance_happens_once_and_is_dated_at_due(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician", "engineering_duty")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:30"))
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:01:00"))
    for seconds in (1, 2):
        sweep_all(at=T("10:02:00") + timedelta(seconds=seconds))
        drain(at=T("10:02:00") + timedelta(seconds=seconds))
    with company_scope(world.company.pk):
        accepted = TicketEvent.objects.filter(ticket=ticket, data__automatic=True)
        assert [event.occurred_at for event in accepted] == [T("10:02:00")]
        assert clock(ticket, "REP-16").due_at == T("10:07:00")
