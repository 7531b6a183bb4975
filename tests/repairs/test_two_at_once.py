"""Two people, one ticket, the same moment: one wins, the other reads why not, the clocks stop once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from repairs import actions
from residents.errors import DomainError, StaleVersion
from residents.tenancy import company_scope
from tests.repairs.paths import clock, on_duty, repair_in, report, take
from tests.worlds import T, World
from tickets import closing
from tickets.actions import edit_ticket
from tickets.errors import IllegalTransition
from tickets.models import SlaClock, Ticket, TicketEvent

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])


def _at_once(world: World, *acts: Callable[[], Any]) -> list[Any]:
    """Each act in a thread and transaction of its own, started together; what it returned or was refused with."""
    outcomes: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            with company_scope(world.company.pk):
                start.wait(timeout=10)
                outcomes[number] = acts[number]()
        except DomainError as error:
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    return outcomes


def _refusals(outcomes: list[Any]) -> list[type]:
    return [type(outcome) for outcome in outcomes if isinstance(outcome, DomainError)]


@pytest.mark.rule("REP-09")
def test_two_clerks_who_dispatch_the_same_ticket_send_one_technician(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        on_duty(world)
        ticket = report(world)
        for person in (world.front_desk, world.supervisor, world.technician, world.technician_2):
            person.roles_in(world.project.pk)
    send: dict[str, Any] = {"version": ticket.version, "at": T("10:00:30")}

    outcomes = _at_once(
        world,
        lambda: actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, **send),
        lambda: actions.dispatch_repair(ticket.pk, by=world.supervisor, technician=world.technician_2, **send),
    )

    assert _refusals(outcomes) == [StaleVersion]
    with company_scope(world.company.pk):
        ticket.refresh_from_db()
        winner = next(outcome for outcome in outcomes if isinstance(outcome, Ticket))
        assert (ticket.state, ticket.assignee_id, ticket.version) == ("dispatched", winner.assignee_id, 2)
        assert TicketEvent.objects.filter(ticket=ticket, kind="dispatched").count() == 1
        assert clock(ticket, "REP-09").state == "met"
        assert SlaClock.objects.filter(ticket=ticket, rule_code="REP-15").count() == 1


@pytest.mark.rule("REP-15")
def test_of_accepting_and_returning_the_same_order_at_once_one_happens(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "dispatched")
    page: dict[str, Any] = {"by": world.technician, "version": ticket.version, "at": T("10:00:40")}

    outcomes = _at_once(
        world,
        lambda: actions.accept_repair(ticket.pk, **page),
        lambda: actions.return_repair(ticket.pk, reason="缺工具", **page),
    )

    assert len(_refusals(outcomes)) == 1
    assert set(_refusals(outcomes)) <= {StaleVersion, IllegalTransition}
    with company_scope(world.company.pk):
        ticket.refresh_from_db()
        kinds = set(TicketEvent.objects.filter(ticket=ticket).values_list("kind", flat=True))
        assert len(kinds & {"accepted", "returned"}) == 1
        assert ticket.state == ("accepted" if "accepted" in kinds else "reported")
        assert clock(ticket, "REP-15").state == ("met" if "accepted" in kinds else "cancelled")


@pytest.mark.rule("REP-15")
def test_of_two_technicians_who_grab_a_job_from_the_pool_one_gets_it(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        on_duty(world)
        ticket = report(world)
        actions.dispatch_repair(ticket.pk, by=world.front_desk, at=T("10:00:30"))

    outcomes = _at_once(
        world,
        lambda: actions.accept_repair(ticket.pk, by=world.technician, at=T("10:00:40")),
        lambda: actions.accept_repair(ticket.pk, by=world.technician_2, at=T("10:00:40")),
    )

    assert len(_refusals(outcomes)) == 1
    with company_scope(world.company.pk):
        ticket.refresh_from_db()
        winner = next(outcome for outcome in outcomes if isinstance(outcome, Ticket))
        assert (ticket.state, ticket.assignee_id) == ("accepted", winner.assignee_id)
        assert TicketEvent.objects.filter(ticket=ticket, kind="accepted").count() == 1


@pytest.mark.rule("REP-15")
def test_the_hand_and_the_automatic_acceptance_at_once_accept_once(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "dispatched")
        running = clock(ticket, "REP-15")

    outcomes = _at_once(
        world,
        lambda: actions.accept_repair(ticket.pk, by=world.technician, at=T("10:01:40")),
        lambda: actions.auto_accept(running, at=T("10:01:40")),
    )

    assert _refusals(outcomes) == []
    with company_scope(world.company.pk):
        kinds = list(TicketEvent.objects.filter(ticket=ticket).order_by("pk").values_list("kind", flat=True))
        assert kinds.count("auto_accepted") == 1
        assert kinds.count("accepted_by_hand") == 1
        assert kinds.count("breached") == 1
        assert clock(ticket, "REP-16").due_at == T("10:06:30")
        assert SlaClock.objects.filter(ticket=ticket, rule_code="REP-16").count() == 1


def test_the_same_form_sent_five_times_at_once_makes_one_ticket(committed_garden: World) -> None:
    world = committed_garden
    key = uuid.uuid4()
    with company_scope(world.company.pk):
        intake = take(world, form_key=key)
        world.front_desk.roles_in(world.project.pk)

    outcomes = _at_once(
        world,
        *[
            lambda: actions.report_repair(intake, project=world.project, by=world.front_desk, at=T("10:00"))
            for _ in range(5)
        ],
    )

    with company_scope(world.company.pk):
        ticket = Ticket.objects.get()
        assert {outcome.pk for outcome in outcomes} == {ticket.pk}
        assert TicketEvent.objects.count() == 1
        assert SlaClock.objects.filter(rule_code="REP-09").count() == 1


@pytest.mark.rule("GEN-09")
def test_repairs_taken_down_at_once_have_numbers_of_their_own(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        intake = take(world, not_duplicate=True)
        world.front_desk.roles_in(world.project.pk)

    outcomes = _at_once(
        world,
        *[
            lambda: actions.report_repair(intake, project=world.project, by=world.front_desk, at=T("10:00"))
            for _ in range(4)
        ],
    )

    assert sorted(ticket.number for ticket in outcomes) == [f"GD-20250314-{n:03d}" for n in range(1, 5)]


@pytest.mark.rule("CBK-02")
def test_two_clerks_who_call_the_same_customer_back_register_one_first_callback(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "accepted_ok", is_important=True)
    call: dict[str, Any] = {
        "outcome": "reached",
        "person_reached": "业主",
        "is_solved": True,
        "satisfaction": 5,
        "version": ticket.version,
        "at": T("11:30"),
    }

    outcomes = _at_once(
        world,
        lambda: closing.register_callback(ticket.pk, by=world.front_desk, **call),
        lambda: closing.register_callback(ticket.pk, by=world.supervisor, **call),
    )

    assert len(_refusals(outcomes)) == 1
    with company_scope(world.company.pk):
        assert ticket.callbacks.count() == 1
        assert clock(ticket, "REP-27").state == "running"  # nobody's second call was taken for the other's first


@pytest.mark.rule("GEN-10")
def test_two_corrections_from_the_same_page_do_not_overwrite_each_other(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "reported")
    page: dict[str, Any] = {"reason": "听错了", "version": ticket.version, "at": T("10:01")}

    outcomes = _at_once(
        world,
        lambda: edit_ticket(ticket.pk, by=world.front_desk, changes={"title": "阳台漏水"}, **page),
        lambda: edit_ticket(ticket.pk, by=world.supervisor, changes={"contact_name": "租户"}, **page),
    )

    assert _refusals(outcomes) == [StaleVersion]
    with company_scope(world.company.pk):
        assert TicketEvent.objects.filter(ticket=ticket, kind="edited").count() == 1
