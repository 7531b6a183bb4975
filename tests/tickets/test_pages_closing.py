"""Acceptance, callback, review: the drawer, its tabs, and the signature that files a ticket."""

from __future__ import annotations

import json
import threading
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from repairs import actions
from residents.models import Staff
from residents.tenancy import company_scope, scope_now
from tests.browsing import client_of, do, htmx, on_duty_now, statements
from tests.repairs.test_repair_path import take
from tests.worlds import World, make_world
from tickets import closing
from tickets.models import Callback, SlaClock, Ticket
from tickets.queries.calls import ROWS

CALLBACKS, REVIEWS = "/tickets/callbacks/", "/tickets/reviews/"


def finished(world: World, *, minutes_ago: int = 20, **changes: object) -> Ticket:
    """A repair reported completed, with the owner's signature on the slip to come."""
    begin = scope_now() - timedelta(minutes=minutes_ago)
    clerk, technician = world.front_desk, world.technician
    ticket = actions.report_repair(
        take(world, not_duplicate=True, contact_phone="13800006621", **changes),
        project=world.project,
        by=clerk,
        at=begin,
    )
    actions.dispatch_repair(
        ticket.pk, by=clerk, technician=technician, at=begin + timedelta(seconds=10), override_reason="测试"
    )
    actions.accept_repair(ticket.pk, by=technician, at=begin + timedelta(seconds=20))
    actions.arrive(ticket.pk, by=technician, method="manual", at=begin + timedelta(seconds=30))
    actions.start_work(ticket.pk, by=technician, at=begin + timedelta(seconds=40))
    actions.finish_work(
        ticket.pk,
        by=technician,
        result="更换软管",
        is_tested=True,
        is_cleaned=True,
        signed_on_paper=True,
        at=begin + timedelta(minutes=15),
    )
    ticket.refresh_from_db()
    return ticket


def accepted(world: World, **changes: Any) -> Ticket:
    ticket = finished(world, **changes)
    closing.accept_result(ticket.pk, by=world.specialist)
    ticket.refresh_from_db()
    return ticket


def called(world: World, **changes: Any) -> Ticket:
    ticket = accepted(world, **changes)
    closing.register_callback(
        ticket.pk, by=world.front_desk, outcome="reached", person_reached="业主", is_solved=True, satisfaction=5
    )
    ticket.refresh_from_db()
    return ticket


def call(client: Client, ticket: Ticket, **fields: Any) -> Any:
    ticket.refresh_from_db()
    data = {"version": ticket.version, "form_key": uuid.uuid4().hex, "result": "reached", **fields}
    where = {**htmx("callback-drawer"), "HX-Current-URL": f"http://testserver{CALLBACKS}"}
    return client.post(f"{CALLBACKS}{ticket.public_id}/", data, headers=where)


GOOD = {"person": "业主", "solved": "yes", "rating": "5", "words": "师傅来得快"}


def test_the_tabs_sort_who_waits_for_what_by_time_left(garden: World) -> None:
    first = finished(garden, minutes_ago=20)
    second = accepted(garden, minutes_ago=30)
    client = client_of(garden.front_desk)

    page = client.get(CALLBACKS)

    rows = page.context["rows"]
    assert [row.id for row in rows] == [str(first.public_id), str(second.public_id)]
    assert [row.caller for row in rows] == ["客服专员", garden.front_desk.name]
    assert {tab.label: tab.count for tab in page.context["tabs"]} == {
        "待回访": 2,
        "10 分钟验收": 1,
        "报修 24 小时": 1,
        "二次回访": 0,
        "已完成": None,
    }
    only = client.get(f"{CALLBACKS}?tab=callback").context["rows"]
    assert [row.id for row in only] == [str(second.public_id)]


