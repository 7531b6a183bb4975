"""The technician's phone: what to do now, one step at a time, and what is still missing."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from repairs import actions
from repairs.models import Visit
from residents.models import DutyShift
from residents.tenancy import company_scope, scope_now
from tests.browsing import client_of, htmx, on_duty_now, statements
from tests.pictures import picture
from tests.repairs.test_repair_path import take
from tests.residents.factories import MembershipFactory, ProjectFactory
from tests.worlds import World, make_world
from tickets.models import Attachment, SlaClock, Ticket

LIST = "/tech/"


@pytest.fixture
def phone(garden: World, settings: Any, tmp_path: Path) -> Client:
    settings.MEDIA_ROOT = tmp_path
    on_duty_now(garden, "front_desk", "technician", "technician_2")
    return client_of(garden.technician)


def dispatched(world: World, **changes: object) -> Ticket:
    ticket = actions.report_repair(
        take(world, not_duplicate=True, contact_phone="13800006621", **changes),
        project=world.project,
        by=world.front_desk,
    )
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician)
    return ticket


def press(client: Client, ticket: Ticket, action: str, *, target: str = "tech-job", **fields: Any) -> Any:
    ticket.refresh_from_db()
    data = {"version": ticket.version, "form_key": uuid.uuid4().hex, "back": "tech", **fields}
    return client.post(f"/tickets/{ticket.public_id}/act/{action}/", data, headers=htmx(target))


def at_work(client: Client, world: World, **changes: object) -> Ticket:
    ticket = dispatched(world, **changes)
    for action in ("accept", "arrive", "start"):
        assert press(client, ticket, action).status_code == 200
    ticket.refresh_from_db()
    return ticket


DONE = {"result": "更换软管，试水无渗", "is_cleaned": "on", "is_tested": "on", "outcome": "fixed"}


def local(world: World, moment: Any) -> str:
    return f"{moment.astimezone(world.project.tzinfo):%Y-%m-%dT%H:%M:%S}"


def test_the_job_in_hand_stands_on_top_with_its_clock(garden: World, phone: Client) -> None:
    ticket = dispatched(garden)

    page = phone.get(LIST)

    current = page.context["current"]
    assert current.number == ticket.short_number
    assert current.next.label == "接单"
    assert current.clock.label == "接单"
    assert garden.technician.name in page.content.decode()


def test_a_job_can_be_accepted_from_the_list_and_the_clock_turns_to_the_arrival(garden: World, phone: Client) -> None:
    ticket = dispatched(garden)

    answer = press(phone, ticket, "accept", target="")

    assert answer.status_code == 204
    assert "acted" in answer["HX-Trigger"]
    current = phone.get(LIST, headers=htmx("tech-jobs")).context["current"]
    assert (current.next.label, current.clock.label) == ("到场签到", "到场")


def test_appointments_wait_below_and_the_pool_of_the_trade_is_open(garden: World, phone: Client) -> None:
    soon = scope_now() + timedelta(hours=3)
    later = dispatched(garden, when="appointment", window_from=soon, window_to=soon + timedelta(minutes=30))
    pooled = actions.report_repair(take(garden, not_duplicate=True), project=garden.project, by=garden.front_desk)
    actions.dispatch_repair(pooled.pk, by=garden.front_desk)

    page = phone.get(LIST).context

    assert page["current"] is None
    assert [job.public_id for job in page["upcoming"]] == [str(later.public_id)]
    assert "约" in page["upcoming"][0].place_line
    assert [job.public_id for job in page["pool"]] == [str(pooled.public_id)]


@pytest.mark.rule("GEN-08")
def test_the_jobs_of_another_project_are_shown_after_switching_to_it(garden: World, phone: Client) -> None:
    other = ProjectFactory(code="002", name="另一花园")
    MembershipFactory(staff=garden.technician, project=other, role="technician")
    here, there = dispatched(garden), dispatched(garden)
    Ticket.objects.filter(pk=there.pk).update(project=other)

    first = phone.get(LIST)
    phone.post("/me/project/", {"project": other.pk})
    second = phone.get(LIST)

    assert "另一花园" in first.content.decode()
    assert (first.context["current"].number, first.context["upcoming"]) == (here.short_number, [])
    assert (second.context["current"].number, second.context["upcoming"]) == (there.short_number, [])


def test_who_grabs_a_job_first_has_it_and_the_second_is_told(garden: World, phone: Client) -> None:
    pooled = actions.report_repair(take(garden), project=garden.project, by=garden.front_desk)
    actions.dispatch_repair(pooled.pk, by=garden.front_desk)
    second = client_of(garden.technician_2)

    first = press(phone, pooled, "accept", target="")
    late = press(second, pooled, "accept", target="")

    assert first.status_code == 204
    assert late.status_code == 404
    pooled.refresh_from_db()
    assert pooled.assignee_id == garden.technician.pk


@pytest.mark.rule("REP-15, REP-16, REP-17")
def test_a_pooled_job_accepted_by_rule_is_still_there_to_grab_and_its_clocks_run_on(
    garden: World, phone: Client
) -> None:
    now = scope_now()
    pooled = actions.report_repair(
        take(garden), project=garden.project, by=garden.front_desk, at=now - timedelta(minutes=4)
    )
    actions.dispatch_repair(pooled.pk, by=garden.front_desk, at=now - timedelta(minutes=3))
    actions.auto_accept(SlaClock.objects.get(ticket=pooled, rule_code="REP-15"), at=now - timedelta(minutes=2))
    before = dues(pooled)

    pool = phone.get(LIST).context["pool"]
    assert [job.public_id for job in pool] == [str(pooled.public_id)]
    answer = press(phone, pooled, pool[0].code, target="")
    late = press(client_of(garden.technician_2), pooled, pool[0].code, target="")

    assert (answer.status_code, late.status_code) == (204, 404)
    pooled.refresh_from_db()
    assert (pooled.assignee_id, pooled.is_pooled) == (garden.technician.pk, False)
    assert Visit.objects.get(ticket=pooled).technician_id == garden.technician.pk
    assert dues(pooled) == before
    assert set(before) == {"REP-16", "REP-17"}
    page = phone.get(LIST).context
    assert (page["current"].next.label, page["pool"]) == ("到场签到", [])


def dues(ticket: Ticket) -> dict[str, Any]:
    clocks = SlaClock.objects.live().filter(ticket=ticket, rule_code__in=("REP-16", "REP-17"))
    return dict(clocks.values_list("rule_code", "due_at"))


def test_the_page_leads_from_step_to_step(garden: World, phone: Client) -> None:
    ticket = dispatched(garden)
    url = f"/tech/{ticket.public_id}/"
    seen = []

    for action in ("accept", "arrive", "start"):
        seen.append(phone.get(url).context["next"].code)
        assert "tech-job" in press(phone, ticket, action).content.decode()

    page = phone.get(url).context
    assert seen == ["accept", "arrive", "start"]
    assert page["stage"] == "work"
    assert [step.state for step in page["progress"]] == ["past", "past", "past", "now", "todo"]
    assert page["missing"] == ["处理结果", "已清理现场", "已请业主试用", "业主签字"]


@pytest.mark.rule("REP-23")
@pytest.mark.parametrize(
    ("left_out", "said"),
    [("is_cleaned", "清理现场"), ("is_tested", "试用"), ("signature", "差业主签字"), ("result", "处理结果")],
)
def test_the_finish_names_what_is_missing_and_keeps_the_words(
    garden: World, phone: Client, left_out: str, said: str
) -> None:
    ticket = at_work(phone, garden)
    fields: dict[str, Any] = {**DONE, "signature": picture("s.png", kind="PNG")}
    del fields[left_out]

    answer = press(phone, ticket, "finish", **fields)

    text = answer.content.decode()
    assert answer.status_code in (409, 422)
    assert said in text
    assert left_out == "result" or "更换软管，试水无渗" in text
    ticket.refresh_from_db()
    assert ticket.state == "in_work"
    assert not Attachment.objects.filter(ticket=ticket, purpose="signature").exists()


def test_with_everything_the_job_is_finished_and_the_signature_kept(garden: World, phone: Client) -> None:
    ticket = at_work(phone, garden)
    send = f"/tickets/{ticket.public_id}/attach/"
    assert phone.post(send, {"kind": "after", "file": picture()}, headers=htmx()).status_code == 204

    answer = press(
        phone,
        ticket,
        "finish",
        **DONE,
        signature=picture("s.png", kind="PNG"),
        material_0="不锈钢软管 60cm",
        quantity_0="1",
    )

    assert answer.status_code == 200
    ticket.refresh_from_db()
    assert ticket.state == "completion_reported"
    assert Attachment.objects.get(ticket=ticket, purpose="signature").visit_no == 1
    page = phone.get(f"/tech/{ticket.public_id}/")
    assert page.context["stage"] == "after"
    assert page.context["materials"][0].name == "不锈钢软管 60cm"
    assert "更换软管，试水无渗" in page.content.decode()


def test_a_public_fault_needs_no_signature(garden: World, phone: Client) -> None:
    ticket = at_work(phone, garden, category=garden.lamp, unit=None, place="B2 车库")

    assert "业主签字" not in phone.get(f"/tech/{ticket.public_id}/").context["missing"]
    assert press(phone, ticket, "finish", **DONE).status_code == 200


@pytest.mark.rule("REP-19")
def test_leaving_early_needs_consent_and_the_next_time(garden: World, phone: Client) -> None:
    ticket = at_work(phone, garden)
    soon = scope_now() + timedelta(hours=20)
    window = {"next_from": local(garden, soon), "next_to": local(garden, soon + timedelta(minutes=30))}

    bare = press(phone, ticket, "leave_early", reason="等配件", **window)
    no_time = press(phone, ticket, "leave_early", reason="等配件", consent=picture())
    answer = press(phone, ticket, "leave_early", reason="等配件", consent=picture(), **window)

    assert (bare.status_code, no_time.status_code, answer.status_code) == (409, 409, 200)
    assert "书面同意" in bare.content.decode()
    assert "等配件" in bare.content.decode()
    assert "下次上门时间" in no_time.content.decode()
    ticket.refresh_from_db()
    assert ticket.state == "accepted"
    assert Attachment.objects.filter(ticket=ticket, purpose="consent").count() == 1


def test_a_job_is_given_back_with_a_reason_and_leaves_the_phone(garden: World, phone: Client) -> None:
    ticket = dispatched(garden)

    bare = press(phone, ticket, "return", reason="")
    answer = press(phone, ticket, "return", reason="需要木工")

    assert bare.status_code == 422
    assert "请填写原因" in bare.content.decode()
    assert answer["HX-Redirect"] == LIST
    assert phone.get(f"/tech/{ticket.public_id}/").status_code == 404


@pytest.mark.rule("REP-18")
def test_a_job_for_a_contractor_is_not_finished_on_the_phone(garden: World, phone: Client) -> None:
    ticket = dispatched(garden)
    for action in ("accept", "arrive", "start"):
        press(phone, ticket, action)

    answer = press(phone, ticket, "finish", **{**DONE, "outcome": "contractor"}, signed_on_paper="on")

    assert answer.status_code == 409
    assert "登记暂离" in answer.content.decode()
    ticket.refresh_from_db()
    assert ticket.state == "in_work"


@pytest.mark.rule("GEN-03, REP-20")
def test_what_cannot_be_done_now_gets_a_time_on_the_phone(garden: World, phone: Client) -> None:
    ticket = dispatched(garden)
    press(phone, ticket, "accept")
    soon = scope_now() + timedelta(hours=3)
    window = {"window_from": local(garden, soon), "window_to": local(garden, soon + timedelta(minutes=30))}
    url = f"/tech/{ticket.public_id}/"

    assert 'act/set_appointment/"' in phone.get(url).content.decode()
    bare = press(phone, ticket, "set_appointment", reason="业主不在家")
    answer = press(phone, ticket, "set_appointment", reason="业主不在家", agreed_with="测试业主", **window)

    assert bare.status_code == 422
    assert "业主不在家" in bare.content.decode()
    assert answer.status_code == 200
    assert set(dues(ticket)) == {"REP-17"}
    assert SlaClock.objects.live().get(ticket=ticket, rule_code="REP-20").due_at == (
        soon + timedelta(minutes=30)
    ).replace(microsecond=0)
    assert [job.public_id for job in phone.get(LIST).context["upcoming"]] == [str(ticket.public_id)]
    for action in ("arrive", "start"):
        press(phone, ticket, action)
    assert 'act/set_appointment/"' not in phone.get(url).content.decode()


@pytest.mark.rule("GEN-01")
def test_a_step_entered_late_keeps_its_real_time(garden: World, phone: Client) -> None:
    now = scope_now()
    ticket = actions.report_repair(
        take(garden), project=garden.project, by=garden.front_desk, at=now - timedelta(minutes=9)
    )
    DutyShift.objects.update(started_at=now - timedelta(hours=2))
    actions.dispatch_repair(
        ticket.pk, by=garden.front_desk, technician=garden.technician, at=now - timedelta(minutes=8)
    )
    actions.accept_repair(ticket.pk, by=garden.technician, at=now - timedelta(minutes=8, seconds=-10))
    really = now - timedelta(minutes=5)

    answer = press(phone, ticket, "arrive", occurred_at=local(garden, really))
    too_early = press(phone, ticket, "start", occurred_at=local(garden, now - timedelta(minutes=6)))

    assert answer.status_code == 200
    event = ticket.events.get(kind="arrived")
    assert event.occurred_at == really.replace(microsecond=0)
    assert too_early.status_code == 422
    assert "早于上一步" in too_early.content.decode()


def test_a_job_of_somebody_else_or_another_company_is_not_there(garden: World, phone: Client) -> None:
    ticket = dispatched(garden)
    other = make_world("harbour")

    assert client_of(garden.technician_2).get(f"/tech/{ticket.public_id}/").status_code == 404
    assert client_of(garden.front_desk).get(f"/tech/{ticket.public_id}/").status_code == 403
    assert client_of(garden.front_desk).get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302
    with company_scope(other.company.pk):
        assert client_of(other.technician).get(f"/tech/{ticket.public_id}/").status_code == 404


def test_away_is_said_once_and_the_desk_sees_it(garden: World, phone: Client) -> None:
    answer = phone.post("/tech/state/", {"state": "away"})

    assert answer.status_code == 302
    assert DutyShift.objects.get(staff=garden.technician).is_away
    assert [s["label"] for s in phone.get(LIST).context["states"] if s["current"]] == ["离岗"]
    phone.post("/tech/state/", {"state": "ready"})
    assert not DutyShift.objects.get(staff=garden.technician).is_away


def test_the_list_asks_no_more_for_more_jobs(garden: World, phone: Client) -> None:
    dispatched(garden)
    phone.get(LIST)
    before = statements(phone, LIST)
    for _ in range(8):
        dispatched(garden)

    assert statements(phone, LIST) == before
    assert before <= 25
