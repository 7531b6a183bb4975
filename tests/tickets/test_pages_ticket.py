"""One ticket's page and its acts: for the right person, the wrong one, a stranger and nobody."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from repairs import actions
from residents.tenancy import company_scope, scope_now
from tests.browsing import client_of, do, htmx, on_duty_now, statements
from tests.repairs.test_repair_path import take
from tests.residents.factories import MembershipFactory, ProjectFactory
from tests.worlds import World, make_world
from tickets import actions as ticket_actions
from tickets.clock_text import duration_text
from tickets.models import SlaClock, Ticket, TicketEvent


@pytest.fixture
def ticket(garden: World) -> Ticket:
    on_duty_now(garden, "front_desk", "technician", "specialist")
    return actions.report_repair(
        take(garden, contact_phone="13800006621"), project=garden.project, by=garden.front_desk
    )


def url(ticket: Ticket) -> str:
    return f"/tickets/{ticket.public_id}/"


def events(ticket: Ticket, kind: str) -> int:
    return TicketEvent.objects.filter(ticket=ticket, kind=kind).count()


def test_the_page_shows_steps_clocks_household_and_what_the_archive_lacks(garden: World, ticket: Ticket) -> None:
    page = client_of(garden.front_desk).get(url(ticket))

    steps = page.context["steps"]
    assert [str(step.label) for step in steps][:4] == ["受理", "派单", "到场", "开工"]
    assert (steps[1].state, steps[1].allowed) == ("now", "01:00")
    assert {row.label for row in page.context["clocks"]} >= {"派单", "告知工程"}
    assert page.context["household"].phone == "138****6621"
    assert page.context["gates_met"] < len(page.context["gates"])
    assert "13800006621" not in page.content.decode()


def test_the_track_says_in_english_what_was_used_of_what_is_allowed(garden: World) -> None:
    on_duty_now(garden, "front_desk", "technician")
    begin = scope_now() - timedelta(minutes=30)
    ticket = actions.report_repair(take(garden), project=garden.project, by=garden.front_desk, at=begin)
    actions.dispatch_repair(
        ticket.pk, by=garden.front_desk, technician=garden.technician, at=begin + timedelta(seconds=40)
    )
    actions.accept_repair(ticket.pk, by=garden.technician, at=begin + timedelta(seconds=60))
    actions.arrive(ticket.pk, by=garden.technician, at=begin + timedelta(minutes=8))
    account = garden.front_desk.account
    account.language = "en"
    account.save()

    page = client_of(garden.front_desk).get(url(ticket))

    text = page.content.decode()
    assert "00:00 of 2h used" in text
    assert "00:40 of 01:00 used" in text
    assert "Late: 07:00, allowed 05:00" in text
    assert [str(step.label) for step in page.context["steps"]][2:5] == ["On site", "Work starts", "Work done"]
    assert begin.astimezone(garden.project.tzinfo).strftime("%a %-d %b") in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(1199, "19:59"), (1200, "20 分"), (7200, "2 小时"), (6480, "1时48分"), (100800, "1天4时")]
)
def test_a_time_is_as_exact_as_somebody_needs(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_part_that_changes_is_sent_alone_when_it_asks(garden: World, ticket: Ticket) -> None:
    part = client_of(garden.front_desk).get(url(ticket), headers=htmx("ticket-body")).content.decode()

    assert part.lstrip().startswith('<div id="ticket-body"')
    assert "<html" not in part


def test_a_ticket_of_another_company_does_not_exist(garden: World, ticket: Ticket) -> None:
    other = make_world("harbour")

    with company_scope(other.company.pk):
        client = client_of(other.front_desk)
        assert client.get(url(ticket)).status_code == 404
        assert client.get(f"{url(ticket)}act/dispatch/").status_code == 404
        assert client.post(f"{url(ticket)}act/dispatch/", {}).status_code == 404
        assert client.post(f"{url(ticket)}comment/", {"text": "x"}).status_code == 404
        assert client.post(f"{url(ticket)}attach/", {}).status_code == 404
        assert client.get(f"/tickets/callbacks/{ticket.public_id}/").status_code == 404


def test_a_technician_cannot_open_a_job_that_is_not_theirs(garden: World, ticket: Ticket) -> None:
    assert client_of(garden.technician).get(url(ticket)).status_code == 404


def test_nobody_signed_in_gets_the_sign_in_page(ticket: Ticket) -> None:
    assert Client().get(url(ticket)).status_code == 302
    assert Client().post(f"{url(ticket)}act/dispatch/", {}).status_code == 302


# Acts


def test_the_buttons_are_the_acts_the_state_and_the_role_allow(garden: World, ticket: Ticket) -> None:
    clerk = client_of(garden.front_desk).get(url(ticket)).context
    manager = client_of(garden.staff["estate_manager"]).get(url(ticket)).context

    assert [action.label for action in clerk["actions"] if action.primary] == ["派单"]
    assert {(action.label, action.key) for action in clerk["actions"]} == {
        ("派单", "P"),
        ("催办", "U"),
        ("打印工作单", ""),
    }
    assert clerk["edit_action"].key == "E"
    assert [action.label for action in manager["actions"] if action.primary] == []


def test_a_clerk_dispatches_from_the_drawer(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)

    drawer = client.get(f"{url(ticket)}act/dispatch/", headers=htmx("drawer"))
    answer = do(client, ticket, "dispatch", technician=str(garden.technician.pk))

    assert "技工" in drawer.content.decode()
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"])["toast"]["text"].startswith("已派给")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.assignee_id) == ("dispatched", garden.technician.pk)
    line = client.get(url(ticket)).context["events"][0]
    assert (line.who, line.verb, line.detail) == (
        garden.front_desk.name,
        "派单",
        f"给 {garden.technician.name} {garden.technician.number}",
    )


def test_without_scripts_the_same_form_is_a_page_and_ends_on_the_ticket(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)
    page = client.get(f"{url(ticket)}act/dispatch/")

    answer = client.post(
        f"{url(ticket)}act/dispatch/",
        {"version": ticket.version, "form_key": uuid.uuid4().hex, "technician": str(garden.technician.pk)},
    )

    assert "<html" in page.content.decode()
    assert (answer.status_code, answer["Location"]) == (302, url(ticket))


@pytest.mark.parametrize("role", ["technician_2", "finance", "quality", "guard", "centre_head"])
def test_who_may_not_dispatch_is_refused(garden: World, ticket: Ticket, role: str) -> None:
    actions.dispatch_repair(ticket.pk, by=garden.front_desk)  # in the pool, so that technicians see it

    answer = do(client_of(garden.staff[role]), ticket, "dispatch", technician=str(garden.technician.pk))

    assert answer.status_code == 403
    ticket.refresh_from_db()
    assert ticket.assignee_id is None


def test_an_act_nobody_knows_is_not_found_and_one_too_early_says_where_the_ticket_stands(
    garden: World, ticket: Ticket
) -> None:
    client = client_of(garden.front_desk)

    assert client.get(f"{url(ticket)}act/abolish/").status_code == 404
    early = client.get(f"{url(ticket)}act/finish/", headers=htmx("drawer"))
    assert early.status_code == 409
    assert "待派单" in early.content.decode()
    assert do(client, ticket, "finish", result="x").status_code in (409, 422)


def test_the_same_form_twice_does_it_once(garden: World, ticket: Ticket) -> None:
    client, key, version = client_of(garden.front_desk), uuid.uuid4().hex, ticket.version
    data = {"version": version, "form_key": key, "technician": str(garden.technician.pk)}

    first = client.post(f"{url(ticket)}act/dispatch/", data, headers=htmx())
    second = client.post(f"{url(ticket)}act/dispatch/", data, headers=htmx())

    assert (first.status_code, second.status_code) == (204, 204)
    assert events(ticket, "dispatched") + events(ticket, "redispatched") == 1


@pytest.mark.rule("GEN-01")
def test_what_was_typed_in_hours_later_says_so_on_the_timeline(garden: World) -> None:
    now = scope_now()
    late = actions.report_repair(
        take(garden), project=garden.project, by=garden.front_desk, at=now, occurred_at=now - timedelta(hours=3)
    )

    assert "晚 3 小时补录" in client_of(garden.supervisor).get(url(late)).content.decode()


@pytest.mark.rule("GEN-06")
def test_the_superior_answers_what_was_passed_up_on_the_page(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.supervisor)
    assert "答复上报" not in client.get(url(ticket)).content.decode()
    ticket_actions.report_up(ticket.pk, by=garden.front_desk, reason="业主要求赔偿")

    form = client.get(f"{url(ticket)}act/answer_report/").content.decode()
    report = TicketEvent.objects.get(ticket=ticket, kind="reported_up")
    answer = do(client, ticket, "answer_report", report=report.pk, decision="由工程主管上门定损")

    assert f"{garden.front_desk.name}：业主要求赔偿" in form
    assert answer.status_code == 204
    page = client.get(url(ticket)).content.decode()
    assert "由工程主管上门定损" in page
    assert "答复上报" not in page


@pytest.mark.parametrize(
    ("action", "kind"), [("urge", "urged"), ("report_up", "reported_up"), ("promise", "promise_made")]
)
def test_the_same_line_twice_is_written_once(garden: World, ticket: Ticket, action: str, kind: str) -> None:
    client = client_of(garden.front_desk)
    when = (scope_now() + timedelta(hours=3)).astimezone(garden.project.tzinfo)
    data: dict[str, Any] = {
        "version": ticket.version,
        "form_key": uuid.uuid4().hex,
        "reason": "需要协调",
        "subject": "回电",
        "promised_at": f"{when:%Y-%m-%dT%H:%M:%S}",
    }

    for _ in range(2):
        assert client.post(f"{url(ticket)}act/{action}/", data, headers=htmx()).status_code == 204

    assert events(ticket, kind) == 1


@pytest.mark.rule("GEN-08")
def test_the_times_of_a_form_are_those_of_the_tickets_own_estate(garden: World, ticket: Ticket) -> None:
    elsewhere = ProjectFactory(code="002", zone="Asia/Urumqi")
    MembershipFactory(staff=garden.front_desk, project=elsewhere, role="front_desk")
    client = client_of(garden.front_desk, elsewhere)
    promised = (scope_now() + timedelta(hours=3)).replace(microsecond=0)
    local = promised.astimezone(garden.project.tzinfo)

    do(client, ticket, "promise", subject="回电", promised_at=f"{local:%Y-%m-%dT%H:%M:%S}")

    assert ticket.promises.get().promised_at == promised
    assert f"{local:%m-%d %H:%M:%S}" in client.get(url(ticket)).content.decode()


def test_a_stale_page_is_told_both_values_and_keeps_what_was_typed(garden: World, ticket: Ticket) -> None:
    client, version = client_of(garden.front_desk), ticket.version
    ticket_actions.edit_ticket(
        ticket.pk, by=garden.front_desk, changes={"description": "改过的描述"}, reason="补充", version=version
    )

    answer = client.post(
        f"{url(ticket)}act/edit/",
        {
            "version": version,
            "form_key": uuid.uuid4().hex,
            "title": "厨房漏水",
            "description": "我写的描述",
            "contact_name": "测试业主",
            "contact_phone": "13800006621",
            "reason": "业主来电更正",
        },
        headers=htmx(),
    )

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "我写的描述" in text
    assert "改过的描述" in text
    assert "业主来电更正" in text
    ticket.refresh_from_db()
    assert ticket.description == "改过的描述"
    assert f'name="version" value="{ticket.version}"' in text


def test_a_stale_dispatch_says_where_the_ticket_now_stands(garden: World, ticket: Ticket) -> None:
    version = ticket.version
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician)

    answer = client_of(garden.front_desk).post(
        f"{url(ticket)}act/dispatch/",
        {"version": version, "form_key": uuid.uuid4().hex, "technician": "pool", "note": "带梯子"},
        headers=htmx(),
    )

    assert answer.status_code == 409
    assert "待接单" in answer.content.decode()
    assert "带梯子" in answer.content.decode()


@pytest.mark.rule("REP-07")
def test_a_gate_is_named_before_and_refuses_with_its_rule(garden: World) -> None:
    on_duty_now(garden, "technician")
    ticket = actions.report_repair(take(garden, category=garden.paint), project=garden.project, by=garden.front_desk)
    client = client_of(garden.front_desk)

    blocked = client.get(url(ticket)).context["blocked"]
    answer = do(client, ticket, "dispatch", technician=str(garden.technician.pk), note="带漆")

    assert (blocked.label, blocked.rule) == ("派单", "REP-07")
    assert answer.status_code == 409
    assert "告知收费标准" in answer.content.decode()
    assert "REP-07" in answer.content.decode()
    assert "带漆" in answer.content.decode()


def test_what_is_missing_is_said_at_the_field_and_what_was_typed_stays(garden: World, ticket: Ticket) -> None:
    answer = do(client_of(garden.front_desk), ticket, "cancel", withdrawn_by="张先生", reason="")

    assert answer.status_code == 422
    assert "请填写撤回原因。" in answer.content.decode()
    assert "请选择怎样确认的。" in answer.content.decode()
    assert "张先生" in answer.content.decode()


@pytest.mark.rule("GEN-01")
def test_an_act_entered_late_is_dated_back_and_not_into_the_future(garden: World) -> None:
    now = scope_now()
    ticket = actions.report_repair(
        take(garden), project=garden.project, by=garden.front_desk, at=now - timedelta(minutes=30)
    )
    client = client_of(garden.front_desk)
    local = (now - timedelta(minutes=29)).astimezone(garden.project.tzinfo)
    future = (now + timedelta(hours=2)).astimezone(garden.project.tzinfo)

    refused = do(client, ticket, "inform", occurred_at=f"{future:%Y-%m-%dT%H:%M:%S}")
    answer = do(client, ticket, "inform", occurred_at=f"{local:%Y-%m-%dT%H:%M:%S}")

    assert refused.status_code == 422
    assert "发生时间晚于现在" in refused.content.decode()
    assert answer.status_code == 204
    event = TicketEvent.objects.get(ticket=ticket, kind="engineering_informed")
    assert event.occurred_at == local.replace(microsecond=0)
    assert event.entered_at > event.occurred_at


@pytest.mark.parametrize("words", ["'; DROP TABLE x; --", "<script>alert(1)</script>", "🔧👍🏽", "一" * 490])
def test_hostile_and_odd_words_are_only_words(garden: World, ticket: Ticket, words: str) -> None:
    client = client_of(garden.front_desk)

    assert do(client, ticket, "report_up", reason=words).status_code == 204
    page = client.get(url(ticket)).content.decode()
    assert "<script>alert(1)" not in page


def test_a_letter_the_database_cannot_store_is_refused_with_a_sentence(garden: World, ticket: Ticket) -> None:
    answer = do(client_of(garden.front_desk), ticket, "report_up", reason="a\x00b")

    assert answer.status_code == 422
    assert "无法保存的字符" in answer.content.decode()


# Lines, the timeline, counting


def test_a_comment_stands_on_the_timeline_and_an_empty_one_is_refused(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)
    data = {"text": "已电话安抚业主", "visibility": "owner", "form_key": uuid.uuid4().hex}

    for _ in range(2):
        answer = client.post(f"{url(ticket)}comment/", data, headers=htmx("ticket-body"))
    empty = client.post(f"{url(ticket)}comment/", {"text": " "}, headers=htmx("ticket-body"))

    assert answer.status_code == 200
    assert "已电话安抚业主" in answer.content.decode()
    assert events(ticket, "comment") == 1
    assert empty.status_code == 422
    assert "请先写内容" in empty.content.decode()


def test_a_technician_may_not_write_to_the_owner_but_keeps_the_words(garden: World, ticket: Ticket) -> None:
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician)

    answer = client_of(garden.technician).post(
        f"{url(ticket)}comment/", {"text": "马上到", "visibility": "owner"}, headers=htmx("ticket-body")
    )

    assert answer.status_code == 403
    assert answer["HX-Retarget"] == "#problems"


def test_a_breach_and_who_was_told_stand_on_the_timeline(garden: World, ticket: Ticket) -> None:
    clock = SlaClock.objects.get(ticket=ticket, rule_code="REP-09")
    common = {"company_id": ticket.company_id, "ticket": ticket, "actor_label": "system"}
    now = scope_now()
    data = {"rule": "REP-09", "clock": clock.pk, "due": clock.due_at.isoformat()}
    TicketEvent.objects.create(kind="breached", occurred_at=now, entered_at=now, data=data, **common)
    told = {"rule": "REP-09", "level": 1, "to": ["客服主管 0003"], "dropped": False}
    TicketEvent.objects.create(kind="escalated", occurred_at=now, entered_at=now, data=told, **common)

    lines = client_of(garden.front_desk).get(url(ticket)).context["events"]

    assert (lines[0].verb, lines[0].detail) == ("已通知", "派单 · 升级 1：客服主管 0003")
    assert lines[1].breach
    assert lines[1].verb == "超时"


def test_a_long_timeline_turns_pages(garden: World, ticket: Ticket) -> None:
    for number in range(60):
        ticket_actions.add_comment(ticket.pk, by=garden.front_desk, text=f"第 {number} 条")
    client = client_of(garden.front_desk)

    page = client.get(url(ticket))
    older = client.get(page.context["older_url"])

    first, second = page.context["events"], older.context["events"]
    assert len(first) == 40
    assert not {line.id for line in first} & {line.id for line in second}
    assert second[-1].verb == "受理报修"
    assert older.context["older_url"] == ""


def test_only_key_events_leaves_the_small_talk_out(garden: World, ticket: Ticket) -> None:
    ticket_actions.add_comment(ticket.pk, by=garden.front_desk, text="闲话")

    lines = client_of(garden.front_desk).get(url(ticket), {"key_only": "1"}).context["events"]

    assert "写跟进" not in [line.verb for line in lines]


def test_the_page_asks_no_more_for_a_long_history(garden: World, ticket: Ticket) -> None:
    client = client_of(garden.front_desk)
    client.get(url(ticket))
    before = statements(client, url(ticket))
    for number in range(30):
        ticket_actions.add_comment(ticket.pk, by=garden.front_desk, text=f"第 {number} 条")
        ticket_actions.make_promise(
            ticket.pk, by=garden.front_desk, subject=f"回电 {number}", promised_at=scope_now() + timedelta(hours=1)
        )

    assert statements(client, url(ticket)) == before
    assert before <= 40


@pytest.mark.parametrize("tab", ["photos", "materials", "reporters", "documents", "nonsense"])
def test_every_tab_opens(garden: World, ticket: Ticket, tab: str) -> None:
    assert client_of(garden.front_desk).get(url(ticket), {"tab": tab, "before": "x"}).status_code == 200


def test_every_form_of_every_act_opens_for_somebody_who_may(garden: World, ticket: Ticket) -> None:
    for role in ("front_desk", "centre_head", "specialist", "technician", "estate_manager"):
        client = client_of(garden.staff[role])
        page = client.get(url(ticket))
        if page.status_code == 404:
            continue
        offered = [*page.context["actions"], *page.context["actions_in_menu"]]
        assert offered
        for action in offered:
            answer = client.get(action.url, headers=htmx("drawer"))
            assert answer.status_code == 200, action.label