@pytest.mark.rule("REP-25")
def test_ten_minutes_are_not_lost_behind_a_hundred_callbacks_of_the_month(garden: World) -> None:
    later = called(garden, is_important=True)
    clock = SlaClock.objects.get(ticket=later, rule_code="REP-27")
    copies = [_copy(later, form_key=None, public_id=uuid.uuid4(), number=f"{later.number}{n}") for n in range(ROWS)]
    SlaClock.objects.bulk_create(
        [_copy(clock, ticket=copy, scope=f"ticket:{copy.pk}") for copy in Ticket.objects.bulk_create(copies)]
    )
    soon = finished(garden)
    client = client_of(garden.front_desk)

    rows = client.get(CALLBACKS).context["rows"]

    assert (len(rows), rows[0].id) == (ROWS, str(soon.public_id))
    answer = call(client, later, **GOOD)
    assert answer["HX-Push-Url"] == f"{CALLBACKS}{soon.public_id}/"


def _copy(row: Any, **changes: Any) -> Any:
    """The same row again as a new one."""
    fields = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.generated}
    for name, value in changes.items():
        fields.pop(f"{name}_id", None)
        fields[name] = value
    return type(row)(**{**fields, "id": None})


def test_only_customer_service_sees_the_page(garden: World) -> None:
    assert client_of(garden.technician).get(CALLBACKS).status_code == 403
    assert client_of(garden.staff["finance"]).get(CALLBACKS).status_code == 403
    assert Client().get(CALLBACKS).status_code == 302


def test_the_acceptance_has_one_word_for_what_is_not_good(garden: World) -> None:
    ticket = finished(garden)

    page = client_of(garden.specialist).get(f"{CALLBACKS}{ticket.public_id}/", headers=htmx("callback-drawer"))

    text = page.content.decode()
    assert text.count("不合格") == 3  # the choice, what its note asks, what it does
    assert "未通过" not in text


def test_a_strangers_ticket_has_no_drawer(garden: World) -> None:
    ticket = accepted(garden)
    other = make_world("harbour")

    with company_scope(other.company.pk):
        client = client_of(other.front_desk)
        assert client.get(f"{CALLBACKS}{ticket.public_id}/").status_code == 404
        assert client.post(f"{CALLBACKS}{ticket.public_id}/", GOOD).status_code == 404
        assert client.get(CALLBACKS).context["rows"] == []


@pytest.mark.rule("CBK-02, CBK-10")
def test_a_satisfied_customer_moves_on_to_the_review_and_the_next_line_opens(garden: World) -> None:
    ticket, following = accepted(garden, minutes_ago=40), accepted(garden)
    client = client_of(garden.front_desk)

    drawer = client.get(f"{CALLBACKS}{ticket.public_id}/", headers=htmx("callback-drawer")).content.decode()
    answer = call(client, ticket, on_time="yes", **GOOD)

    assert "更换软管" in drawer
    assert f"工号 {garden.front_desk.number}" in drawer
    assert "13800006621" not in drawer.replace("tel:13800006621", "")
    assert answer.status_code == 200
    assert answer["HX-Push-Url"] == f"{CALLBACKS}{following.public_id}/"
    assert "acted" in json.loads(answer["HX-Trigger"])
    ticket.refresh_from_db()
    assert ticket.state == "called_back"
    row = Callback.objects.get(ticket=ticket)
    assert (row.satisfaction, row.is_solved, row.words) == (5, True, "师傅来得快")
    assert row.answers["on_time"] == "yes"


@pytest.mark.rule("CBK-12")
def test_an_unhappy_customer_reopens_the_work(garden: World) -> None:
    ticket = accepted(garden)

    said = {"rating": "2", "words": "还在漏", "demand": "要求换整根管"}
    call(client_of(garden.front_desk), ticket, **{**GOOD, **said})

    ticket.refresh_from_db()
    assert ticket.state == "rework"
    assert Callback.objects.get(ticket=ticket).demand == "要求换整根管"
    assert "要求：要求换整根管" in client_of(garden.front_desk).get(f"/tickets/{ticket.public_id}/").content.decode()


def test_nothing_chosen_is_asked_for_and_the_words_stay(garden: World) -> None:
    ticket = accepted(garden)
    client = client_of(garden.front_desk)

    answer = call(client, ticket, words="说等会儿再聊", person="业主", solved="yes")
    nobody = call(client, ticket, **{**GOOD, "person": ""})

    assert answer.status_code == 422
    assert "请选择满意度" in answer.content.decode()
    assert "说等会儿再聊" in answer.content.decode()
    assert nobody.status_code == 422
    ticket.refresh_from_db()
    assert ticket.state == "accepted_ok"


