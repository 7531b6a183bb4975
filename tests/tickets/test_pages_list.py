"""The list of tickets: what it shows, finds and turns over, and how little it asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from repairs import actions
from residents.models import Project
from residents.tenancy import company_scope, scope_now
from tests.browsing import client_of, htmx, statements
from tests.repairs.test_repair_path import take
from tests.worlds import World, make_world
from tickets.models import Ticket
from tickets.queries import lists

URL = "/tickets/"


def report(world: World, **changes: object) -> Ticket:
    intake = take(world, not_duplicate=True, **changes)
    return actions.report_repair(intake, project=world.project, by=world.front_desk)


def test_the_list_shows_open_tickets_with_their_next_clock(garden: World) -> None:
    ticket = report(garden)

    page = client_of(garden.front_desk).get(URL)

    row = page.context["rows"][0]
    assert row.number == ticket.short_number
    assert row.clock.label in ("告知工程", "派单")  # both are due in a minute
    assert {action.key for action in row.actions} == {"P", "U", "E"}
    assert ticket.place in page.content.decode()


def test_somebody_not_signed_in_is_sent_to_the_sign_in_page(garden: World) -> None:
    answer = Client().get(URL)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")
    assert Client().get(URL, headers=htmx()).status_code == 401


def test_another_companys_tickets_are_not_in_the_list(garden: World) -> None:
    report(garden)
    other = make_world("harbour")

    with company_scope(other.company.pk):
        page = client_of(other.front_desk).get(f"{URL}?tab=all")

    assert page.context["rows"] == []


def test_a_technician_sees_own_and_pooled_jobs_only(garden: World) -> None:
    hidden, pooled = report(garden), report(garden)
    actions.dispatch_repair(pooled.pk, by=garden.front_desk)

    rows = client_of(garden.technician).get(URL).context["rows"]

    assert [row.number for row in rows] == [pooled.short_number]
    assert hidden.short_number not in [row.number for row in rows]


@pytest.mark.parametrize("words", ["漏水", "测试业主", "3-1-2502", "水槽 漏水"])
def test_chinese_words_names_and_rooms_are_found(garden: World, words: str) -> None:
    ticket = report(garden, description="水槽下方漏水")

    rows = client_of(garden.front_desk).get(URL, {"q": words}).context["rows"]

    assert [row.number for row in rows] == [ticket.short_number]


def test_a_number_finds_its_ticket_and_nonsense_finds_none(garden: World) -> None:
    ticket = report(garden)
    client = client_of(garden.front_desk)

    assert len(client.get(URL, {"q": ticket.number}).context["rows"]) == 1
    assert client.get(URL, {"q": "没有这回事"}).context["rows"] == []
    assert "没有符合条件的工单" in client.get(URL, {"q": "没有这回事"}).content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"},
        {"state": "nowhere"},
        {"after": "%%%"},
        {"after": "bm90IGEgbWFyaw"},
        {"q": "a\x00b"},
        {"technician": "x" * 500},
        {"tab": "none"},
    ],
)
def test_an_address_that_makes_no_sense_is_no_error(garden: World, asked: dict[str, str]) -> None:
    report(garden)

    assert client_of(garden.front_desk).get(URL, asked).status_code == 200


def test_the_filters_narrow_the_list(garden: World) -> None:
    report(garden)
    client = client_of(garden.front_desk)
    tomorrow = (scope_now() + timedelta(days=2)).date().isoformat()

    assert len(client.get(URL, {"state": "reported"}).context["rows"]) == 1
    assert client.get(URL, {"state": "archived", "tab": "all"}).context["rows"] == []
    assert client.get(URL, {"since": tomorrow}).context["rows"] == []
    assert client.get(URL, {"technician": garden.technician.number}).context["rows"] == []


def test_tabs_sort_out_what_waits_and_what_is_late(garden: World) -> None:
    now = scope_now()
    late = actions.report_repair(
        take(garden, not_duplicate=True), project=garden.project, by=garden.front_desk, at=now - timedelta(hours=1)
    )
    fresh = report(garden)
    client = client_of(garden.front_desk)

    assert [row.number for row in client.get(URL, {"tab": "near"}).context["rows"]] == [late.short_number]
    assert [row.number for row in client.get(URL).context["rows"]] == [late.short_number, fresh.short_number]
    newest_first = client.get(URL, {"tab": "all"}).context["rows"]
    assert [row.number for row in newest_first] == [fresh.short_number, late.short_number]


@pytest.mark.parametrize("tab", ["todo", "all"])
def test_pages_follow_each_other_without_gap_or_repetition(
    garden: World, tab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", 4)
    now = scope_now()
    for minutes in range(10):
        actions.report_repair(
            take(garden, not_duplicate=True),
            project=garden.project,
            by=garden.front_desk,
            at=now - timedelta(minutes=minutes),
        )
    client = client_of(garden.front_desk)
    seen: list[str] = []
    url = f"{URL}?tab={tab}"
    pages = []
    while url:
        page = client.get(url).context
        pages.append([row.number for row in page["rows"]])
        seen += pages[-1]
        previous, url = page["page"].previous_url, page["page"].next_url

    assert len(seen) == len(set(seen)) == 10
    assert [row.number for row in client.get(previous).context["rows"]] == pages[-2]


def test_more_than_fifty_are_not_counted(garden: World) -> None:
    template = report(garden)
    copies = [
        Ticket(
            company_id=template.company_id,
            project=template.project,
            number=f"GD-20250314-{n:03d}",
            kind="repair",
            state="reported",
            title="厨房漏水",
            place="3栋",
            reported_at=template.reported_at,
            entered_at=template.entered_at,
            last_step_at=template.last_step_at,
        )
        for n in range(200, 260)
    ]
    Ticket.objects.bulk_create(copies)

    page = client_of(garden.front_desk).get(URL)

    assert page.context["total"] == "50+"
    assert page.context["tabs"][0].count == "50+"


def test_ten_rows_ask_no_more_statements_than_one(garden: World) -> None:
    report(garden)
    client = client_of(garden.front_desk)
    client.get(URL)
    with_one, rows_with_one = statements(client, URL), statements(client, f"{URL}rows/")
    for _ in range(20):
        report(garden)

    assert statements(client, URL) == with_one
    assert statements(client, f"{URL}rows/") == rows_with_one
    assert with_one <= 25


def test_a_project_shows_only_its_own_tickets(garden: World) -> None:
    report(garden)
    second = Project.objects.create(company_id=garden.company.pk, code="002", name="第二花园")

    rows = client_of(garden.staff["company"], second).get(URL, {"tab": "all"}).context["rows"]

    assert rows == []
