"""Lists over HTTP: what a person may see, in pages, by filters that are all understood, in a constant number of
statements."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from repairs.actions import RepairIntake, dispatch_repair, report_repair
from residents.models import Project
from residents.tenancy import company_scope
from tests.api.conftest import CLOCKS, TICKETS, Caller, problem
from tests.residents.factories import MembershipFactory, ProjectFactory, StaffFactory, UnitFactory
from tests.worlds import T, World, make_world
from tickets.models import Ticket

Call = Callable[[str], Caller]


def report(world: World, *, minute: int = 0, **more: Any) -> Ticket:
    return report_repair(
        RepairIntake(
            category=world.leak, when="now", unit=world.unit, contact_name="测试业主", not_duplicate=True, **more
        ),
        project=world.project,
        by=world.front_desk,
        at=T("10:00") + timedelta(minutes=minute),
    )


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()["results"]]


def test_tickets_come_newest_first_in_pages_that_neither_repeat_nor_miss_one(garden: World, caller: Call) -> None:
    made = [report(garden, minute=minute).number for minute in range(5)]
    desk = caller("front_desk")

    first = desk.get(TICKETS, limit=2)
    report(garden, minute=9)  # arrives while somebody reads on
    second = desk.client.get(first.json()["next"])
    third = desk.client.get(second.json()["next"])

    assert [*numbers(first), *numbers(second), *numbers(third)] == made[::-1]
    assert third.json()["next"] is None


def test_each_filter_leaves_what_it_says(garden: World, caller: Call) -> None:
    other = ProjectFactory(code="002")
    MembershipFactory(staff=garden.front_desk, project=other, role="front_desk")
    first, second = report(garden), report(garden, minute=30, description="阳台也在滴水")
    garden.on_duty("technician")
    dispatch_repair(first.pk, by=garden.front_desk, technician=garden.technician, at=T("10:40"))
    desk = caller("front_desk")

    assert numbers(desk.get(TICKETS, state="reported")) == [second.number]
    assert numbers(desk.get(TICKETS, state=["reported", "dispatched"])) == [second.number, first.number]
    assert numbers(desk.get(TICKETS, kind="repair", is_open="true")) == [second.number, first.number]
    assert numbers(desk.get(TICKETS, is_open="false")) == []
    assert numbers(desk.get(TICKETS, project=str(other.public_id))) == []
    assert numbers(desk.get(TICKETS, assignee=str(garden.technician.public_id))) == [first.number]
    assert numbers(desk.get(TICKETS, unit=str(garden.unit.public_id))) == [second.number, first.number]
    assert numbers(desk.get(TICKETS, reported_after=T("10:30").isoformat())) == [second.number]
    assert numbers(desk.get(TICKETS, reported_before=T("10:30").isoformat())) == [first.number]
    assert numbers(desk.get(TICKETS, q="滴水")) == [second.number]
    assert numbers(desk.get(TICKETS, q="没有这个")) == []


@pytest.mark.parametrize(
    "query",
    [
        {"company": "1"},
        {"_connector": "OR 1=1"},
        {"assignee__account__password__startswith": "a"},
        {"ordering": "(select 1)"},
        {"state": "nonsense"},
        {"project": "1"},
        {"reported_after": "yesterday"},
        {"q": "\x00"},
    ],
)
def test_a_filter_that_is_not_understood_is_refused_and_not_ignored(
    query: dict[str, str], garden: World, caller: Call
) -> None:
    refused = problem(caller("front_desk").get(TICKETS, **query))

    assert refused["status"] == 422
    assert list(refused["errors"]) == list(query)


MADE_UP = ["p=abc", "p=99999999999999999999", "p=2025-13-99", "p=\x00", "p=1' OR 1=1", "o=-1", "o=x", "nothing", "p=²"]


@pytest.mark.parametrize("path", [TICKETS, CLOCKS])
@pytest.mark.parametrize("cursor", [*(b64encode(text.encode()).decode() for text in MADE_UP), "x", "%00", "é"])
def test_a_made_up_cursor_is_no_fault_of_ours(path: str, cursor: str, garden: World, caller: Call) -> None:
    report(garden)

    assert caller("front_desk").get(path, cursor=cursor).status_code in (200, 404)


def test_a_technician_sees_own_and_pooled_tickets_and_their_clocks_only(garden: World, caller: Call) -> None:
    garden.on_duty("technician", "technician_2")
    mine, other = report(garden), report(garden, minute=1)
    dispatch_repair(mine.pk, by=garden.front_desk, technician=garden.technician, at=T("10:05"))
    dispatch_repair(other.pk, by=garden.front_desk, technician=garden.technician_2, override_reason="试", at=T("10:05"))

    technician = caller("technician")

    assert numbers(technician.get(TICKETS)) == [mine.number]
    assert {row["ticket_number"] for row in technician.get(CLOCKS).json()["results"]} == {mine.number}
    assert technician.get(f"{TICKETS}{other.public_id}/").status_code == 404
    assert technician.act(other.public_id, "start").status_code == 404


@pytest.mark.rule("GEN-08")
def test_tickets_of_a_project_one_does_not_work_in_do_not_exist(garden: World, caller: Call) -> None:
    other = ProjectFactory(code="002")
    outsider = StaffFactory(number="7777")
    MembershipFactory(staff=outsider, project=other, role="supervisor")
    ticket = report(garden)
    away = Caller(World(**{**garden.__dict__, "project": other}), outsider)

    assert numbers(away.get(TICKETS)) == []
    assert away.get(CLOCKS).json()["results"] == []
    assert away.get(f"{TICKETS}{ticket.public_id}/").status_code == 404
    assert away.act(ticket.public_id, "urge").status_code == 404


@pytest.fixture
def twice(garden: World) -> tuple[Project, Ticket, Ticket]:
    """A second project in which clerk and technician work too, and a ticket of each."""
    other = ProjectFactory(code="002")
    for role in ("front_desk", "technician"):
        garden.also(role, role, project=other)
    unit = UnitFactory(building__project=other)
    return other, report(garden), report(World(**{**garden.__dict__, "project": other, "unit": unit}))


@pytest.mark.rule("GEN-08")
@pytest.mark.parametrize(("path", "key"), [(TICKETS, "number"), (CLOCKS, "ticket_number")])
def test_a_list_shows_one_project_the_one_on_the_screen_unless_another_is_named(
    path: str, key: str, garden: World, caller: Call, twice: tuple[Project, Ticket, Ticket]
) -> None:
    other, here, there = twice

    def listed(role: str, **query: str) -> set[tuple[str, str]]:
        rows = caller(role).get(path, **query).json()["results"]
        return {(row[key], row["project"] if key == "ticket_number" else row["project"]["id"]) for row in rows}

    ours, theirs = (here.number, str(garden.project.public_id)), (there.number, str(other.public_id))
    assert listed("front_desk") == {ours}
    assert listed("front_desk", project=str(other.public_id)) == {theirs}
    assert listed("company") == {ours, theirs}
    assert listed("company", project=str(other.public_id)) == {theirs}


def test_clocks_are_listed_next_due_first_and_the_overdue_by_the_database_clock(garden: World, caller: Call) -> None:
    report(garden)

    live = caller("front_desk").get(CLOCKS, state="live").json()["results"]
    overdue = caller("front_desk").get(CLOCKS, state="overdue").json()["results"]

    assert live
    assert [row["due_at"] for row in live] == sorted(row["due_at"] for row in live)
    assert {row["rule"] for row in overdue} <= {row["rule"] for row in live}
    assert all(row["state"] in ("running", "breached_open") for row in overdue)
    assert {row["rule"] for row in caller("front_desk").get(CLOCKS, rule="REP-06").json()["results"]} == {"REP-06"}


def test_a_foreign_ticket_answers_exactly_like_one_that_never_was(garden: World, caller: Call) -> None:
    rival = make_world("rival")
    with company_scope(rival.company.pk):
        foreign = report(rival).public_id
    desk = caller("front_desk")

    answers = [desk.get(f"{TICKETS}{public_id}/") for public_id in (foreign, "11111111-2222-4333-8444-555555555555")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    headers = [{name: value for name, value in answer.items() if name != "X-Request-ID"} for answer in answers]
    assert headers[0] == headers[1]


def test_nothing_of_another_company_is_found_by_words_or_filters(garden: World, caller: Call) -> None:
    rival = make_world("rival")
    with company_scope(rival.company.pk):
        ticket = report(rival, description="鳄梨七号")
        project = rival.project.public_id
    desk = caller("company")

    for query in (
        {"q": "鳄梨七号"},
        {"q": ticket.number},
        {"project": str(project)},
        {"unit": str(rival.unit.public_id)},
    ):
        assert numbers(desk.get(TICKETS, **query)) == []
    assert desk.get(CLOCKS, ticket=str(ticket.public_id)).json()["results"] == []


@pytest.mark.parametrize("path", [TICKETS, CLOCKS])
def test_the_number_of_statements_does_not_grow_with_the_rows(path: str, garden: World, caller: Call) -> None:
    desk = caller("front_desk")
    report(garden)
    desk.get(path)

    counts = []
    for more in (1, 6):
        for minute in range(more):
            report(garden, minute=minute)
        with CaptureQueriesContext(
            connection,
        ) as statements:
            assert desk.get(path).status_code == 200
        counts.append(len(statements))

    assert counts[0] == counts[1]


def test_the_number_of_statements_of_one_ticket_does_not_grow_with_its_history(garden: World, caller: Call) -> None:
    ticket = report(garden)
    desk = caller("front_desk")
    desk.get(f"{TICKETS}{ticket.public_id}/")

    counts = []
    for more in (1, 8):
        for _ in range(more):
            desk.act(ticket.public_id, "comment", {"text": "跟进"})
        with CaptureQueriesContext(connection) as statements:
            assert desk.get(f"{TICKETS}{ticket.public_id}/").status_code == 200
        counts.append(len(statements))

    assert counts[0] == counts[1]
