"""The money of a paid repair: every round is charged, relieved and receipted by itself (rules REP-28, REP-36)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from repairs import actions
from repairs.actions import Material
from repairs.kind import REPAIR
from repairs.models import RepairOrder
from residents.errors import GateClosed, InvalidInput, NotAllowed
from tests.repairs.paths import call_back, finish, redo, refused, repair_in, report, sign
from tests.worlds import T, World
from tickets import closing
from tickets.actions import ask_approval, decide_approval
from tickets.models import Ticket, TicketEvent


def charged(world: World, *, labour_fen: int = 5000, **facts: Any) -> Ticket:
    """A paid repair whose first round was charged and reported."""
    ticket = repair_in(world, "in_work", category=world.paint, price_told=True)
    finish(world, ticket, labour_fen=labour_fen, report=True, **facts)
    return ticket


def reject(world: World, ticket: Ticket) -> None:
    closing.reject_result(ticket.pk, by=world.specialist, reason="还在滴水", at=T("10:55"))
    redo(world, ticket)


def relieve(world: World, ticket: Ticket, fen: int) -> None:
    asked = ask_approval(
        ticket.pk, by=world.front_desk, subject="fee_relief", reason="关键顾客", amount_fen=fen, at=T("10:51")
    )
    decide_approval(asked.pk, by=world.estate_manager, granted=True, at=T("10:52"))
    actions.waive_fee(ticket.pk, by=world.front_desk, amount_fen=fen, at=T("10:53"))


def take(world: World, ticket: Ticket, receipt: str, at: str) -> None:
    actions.take_fee(ticket.pk, by=world.front_desk, receipt_number=receipt, at=T(at))


def money(ticket: Ticket) -> tuple[int, int, int, int]:
    order = RepairOrder.objects.get(ticket=ticket)
    return order.charge_fen, order.waived_fen, order.paid_fen, order.owed_fen


@pytest.mark.rule("REP-36, REP-28")
def test_a_free_redo_leaves_what_the_first_round_charged_waived_and_paid(garden: World) -> None:
    ticket = charged(garden)
    relieve(garden, ticket, 2000)
    take(garden, ticket, "R-1", "10:54")
    reject(garden, ticket)

    finish(garden, ticket, "11:30", labour_fen=0)

    assert money(ticket) == (5000, 2000, 3000, 0)
    assert TicketEvent.objects.filter(ticket=ticket, kind="work_finished").latest("pk").data["charge_fen"] == 0


@pytest.mark.rule("REP-36")
def test_the_receipt_of_the_first_round_does_not_settle_the_second(garden: World) -> None:
    ticket = charged(garden)
    take(garden, ticket, "R-1", "10:54")
    reject(garden, ticket)
    finish(garden, ticket, "11:30", labour_fen=8000, report=True)
    closing.accept_result(ticket.pk, by=garden.specialist, at=T("11:31"))
    call_back(garden, ticket, "11:32")
    sign(garden, ticket, "11:33", purpose="slip")
    actions.return_slip(ticket.pk, by=garden.front_desk, at=T("11:33"))
    closing.review_ticket(ticket.pk, by=garden.centre_head, at=T("11:40"))

    assert money(ticket) == (13000, 0, 5000, 8000)
    with refused(GateClosed, "REP-36"):
        closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("11:41"))

    take(garden, ticket, "R-2", "11:42")
    closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("11:43"))
    received = TicketEvent.objects.filter(ticket=ticket, kind="fee_received").order_by("pk")
    assert [(event.data["receipt"], event.data["amount_fen"]) for event in received] == [("R-1", 5000), ("R-2", 8000)]


@pytest.mark.rule("REP-36")
def test_what_an_unpaid_round_charged_is_still_owed_after_a_free_redo(garden: World) -> None:
    ticket = charged(garden)
    reject(garden, ticket)
    finish(garden, ticket, "11:30", labour_fen=0)

    take(garden, ticket, "R-1", "11:31")

    assert money(ticket) == (5000, 0, 5000, 0)


@pytest.mark.rule("REP-36")
def test_the_bill_of_two_rounds_has_the_lines_and_the_total_of_both(garden: World) -> None:
    ticket = charged(garden, labour_fen=0, materials=(Material(name="软管", price_fen=5000),))
    take(garden, ticket, "R-1", "10:54")
    reject(garden, ticket)
    finish(garden, ticket, "11:30", materials=(Material(name="垫片", price_fen=300),))

    again = Ticket.objects.get(pk=ticket.pk)
    bill = REPAIR.bill(again)
    assert [line[0] for line in bill.lines] == ["软管", "垫片"]
    assert bill.total_fen == sum(line[3] for line in bill.lines) == 5300
    assert REPAIR.work(again).money == "¥53.00 · 已告知 · 收据 R-1 · 还欠 ¥3.00"


@pytest.mark.rule("REP-28")
def test_what_a_receipt_was_given_for_is_not_waived_any_more(garden: World) -> None:
    ticket = charged(garden)
    take(garden, ticket, "R-1", "10:51")
    asked = ask_approval(
        ticket.pk, by=garden.front_desk, subject="fee_relief", reason="关键顾客", amount_fen=2000, at=T("10:52")
    )
    decide_approval(asked.pk, by=garden.estate_manager, granted=True, at=T("10:53"))

    with refused(InvalidInput, "REP-28", field="amount"):
        actions.waive_fee(ticket.pk, by=garden.front_desk, amount_fen=2000, at=T("10:54"))


@pytest.mark.rule("REP-36")
def test_a_mistyped_receipt_number_is_corrected_without_another_payment(garden: World) -> None:
    ticket = charged(garden)
    take(garden, ticket, "R-l", "10:51")

    take(garden, ticket, "R-1", "10:52")

    assert RepairOrder.objects.get(ticket=ticket).receipt_number == "R-1"
    assert money(ticket) == (5000, 0, 5000, 0)


# REP-05: the class is corrected before billing


@pytest.mark.rule("REP-05, REP-28, ROLE-10")
def test_the_desk_does_not_drop_a_charge_by_calling_the_repair_a_warranty_one(garden: World) -> None:
    ticket = charged(garden)
    correction: dict[str, Any] = {"in_warranty": True, "reason": "属保修"}

    for person in (garden.front_desk, garden.supervisor, garden.night_duty):
        with refused(NotAllowed, "REP-05"):
            actions.correct_warranty(ticket.pk, by=person, **correction, at=T("10:52"))
    reject(garden, ticket)
    with refused(NotAllowed, "REP-05"):
        actions.correct_warranty(ticket.pk, by=garden.front_desk, **correction, at=T("11:10"))

    assert money(ticket) == (5000, 0, 0, 5000)
    actions.correct_warranty(ticket.pk, by=garden.engineering_duty, **correction, at=T("11:10"))
    assert money(ticket) == (0, 0, 0, 0)


@pytest.mark.rule("REP-05, REP-36")
def test_what_was_paid_with_a_receipt_is_not_made_free_afterwards(garden: World) -> None:
    ticket = charged(garden)
    take(garden, ticket, "R-1", "10:51")

    with refused(GateClosed, "REP-05"):
        actions.correct_warranty(
            ticket.pk, by=garden.engineering_duty, in_warranty=True, reason="属保修", at=T("10:52")
        )


@pytest.mark.rule("REP-36")
def test_the_database_refuses_more_receipts_than_charges(garden: World) -> None:
    order = RepairOrder.objects.filter(ticket=report(garden))

    with pytest.raises(IntegrityError, match="repairs_order_waived_and_paid_in_charge"), transaction.atomic():
        order.update(paid_fen=1)
