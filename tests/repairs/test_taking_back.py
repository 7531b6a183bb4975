"""A dispatch is taken back for a few seconds: as if it had not been, and yet on record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from repairs import actions
from repairs.models import Visit
from residents.errors import GateClosed
from tests.browsing import client_of, do, htmx, on_duty_now
from tests.repairs.paths import clock, on_duty, refused, report
from tests.worlds import T, World
from tickets.errors import IllegalTransition
from tickets.models import Notice, SlaClock, Ticket, TicketEvent

pytestmark = pytest.mark.django_db


def dispatched(world: World, *, saved: str = "10:00:00", sent: str = "10:00:20", **changes: Any) -> Ticket:
    on_duty(world)
    ticket = report(world, saved)
    return actions.dispatch_repair(
        ticket.pk, by=world.front_desk, at=T(sent), **{"technician": world.technician, **changes}
    )


@pytest.mark.rule("REP-06, REP-09, REP-12, REP-15, GEN-02")
def test_the_clocks_run_on_as_if_nobody_had_been_sent(garden: World) -> None:
    ticket = dispatched(garden)

    actions.take_back_dispatch(ticket.pk, by=garden.front_desk, at=T("10:00:27"))

    ticket.refresh_from_db()
    assert (ticket.state, ticket.assignee, ticket.is_pooled) == ("reported", None, False)
    assert (ticket.repair.dispatched_at, ticket.repair.informed_at) == (None, None)
    assert Visit.objects.get(ticket=ticket).technician is None
    live = SlaClock.objects.live().filter(ticket=ticket)
    assert dict(live.values_list("rule_code", "due_at")) == {
        "REP-06": T("10:01:00"),
        "REP-09": T("10:01:00"),
        "REP-12": T("10:05:00"),
    }
    assert clock(ticket, "REP-15").state == "cancelled"
    event = TicketEvent.objects.filter(ticket=ticket).latest("pk")
    assert (event.kind, event.actor) == ("dispatch_taken_back", garden.front_desk)

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician_2, at=T("10:00:50"))
    assert clock(ticket, "REP-09").state == "met"


@pytest.mark.rule("REP-06")
def test_what_was_done_without_the_dispatch_stays_done(garden: World) -> None:
    on_duty(garden)
    ticket = report(garden)
    actions.inform_engineering(ticket.pk, by=garden.front_desk, at=T("10:00:10"))
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:00:20"))

    actions.take_back_dispatch(ticket.pk, by=garden.front_desk, at=T("10:00:25"))

    ticket.repair.refresh_from_db()
    assert ticket.repair.informed_at == T("10:00:10")
    live = SlaClock.objects.live().filter(ticket=ticket).order_by("rule_code")
    assert list(live.values_list("rule_code", flat=True)) == ["REP-09", "REP-12"]


@pytest.mark.rule("GEN-02, REP-09")
def test_a_dispatch_that_was_late_stays_late_and_a_new_minute_starts(garden: World) -> None:
    ticket = dispatched(garden, sent="10:02:00")

    actions.take_back_dispatch(ticket.pk, by=garden.front_desk, at=T("10:02:05"))

    first, second = SlaClock.objects.filter(ticket=ticket, rule_code="REP-09").order_by("pk")
    assert (first.state, first.breached_at) == ("closed_breached", T("10:01:00"))
    assert (second.state, second.due_at) == ("running", T("10:03:05"))
    assert clock(ticket, "REP-12").due_at == T("10:05:00")


@pytest.mark.parametrize("to_pool", [False, True])
def test_the_notice_is_withdrawn_and_no_other(garden: World, to_pool: bool) -> None:
    ticket = dispatched(garden, technician=None if to_pool else garden.technician)
    actions.take_back_dispatch(ticket.pk, by=garden.front_desk, at=T("10:00:25"))
    assert not Notice.objects.filter(ticket=ticket, kind="dispatched").exists()

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician_2, at=T("10:00:40"))
    assert list(Notice.objects.filter(kind="dispatched").values_list("staff_id", flat=True)) == [garden.technician_2.pk]


def test_it_is_too_late_after_ten_seconds_and_once_somebody_has_accepted(garden: World) -> None:
    ticket = dispatched(garden)

    with refused(GateClosed, "REP-09", saying="超过 8 秒"):
        actions.take_back_dispatch(ticket.pk, by=garden.front_desk, at=T("10:00:31"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:00:25"))
    with refused(IllegalTransition):
        actions.take_back_dispatch(ticket.pk, by=garden.front_desk, at=T("10:00:27"))


def test_only_the_own_first_dispatch_is_taken_back(garden: World) -> None:
    ticket = dispatched(garden)

    with refused(GateClosed, "REP-09", saying="别人派的单"):
        actions.take_back_dispatch(ticket.pk, by=garden.supervisor, at=T("10:00:25"))
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician_2, at=T("10:00:30"))
    with refused(GateClosed, "REP-09", saying="改派"):
        actions.take_back_dispatch(ticket.pk, by=garden.front_desk, at=T("10:00:32"))


def test_the_page_offers_it_after_a_dispatch_and_not_after_a_reassignment(garden: World) -> None:
    on_duty_now(garden, "front_desk", "technician", "technician_2")
    clerk = client_of(garden.front_desk)
    ticket = actions.report_repair(_taken(garden), project=garden.project, by=garden.front_desk)

    sent = do(clerk, ticket, "dispatch", technician=str(garden.technician.pk))
    address = json.loads(sent["HX-Trigger"])["toast"]["undo"]
    again = do(clerk, ticket, "dispatch", technician=str(garden.technician_2.pk))

    assert address == f"/tickets/{ticket.public_id}/act/take_back/"
    assert json.loads(again["HX-Trigger"])["toast"]["undo"] == ""
    said = clerk.post(address, headers=htmx())
    assert said.status_code == 409
    assert "data-problem" in said.content.decode()
    assert "take_back" not in clerk.get(f"/tickets/{ticket.public_id}/").content.decode()


def _taken(world: World) -> actions.RepairIntake:
    return actions.RepairIntake(category=world.leak, unit=world.unit, when="now", contact_name="测试业主")