def test_nobody_answered_is_an_attempt_of_its_own(garden: World) -> None:
    ticket = accepted(garden)
    client = client_of(garden.front_desk)

    answer = call(client, ticket, result="no_answer")
    later = call(client, ticket, result="reschedule")

    assert answer.status_code == 200
    assert later.status_code == 422
    assert "请填写约好的下次时间" in later.content.decode()
    assert Callback.objects.get(ticket=ticket).outcome == "no_answer"
    ticket.refresh_from_db()
    assert ticket.state == "accepted_ok"


@pytest.mark.rule("CBK-11")
def test_a_message_counts_only_after_three_tries_at_different_times(garden: World) -> None:
    ticket = accepted(garden, minutes_ago=240)
    client = client_of(garden.front_desk)
    early = call(client, ticket, result="message")
    for _ in range(3):
        call(client, ticket, result="no_answer")

    drawer = client.get(f"{CALLBACKS}{ticket.public_id}/", headers=htmx("callback-drawer"))
    too_close = call(client, ticket, result="message", words="已留言")

    assert early.status_code == 409
    assert "已留书面消息" in drawer.content.decode()
    assert too_close.status_code == 409
    assert "CBK-11" in too_close.content.decode()
    assert "已留言" in too_close.content.decode()


def test_the_same_call_saved_twice_is_one_call(garden: World) -> None:
    ticket = accepted(garden)
    client, key = client_of(garden.front_desk), uuid.uuid4().hex

    for _ in range(2):
        assert call(client, ticket, result="no_answer", form_key=key).status_code == 200

    assert Callback.objects.filter(ticket=ticket).count() == 1


def test_a_stale_drawer_keeps_the_words(garden: World) -> None:
    ticket = accepted(garden)
    stale = ticket.version - 1

    answer = call(client_of(garden.front_desk), ticket, **{**GOOD, "version": stale})

    assert answer.status_code == 409
    assert "师傅来得快" in answer.content.decode()


@pytest.mark.rule("CBK-02")
@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])
def test_two_clerks_who_save_the_same_drawer_at_once_register_one_first_callback(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = accepted(world, is_important=True)
    clients = [client_of(world.front_desk), client_of(world.supervisor)]
    answers: list[int] = []

    def save(client: Client) -> None:
        data = {"version": ticket.version, "form_key": uuid.uuid4().hex, "result": "reached", **GOOD}
        try:
            answer = client.post(f"{CALLBACKS}{ticket.public_id}/", data, headers=htmx("callback-drawer"))
            answers.append(answer.status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(client,)) for client in clients]
    with company_scope(world.company.pk):
        Ticket.objects.lock(ticket.pk)
        for thread in threads:
            thread.start()
        _until_waiting(len(threads))  # both have read the ticket and want to write it
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(answers) == [204, 409]
    with company_scope(world.company.pk):
        assert ticket.callbacks.count() == 1
        assert SlaClock.objects.get(ticket=ticket, rule_code="REP-27").state == "running"


def _until_waiting(number: int) -> None:
    """Return once that many connections wait for a lock of this database."""
    with connection.cursor() as cursor:
        for _ in range(1000):
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0] == number:
                return
            time.sleep(0.01)
    raise AssertionError(f"{number} connections never waited for a lock at the same time")


@pytest.mark.rule("CBK-04")
def test_the_specialist_accepts_and_the_clerk_may_only_look(garden: World) -> None:
    ticket = finished(garden)
    url = f"{CALLBACKS}{ticket.public_id}/"

    look = client_of(garden.front_desk).get(url, headers=htmx("callback-drawer")).content.decode()
    refused = call(client_of(garden.front_desk), ticket, passed="yes")
    answer = call(client_of(garden.specialist), ticket, passed="yes", method="on_site")

    assert "由客服专员验收" in look
    assert "data-submit" not in look
    assert refused.status_code == 403
    assert answer.status_code == 200
    ticket.refresh_from_db()
    assert (ticket.state, ticket.accepted_by_id) == ("accepted_ok", garden.specialist.pk)


