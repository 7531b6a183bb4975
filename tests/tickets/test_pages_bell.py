"""Notices, the stream's cookie and the server's time."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.core import signing
from django.test import Client
from django.utils import translation

from repairs import actions
from residents.tenancy import scope_now
from tests.browsing import client_of, htmx, on_duty_now
from tests.repairs.test_repair_path import take
from tests.residents.factories import MembershipFactory, ProjectFactory
from tests.worlds import World
from tickets.live import COOKIE, SALT, SECONDS
from tickets.models import CAUGHT_UP, Notice, SlaClock, SlaFiring
from tickets.sla.ladder import escalate


def told(world: World) -> None:
    on_duty_now(world, "technician")
    ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk)
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician)


def test_the_bell_shows_what_one_has_not_acknowledged(garden: World) -> None:
    told(garden)
    client = client_of(garden.technician)

    bell = client.get("/tickets/notices/", headers=htmx("notices"))
    page = client.get("/tickets/notices/")

    assert "新任务" in bell.content.decode()
    assert bell.content.decode().count('id="bell-count"') == 1
    assert page.content.decode().count('id="bell-count"') == 1
    assert client_of(garden.technician_2).get("/tickets/notices/").context["notices"] == []


def test_a_notice_is_in_the_language_of_its_reader(garden: World) -> None:
    on_duty_now(garden, "engineering_duty")
    garden.technician.account.language = "en"
    garden.technician.account.save()
    with translation.override("zh-hant"):
        told(garden)
        clock = SlaClock.objects.get(rule_code="REP-15")
        SlaFiring.objects.create(
            company_id=garden.company.pk,
            clock=clock,
            epoch=clock.epoch,
            step_no=0,
            scheduled_for=clock.due_at,
            fired_at=clock.due_at,
            outcome=SlaFiring.Outcome.FIRED,
        )
        escalate({"clock": clock.pk, "rule": clock.rule_id, "epoch": clock.epoch, "step": 0})

    english = client_of(garden.technician).get("/tickets/notices/").content.decode()
    chinese = client_of(garden.engineering_duty).get("/tickets/notices/").content.decode()

    assert "New job: 厨房漏水 · 3栋1单元2502" in english
    assert "接单 超时：厨房漏水 · 3栋1单元2502" in chinese
    with translation.override("en"):
        late = Notice.objects.get(staff=garden.engineering_duty, kind="clock")
        assert late.sentence == "Accept late: 厨房漏水 · 3栋1单元2502"


@pytest.mark.rule("GEN-08")
def test_the_bell_rings_for_the_project_on_the_screen_and_says_what_waits_in_the_others(garden: World) -> None:
    other = ProjectFactory(code="002", name="另一花园")
    MembershipFactory(staff=garden.supervisor, project=other, role="supervisor")
    for staff in (garden.supervisor, garden.staff["company"]):
        for number, project_id in enumerate((garden.project.pk, other.pk, other.pk)):
            Notice.objects.create(
                project_id=project_id,
                staff=staff,
                kind="clock",
                text="超时",
                dedup_key=f"{number}",
                created_at=scope_now(),
            )
    client, boss = client_of(garden.supervisor), client_of(garden.staff["company"])

    page = client.get("/tickets/notices/")
    client.post("/tickets/notices/received/", headers=htmx("notices"))

    assert len(page.context["notices"]) == 1
    assert '另一花园 <span class="tag">2</span>' in page.content.decode()
    assert "其他项目有 2 条通知没有确认" in page.content.decode()
    assert "1 条通知没有确认" in page.content.decode()
    assert Notice.objects.filter(staff=garden.supervisor, acknowledged_at=None).count() == 2
    everything = boss.get("/tickets/notices/")
    assert len(everything.context["notices"]) == 3
    assert "3 条通知没有确认" in everything.content.decode()
    assert "其他项目有" not in everything.content.decode()


def test_received_stops_the_alarm_for_this_person_only(garden: World) -> None:
    told(garden)
    Notice.objects.create(
        company_id=garden.company.pk,
        project=garden.project,
        staff=garden.supervisor,
        kind="clock",
        text="派单 超时",
        dedup_key="x",
        created_at=scope_now(),
    )

    answer = client_of(garden.technician).post("/tickets/notices/received/", headers=htmx("notices"))

    assert answer.status_code == 200
    assert not Notice.objects.filter(staff=garden.technician, acknowledged_at=None).exists()
    assert Notice.objects.filter(staff=garden.supervisor, acknowledged_at=None).count() == 1


def test_one_notice_can_be_acknowledged_alone_and_a_strange_number_changes_nothing(garden: World) -> None:
    told(garden)
    notice = Notice.objects.get(staff=garden.technician)
    client = client_of(garden.technician)

    client.post("/tickets/notices/received/", {"notice": str(notice.pk + 1)})
    assert Notice.objects.filter(staff=garden.technician, acknowledged_at=None).exists()
    client.post("/tickets/notices/received/", {"notice": str(notice.pk)})
    assert not Notice.objects.filter(staff=garden.technician, acknowledged_at=None).exists()


def test_the_streams_cookie_says_who_may_hear_what(garden: World) -> None:
    answer = client_of(garden.technician).get("/tickets/live/token/", headers=htmx())

    cookie = answer.cookies[COOKIE]
    claim = signing.loads(cookie.value, salt=SALT, max_age=SECONDS)
    assert answer.json() == {"expires_in": SECONDS}
    assert claim["s"] == garden.technician.pk
    assert claim["p"] == [garden.project.pk]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/live/")


def test_without_a_session_there_is_no_cookie(garden: World) -> None:
    answer = Client().get("/tickets/live/token/", headers=htmx())

    assert answer.status_code == 401
    assert COOKIE not in answer.cookies


def test_the_servers_time_is_told(garden: World) -> None:
    answer = client_of(garden.technician).get("/tickets/live/time/").json()

    assert datetime.fromisoformat(answer["now"]) == scope_now()


def notice(world: World, key: str, **fields: object) -> Notice:
    return Notice.objects.create(
        company_id=world.company.pk,
        project=world.project,
        staff=world.supervisor,
        text=f"派单 超时 {key}",
        dedup_key=key,
        **{"kind": "clock", "created_at": scope_now(), **fields},
    )


def test_what_an_outage_has_left_is_one_line_until_it_is_acknowledged(garden: World) -> None:
    notice(garden, "before")
    for number in range(60):
        notice(garden, f"late{number}", kind=CAUGHT_UP, level=1 + number % 3)
    client = client_of(garden.supervisor)

    bell = client.get("/tickets/notices/", headers=htmx("notices"))

    assert [(row.title, row.level) for row in bell.context["notices"]] == [
        ("停机恢复后补报 60 项", "升级 3"),
        ("派单 超时 before", ""),
    ]
    assert ">2</b>" in bell.content.decode()  # the number on the bell

    received = client.post("/tickets/notices/received/", headers=htmx("notices"))

    assert not Notice.objects.filter(staff=garden.supervisor, acknowledged_at=None).exists()
    shown = [row.title for row in received.context["notices"]]
    assert len(shown) == 50
    assert not any("停机" in title for title in shown)
    assert ">0</b>" in received.content.decode()


def test_an_outage_of_one_person_is_not_shown_to_another(garden: World) -> None:
    notice(garden, "late", kind=CAUGHT_UP, level=2)
    bell = client_of(garden.front_desk).get("/tickets/notices/", headers=htmx("notices"))
    assert bell.context["notices"] == []
    assert ">0</b>" in bell.content.decode()
