"""Taking a repair down and walking it on through the API: the rules of the desk hold here too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from residents.models import Staff
from residents.tenancy import company_scope, scope_now
from tests.api.conftest import REPAIRS, TICKETS, Caller, problem
from tests.worlds import World, make_world
from tickets.models import SlaClock, Ticket, TicketEvent

Call = Callable[[str], Caller]


def intake(world: World, **more: Any) -> dict[str, Any]:
    return {
        "category": world.leak.code,
        "when": "now",
        "unit": str(world.unit.public_id),
        "reporter": str(world.owner.public_id),
        "contact_name": "测试业主",
        "contact_phone": "13800006621",
        **more,
    }


def taken_down(world: World, caller: Call) -> str:
    answer = caller("front_desk").post(REPAIRS, intake(world))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_repair_is_taken_down_with_its_clocks_and_events(garden: World, caller: Call) -> None:
    answer = caller("front_desk").post(REPAIRS, intake(garden))

    body = answer.json()
    ticket = Ticket.objects.get()
    assert answer.status_code == 201
    assert body["id"] == str(ticket.public_id)
    assert (body["state"], body["place"], body["title"]) == ("reported", garden.unit.label, "厨房漏水")
    assert body["contact_phone"] == "138****6621"
    assert {clock["rule"] for clock in body["clocks"]} == set(
        SlaClock.objects.filter(ticket=ticket).values_list("rule_code", flat=True)
    )
    assert [event["kind"] for event in body["events"]][:1] == ["reported"]


@pytest.mark.rule("REP-06")
@pytest.mark.parametrize("minutes", [-41, 1])
def test_a_contact_that_ended_before_the_report_or_has_not_ended_is_refused(
    garden: World, caller: Call, minutes: int
) -> None:
    now = scope_now()
    moments = {
        "occurred_at": (now - timedelta(minutes=40)).isoformat(),
        "contact_ended_at": (now + timedelta(minutes=minutes)).isoformat(),
    }

    refused = problem(caller("front_desk").post(REPAIRS, intake(garden, **moments)))

    assert (refused["status"], refused["rule"], refused["field"]) == (422, "REP-06", "contact_ended_at")
    assert not Ticket.objects.exists()


@pytest.mark.rule("REP-06")
def test_a_report_typed_in_later_over_the_api_ended_when_it_was_made(garden: World, caller: Call) -> None:
    made = scope_now() - timedelta(minutes=40)

    answer = caller("front_desk").post(REPAIRS, intake(garden, occurred_at=made.isoformat()))

    assert answer.status_code == 201
    assert SlaClock.objects.get(rule_code="REP-06").due_at == made + timedelta(minutes=1)


@pytest.mark.rule("REP-04")
def test_a_repair_without_a_home_is_refused_with_rule_and_field(garden: World, caller: Call) -> None:
    body = intake(garden)
    del body["unit"]

    refused = problem(caller("front_desk").post(REPAIRS, body))

    assert (refused["status"], refused["rule"], refused["field"]) == (422, "REP-04", "unit")
    assert not Ticket.objects.exists()


@pytest.mark.rule("REP-10")
def test_a_suspected_duplicate_names_the_open_ticket_by_its_public_id(garden: World, caller: Call) -> None:
    first = taken_down(garden, caller)

    refused = problem(caller("front_desk").post(REPAIRS, intake(garden)))

    assert (refused["status"], refused["rule"]) == (409, "REP-10")
    assert [candidate["id"] for candidate in refused["candidates"]] == [first]
    assert caller("front_desk").post(REPAIRS, intake(garden, not_duplicate=True)).status_code == 201


def test_a_repair_walks_from_report_to_start_through_the_same_verbs(garden: World, caller: Call) -> None:
    now = scope_now()
    garden.on_duty("technician", start=now - timedelta(hours=1), end=now + timedelta(hours=8))
    ticket = taken_down(garden, caller)
    desk, technician = caller("front_desk"), caller("technician")

    states = [
        desk.act(ticket, "dispatch", {"technician": str(garden.technician.public_id)}).json()["state"],
        technician.act(ticket, "accept").json()["state"],
        technician.act(ticket, "arrive", {"method": "manual"}).json()["state"],
        technician.act(ticket, "start").json()["state"],
    ]

    assert states == ["dispatched", "accepted", "on_site", "in_work"]
    actors = dict(TicketEvent.objects.filter(actor__isnull=False).values_list("kind", "actor"))
    assert actors["dispatched"] == garden.front_desk.pk
    assert actors["work_started"] == garden.technician.pk


@pytest.mark.rule("REP-18")
def test_a_closed_gate_is_a_409_that_names_the_rule(garden: World, caller: Call) -> None:
    test_a_repair_walks_from_report_to_start_through_the_same_verbs(garden, caller)
    ticket = Ticket.objects.get()

    refused = problem(caller("technician").act(ticket.public_id, "leave"))

    assert (refused["status"], refused["code"], refused["rule"]) == (409, "gate", "REP-18")


def test_a_stale_version_is_refused_and_changes_nothing(garden: World, caller: Call) -> None:
    ticket = taken_down(garden, caller)
    body = {"reason": "x", "withdrawn_by": "业主", "method": "phone", "version": 99}
    assert caller("front_desk").act(ticket, "cancel", body).json()["code"] == "stale"

    assert Ticket.objects.get().state == "reported"


def test_an_illegal_step_is_a_409(garden: World, caller: Call) -> None:
    ticket = taken_down(garden, caller)

    assert problem(caller("front_desk").act(ticket, "start"))["code"] == "illegal-transition"


def test_a_word_that_no_act_has_is_a_404(garden: World, caller: Call) -> None:
    ticket = taken_down(garden, caller)

    assert caller("front_desk").act(ticket, "explode").status_code == 404
    assert caller("front_desk").act(ticket, "miss_visit").status_code == 404


def test_the_wrong_role_is_told_so_before_its_body_is_read(garden: World, caller: Call) -> None:
    ticket = taken_down(garden, caller)

    assert problem(caller("guard").post(REPAIRS, {"nonsense": 1}))["status"] == 403
    refused = problem(caller("guard").act(ticket, "dispatch", {"nonsense": 1}))
    assert (refused["status"], refused["rule"]) == (403, "REP-09")


def test_a_comment_and_a_promise_are_acts_beside_the_workflow(garden: World, caller: Call) -> None:
    ticket = taken_down(garden, caller)
    later = (scope_now() + timedelta(hours=2)).isoformat()

    caller("front_desk").act(ticket, "comment", {"text": "业主在家"})
    answer = caller("front_desk").act(ticket, "promise", {"subject": "回电", "promised_at": later})

    assert [event["kind"] for event in answer.json()["events"]][-2:] == ["comment", "promise_made"]
    assert answer.json()["events"][-2]["data"] == {"text": "业主在家"}


def test_a_body_cannot_set_what_it_is_not_asked_for(garden: World, caller: Call) -> None:
    extra = {"state": "archived", "company": 1, "company_id": 1, "number": "X", "reported_at": "2001-01-01T00:00:00Z"}

    answer = caller("front_desk").post(REPAIRS, intake(garden, **extra))

    ticket = Ticket.objects.get()
    assert answer.status_code == 201
    assert (ticket.state, ticket.company_id) == ("reported", garden.company.pk)
    assert ticket.number.startswith("GD-")
    assert ticket.reported_at.year != 2001


@pytest.mark.parametrize("field", ["unit", "reporter", "project"])
def test_an_id_of_another_company_looks_like_one_that_never_was(field: str, garden: World, caller: Call) -> None:
    rival = make_world("rival")
    with company_scope(rival.company.pk):
        ids = {
            "unit": rival.unit.public_id,
            "reporter": rival.owner.public_id,
            "project": rival.project.public_id,
        }
    foreign = ids[field]

    answers = [
        problem(caller("front_desk").post(REPAIRS, intake(garden, **{field: str(public_id)})))
        for public_id in (foreign, "11111111-2222-4333-8444-555555555555")
    ]

    for answer in answers:
        answer["errors"] = (
            str(answer["errors"]).replace(str(foreign), "ID").replace("11111111-2222-4333-8444-555555555555", "ID")
        )
    assert answers[0] == answers[1]
    assert answers[0]["status"] == 422
    assert not Ticket.objects.exists()


def test_a_technician_of_another_company_cannot_be_sent(garden: World, caller: Call) -> None:
    rival = make_world("rival")
    ticket = taken_down(garden, caller)

    refused = problem(caller("front_desk").act(ticket, "dispatch", {"technician": str(rival.technician.public_id)}))

    assert (refused["status"], list(refused["errors"])) == (422, ["technician"])
    assert Ticket.objects.get().assignee_id is None
    assert isinstance(rival.technician, Staff)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nothing",
        b'{"category": ',
        b'{"category": "\\u0000"}',
        b'{"category": "kitchen-leak", "description": "\\ud800"}',
        b'{"category": {"a": 1}}',
        b"[" * 100_000,
        b'{"unit": "not-a-uuid", "category": "kitchen-leak"}',
        b'{"category": "kitchen-leak", "window_to": "tomorrow", "when": 7}',
        b'{"category": "kitchen-leak", "description": "' + b"x" * 5001 + b'"}',
    ],
)
def test_a_body_that_makes_no_sense_is_refused_and_never_a_fault(body: bytes, garden: World, caller: Call) -> None:
    answer = caller("front_desk").client.post(REPAIRS, body, content_type="application/json")

    assert problem(answer)["status"] in (400, 422)
    assert not Ticket.objects.exists()


def test_a_form_is_not_taken_for_a_call(garden: World, caller: Call) -> None:
    answer = caller("front_desk").client.post(REPAIRS, intake(garden))

    assert problem(answer)["status"] == 415


def test_an_unsafe_call_needs_the_token_of_the_form_protection(garden: World) -> None:
    caller = Caller(garden, garden.front_desk, csrf=True)

    assert problem(caller.post(REPAIRS, intake(garden)))["status"] == 403
    assert not Ticket.objects.exists()


def test_only_public_ids_leave_the_server(garden: World, caller: Call) -> None:
    now = scope_now()
    garden.on_duty("technician", start=now - timedelta(hours=1), end=now + timedelta(hours=8))
    ticket = taken_down(garden, caller)
    caller("front_desk").act(ticket, "dispatch", {"technician": str(garden.technician.public_id)})

    body = caller("front_desk").get(f"{TICKETS}{ticket}/").json()

    ids = [value for name, value in _pairs(body) if name == "id" or name.endswith("_id")]
    assert ids
    assert all(isinstance(value, str) and len(value) == 36 for value in ids)
    assert "technician" not in dict(_pairs(body["events"]))


def _pairs(node: Any) -> list[tuple[str, Any]]:
    if isinstance(node, dict):
        return [pair for name, value in node.items() for pair in [(name, value), *_pairs(value)]]
    if isinstance(node, list):
        return [pair for value in node for pair in _pairs(value)]
    return []