def test_work_that_is_not_good_goes_back_with_a_reason(garden: World) -> None:
    ticket = finished(garden)
    client = client_of(garden.specialist)

    bare = call(client, ticket, passed="no")
    answer = call(client, ticket, passed="no", words="接口还在渗水")

    assert bare.status_code == 422
    assert answer.status_code == 200
    ticket.refresh_from_db()
    assert (ticket.state, ticket.rework_count) == ("rework", 1)


def test_ten_lines_ask_no_more_statements_than_one(garden: World) -> None:
    accepted(garden)
    client = client_of(garden.front_desk)
    client.get(CALLBACKS)
    before = statements(client, CALLBACKS)
    for _ in range(8):
        accepted(garden)
        finished(garden)

    assert statements(client, CALLBACKS) == before
    assert before <= 30


# Review


def file_away(world: World, ticket: Ticket, *, slip: bool = True) -> None:
    """Everything the archive asks for."""
    from tests.pictures import picture
    from tickets.actions import attach

    actions.take_slip(ticket.pk, by=world.front_desk, receiver=world.technician)
    attach(ticket.pk, by=world.front_desk, upload=picture("slip.jpg"), purpose="slip", visit_no=1)
    if slip:
        actions.return_slip(ticket.pk, by=world.front_desk, part_spec="不涉及")


@pytest.mark.rule("CBK-06")
def test_the_head_signs_and_what_is_complete_is_filed_in_the_same_act(
    garden: World, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    ticket = called(garden)
    file_away(garden, ticket)
    client = client_of(garden.staff["centre_head"])

    row = client.get(REVIEWS).context["rows"][0]
    answer = do(client, ticket, "review", note="同意", back="reviews", target="")

    assert row.can_sign
    assert answer.status_code == 204
    assert "归档" in json.loads(answer["HX-Trigger"])["toast"]["text"]
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reviewed_by_id) == ("archived", garden.staff["centre_head"].pk)
    assert client.get(REVIEWS).context["rows"] == []


def test_what_is_missing_is_named_and_the_button_waits(garden: World) -> None:
    ticket = called(garden)

    page = client_of(garden.staff["centre_head"]).get(REVIEWS)

    row = page.context["rows"][0]
    assert not row.can_sign
    assert "作业联已交回" in row.why_not
    assert "作业联还没有交回" in page.content.decode()
    assert ticket.short_number in page.content.decode()


def test_the_head_sends_it_back_only_with_a_reason(garden: World) -> None:
    ticket = called(garden)
    client = client_of(garden.staff["centre_head"])

    bare = do(client, ticket, "return_from_review", note="", back="reviews", target="")
    answer = do(client, ticket, "return_from_review", note="缺照片", back="reviews", target="")

    assert bare.status_code == 422
    assert bare["HX-Retarget"] == "#problems"
    assert "请写明退回原因" in bare.content.decode()
    assert answer.status_code == 204
    ticket.refresh_from_db()
    assert ticket.state == "rework"


@pytest.mark.parametrize("role", ["front_desk", "specialist", "estate_manager", "technician"])
def test_nobody_else_signs(garden: World, role: str) -> None:
    ticket = called(garden)
    client = client_of(garden.staff[role])

    assert client.get(REVIEWS).status_code == 403
    assert do(client, ticket, "review", back="reviews").status_code == 403


@pytest.mark.rule("ROLE-19")
def test_the_deputy_of_an_absent_head_finds_the_page_of_reviews(garden: World) -> None:
    Staff.objects.filter(pk=garden.centre_head.pk).update(deputy=garden.supervisor)
    ticket = called(garden)
    client = client_of(garden.supervisor)

    assert client.get(REVIEWS).context["rows"][0].public_id == str(ticket.public_id)
    assert f'href="{REVIEWS}"' in client.get(CALLBACKS).content.decode()
    on_duty_now(garden, "centre_head")
    assert client.get(REVIEWS).status_code == 403


def test_more_to_sign_asks_no_more_statements(garden: World, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    file_away(garden, called(garden))
    client = client_of(garden.staff["centre_head"])
    client.get(REVIEWS)
    before = statements(client, REVIEWS)
    for _ in range(5):
        file_away(garden, called(garden))

    assert statements(client, REVIEWS) == before
    assert before <= 30
