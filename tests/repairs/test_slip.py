"""The two-part slip on paper: what it says, and that its clock is not met without it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from repairs import actions
from residents.tenancy import scope_now
from tests.browsing import client_of, on_duty_now
from tests.repairs.paths import clock, report
from tests.residents.factories import MembershipFactory, ProjectFactory
from tests.worlds import World
from tickets.models import Ticket, TicketEvent


@pytest.fixture
def ticket(garden: World) -> Ticket:
    garden.owner.care_note = "家有老人，先电话"
    garden.owner.save()
    return report(garden, scope_now(), description="水槽下方漏水", contact_phone="13800006621")


def press(client: Client, ticket: Ticket, form_key: str = "") -> Any:
    """The button's form, which opens a window of its own."""
    data = {"form_key": form_key or uuid.uuid4().hex}
    return client.post(f"/tickets/{ticket.public_id}/act/print_slip/", data)


@pytest.mark.rule("REP-12, GEN-09")
def test_the_button_opens_the_slip_in_two_parts_and_that_is_the_print(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)
    page = client.get(f"/tickets/{ticket.public_id}/").content.decode()
    assert f'action="/tickets/{ticket.public_id}/act/print_slip/" target="_blank"' in page
    assert clock(ticket, "REP-12").state == "running"

    answer = press(client, ticket)

    slip = answer.content.decode()
    assert answer.status_code == 200
    assert slip.count("客户服务中心工作单</h1>") == slip.count(f'<b class="num">{ticket.number}-1</b>') == 2
    for text in (
        "第一联 存根",
        "第二联 执行",
        "3栋1单元2502",
        "测试业主",
        "厨房漏水",
        "水槽下方漏水",
        "家有老人，先电话",
    ):
        assert text in slip
    assert "138****6621" in slip
    assert "13800006621" not in slip
    assert 'src="data:image/svg+xml' in slip
    assert "补打 " not in slip
    assert clock(ticket, "REP-12").state == "met"


@pytest.mark.rule("REP-12")
def test_the_qr_code_leads_to_the_ticket(garden: World, ticket: Ticket) -> None:
    import segno

    slip = press(client_of(garden.front_desk), ticket).context["slip"]

    address = f"http://testserver/tickets/{ticket.public_id}/"
    assert slip.qr == segno.make_qr(address, error="m").svg_data_uri(border=0)


@pytest.mark.rule("GEN-09")
def test_a_second_print_is_marked_on_the_paper_and_logged_the_same_form_again_is_not(
    garden: World, ticket: Ticket
) -> None:
    client, key = client_of(garden.front_desk), uuid.uuid4().hex
    press(client, ticket)

    again = [press(client, ticket, key) for _ in range(2)]

    assert ["补打 1</span>" in answer.content.decode() for answer in again] == [True, True]
    events = TicketEvent.objects.filter(ticket=ticket, kind="slip_printed").order_by("pk")
    assert [event.data["reprint"] for event in events] == [False, True]


def test_what_is_known_stands_on_it_and_the_rest_is_blank(garden: World, ticket: Ticket) -> None:
    on_duty_now(garden, "technician")
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician)
    actions.accept_repair(ticket.pk, by=garden.technician)
    actions.arrive(ticket.pk, by=garden.technician)

    slip = press(client_of(garden.front_desk), ticket).context["slip"]

    local = f"{scope_now().astimezone(garden.project.tzinfo):%m-%d %H:%M}"
    assert (slip.technician, slip.dispatched, slip.arrived) == ("技工 0010", local, local)
    assert (slip.started, slip.finished, slip.result) == ("____:____", "____:____", "")
    assert (slip.in_warranty, slip.agreed, len(slip.materials)) == (True, "立即", 3)


@pytest.mark.rule("REP-05, REP-07")
def test_a_paid_repair_is_printed_on_its_own_form_with_its_price(garden: World) -> None:
    paid = report(garden, scope_now(), category=garden.paint, price_told=True)

    page = press(client_of(garden.front_desk), paid).content.decode()

    assert "工程维修单</h1>" in page
    assert "☑ 已事先告知收费标准：上门维修费 ¥35.00 / 次" in page


@pytest.mark.rule("GEN-08")
def test_the_slip_is_written_in_the_zone_of_its_estate(garden: World) -> None:
    elsewhere = ProjectFactory(code="002", zone="Asia/Urumqi")
    MembershipFactory(staff=garden.front_desk, project=elsewhere, role="front_desk")
    begins = scope_now() + timedelta(days=1)
    ticket = report(
        garden, scope_now(), when="appointment", window_from=begins, window_to=begins + timedelta(minutes=30)
    )

    slip = press(client_of(garden.front_desk, elsewhere), ticket).context["slip"]

    assert slip.agreed.startswith(f"{begins.astimezone(garden.project.tzinfo):%m-%d %H:%M}")


@pytest.mark.parametrize("role", ["technician", "specialist", "finance"])
def test_others_print_nothing(garden: World, ticket: Ticket, role: str) -> None:
    assert press(client_of(garden.staff[role]), ticket).status_code in (403, 404)
    assert not TicketEvent.objects.filter(ticket=ticket, kind="slip_printed").exists()
