"""Who decides in whose place, and up to which sum (rulebook 25)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from residents.errors import GateClosed, NotAllowed
from residents.models import Staff
from residents.tenancy import scope_now
from tests.repairs.paths import refused, repair_in
from tests.residents.factories import ProjectFactory
from tests.worlds import T, World
from tickets import closing
from tickets.actions import ask_approval, decide_approval
from tickets.errors import IllegalTransition
from tickets.models import Approval, Notice, TicketEvent

# ROLE-19: deputies


@pytest.fixture
def deputy(garden: World) -> Staff:
    """The supervisor, who decides for the head of the centre and for the estate manager."""
    Staff.objects.filter(pk__in=(garden.centre_head.pk, garden.estate_manager.pk)).update(deputy=garden.supervisor)
    return garden.supervisor


def _present(world: World, role: str) -> None:
    """On duty at the moment of the test itself."""
    now = scope_now()
    world.on_duty(role, start=now - timedelta(hours=1), end=now + timedelta(hours=1))


@pytest.mark.rule("ROLE-19")
def test_the_deputy_signs_while_the_head_of_the_centre_is_absent(garden: World, deputy: Staff) -> None:
    ticket = repair_in(garden, "called_back")

    closing.review_ticket(ticket.pk, by=deputy, at=T("12:00"))

    ticket.refresh_from_db()
    assert (ticket.state, ticket.reviewed_by_id) == ("reviewed", deputy.pk)
    assert TicketEvent.objects.get(ticket=ticket, kind="reviewed").data["as_deputy"] is True


@pytest.mark.rule("ROLE-19")
@pytest.mark.parametrize("why", ["present", "elsewhere", "gone", "nobody's"])
def test_the_deputy_signs_only_for_somebody_absent_of_this_project(garden: World, deputy: Staff, why: str) -> None:
    ticket = repair_in(garden, "called_back")
    if why == "present":
        _present(garden, "centre_head")
    elif why == "elsewhere":
        garden.centre_head.memberships.update(project=ProjectFactory(code="002"))
    elif why == "gone":
        Staff.objects.filter(pk=garden.centre_head.pk).update(is_active=False)
    else:
        Staff.objects.filter(pk=garden.centre_head.pk).update(deputy=garden.specialist)

    with refused(NotAllowed, "ROLE-01"):
        closing.review_ticket(ticket.pk, by=deputy, at=T("12:00"))


@pytest.mark.rule("ROLE-19, ROLE-18")
def test_a_deputy_does_not_review_what_he_accepted(garden: World) -> None:
    ticket = repair_in(garden, "called_back")
    Staff.objects.filter(pk=garden.centre_head.pk).update(deputy=garden.specialist)

    with refused(GateClosed, "ROLE-18"):
        closing.review_ticket(ticket.pk, by=garden.specialist, at=T("12:00"))


@pytest.mark.rule("ROLE-19, ROLE-18, ROLE-10")
def test_the_deputy_is_told_of_a_request_and_decides_it_unless_it_is_his_own_or_too_much(
    garden: World, deputy: Staff
) -> None:
    ticket = repair_in(garden, "reported")
    ask: dict[str, Any] = {"subject": "fee_relief", "reason": "关键顾客", "at": T("10:01")}
    asked = ask_approval(ticket.pk, by=garden.front_desk, amount_fen=500, **ask)
    own = ask_approval(ticket.pk, by=deputy, amount_fen=500, **ask)
    much = ask_approval(ticket.pk, by=garden.front_desk, amount_fen=200_001, **ask)

    told = Notice.objects.filter(dedup_key=f"approval/{asked.pk}").order_by("staff")
    assert [notice.staff_id for notice in told] == [deputy.pk, garden.estate_manager.pk]
    with refused(GateClosed, "ROLE-18"):
        decide_approval(own.pk, by=deputy, granted=True, at=T("10:02"))
    with refused(GateClosed, "ROLE-10"):
        decide_approval(much.pk, by=deputy, granted=True, at=T("10:02"))
    decide_approval(asked.pk, by=deputy, granted=True, at=T("10:02"))
    assert TicketEvent.objects.get(ticket=ticket, kind="approval_decided").data["as_deputy"] is True


# ROLE-18 elsewhere: approvals


@pytest.mark.rule("ROLE-18, ROLE-10")
def test_nobody_decides_what_he_asked_for_himself(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    manager = garden.also("estate_manager", "front_desk")
    own = ask_approval(ticket.pk, by=manager, subject="fee_relief", reason="关键顾客", amount_fen=500, at=T("10:00:10"))

    with refused(GateClosed, "ROLE-18"):
        decide_approval(own.pk, by=manager, granted=True, at=T("10:00:20"))
    with pytest.raises(IntegrityError, match="approval_not_by_the_asker"), transaction.atomic():
        Approval.objects.filter(pk=own.pk).update(decided_by=manager, decided_at=T("10:00:20"), decision="granted")


@pytest.mark.rule("ROLE-10")
def test_relief_beyond_the_estate_managers_limit_is_asked_of_the_company_and_decided_there(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    garden.project.relief_limit_fen = 50_000
    garden.project.save()
    asked = [
        ask_approval(
            ticket.pk, by=garden.front_desk, subject="fee_relief", reason="关键顾客", amount_fen=fen, at=T("10:01")
        )
        for fen in (50_000, 50_001)
    ]

    told = Notice.objects.filter(ticket=ticket, kind="approval").order_by("pk")
    assert [notice.staff_id for notice in told] == [garden.estate_manager.pk, garden.staff["company"].pk]
    with refused(GateClosed, "ROLE-10", saying="¥500.00"):
        decide_approval(asked[1].pk, by=garden.estate_manager, granted=True, at=T("10:02"))

    decide_approval(asked[0].pk, by=garden.estate_manager, granted=True, at=T("10:02"))
    decide_approval(asked[1].pk, by=garden.staff["company"], granted=True, at=T("10:03"))
    events = TicketEvent.objects.filter(ticket=ticket, kind="approval_decided", data__limit_fen=50_000)
    assert events.count() == 2


@pytest.mark.rule("ROLE-10")
def test_a_decision_is_made_once(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    asked = ask_approval(
        ticket.pk, by=garden.front_desk, subject="fee_relief", reason="关键顾客", amount_fen=500, at=T("10:00:10")
    )
    decide_approval(asked.pk, by=garden.estate_manager, granted=False, at=T("10:00:20"))

    with refused(IllegalTransition):
        decide_approval(asked.pk, by=garden.estate_manager, granted=True, at=T("10:00:30"))
