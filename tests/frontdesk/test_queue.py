"""The live queue: one row per ticket, the nearest clock first, in words that say how near."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from frontdesk import queries
from repairs import actions
from repairs.actions import RepairIntake
from residents.roles import Role
from residents.tenancy import scope_now
from tests.frontdesk.conftest import HTMX
from tests.residents.factories import ProjectFactory, UnitFactory
from tests.worlds import T, World
from tickets.models import Notice, SlaClock, SweepRun, Ticket
from tickets.workflow import Stage

pytestmark = pytest.mark.django_db


def report(world: World, at: datetime, room: str) -> Ticket:
    unit = UnitFactory(building=world.building, room=room)
    intake = RepairIntake(category=world.leak, unit=unit, when="now", contact_name="测试业主")
    return actions.report_repair(intake, project=world.project, by=world.front_desk, at=at)


def send(world: World, ticket: Ticket, at: datetime) -> None:
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=at)


def look(world: World, at: datetime, *, tab: str = "all", staff: str = "front_desk") -> queries.Queue:
    return queries.live_queue(world.staff[staff], world.project, tab=tab, at=at)


@pytest.fixture
def three(garden: World) -> list[Ticket]:
    """At 10:10:00: one not dispatched for 40 s, one accepted 6 minutes ago, one accepted a minute ago."""
    garden.on_duty("front_desk", "technician")
    late, soon, calm = (
        report(garden, T(clock), room) for clock, room in (("10:03", "0101"), ("10:09:20", "0102"), ("10:08", "0103"))
    )
    for ticket, sent, accepted in ((late, "10:03:20", "10:04"), (calm, "10:08:20", "10:09")):
        send(garden, ticket, T(sent))
        actions.accept_repair(ticket.pk, by=garden.technician, at=T(accepted))
    return [late, soon, calm]


def test_rows_stand_by_time_left_and_say_how_near_they_are(garden: World, three: list[Ticket]) -> None:
    rows = look(garden, T("10:10")).rows

    assert [row.public_id for row in rows] == [ticket.public_id for ticket in three]
    assert [(row.clock.label, row.clock.state, row.clock.text) for row in rows] == [
        ("到场", "late", "+01:00"),
        ("派单", "warn", "00:20"),
        ("到场", "ok", "04:00"),
    ]


def test_a_ticket_with_several_clocks_has_one_row(garden: World, three: list[Ticket]) -> None:
    assert SlaClock.objects.live().filter(ticket=three[2]).count() > 1
    assert len({row.public_id for row in look(garden, T("10:10")).rows}) == len(three)


def test_time_alone_turns_rows_amber_and_red(garden: World, three: list[Ticket]) -> None:
    states = [
        next(row.clock.state for row in look(garden, at).rows if row.public_id == three[2].public_id)
        for at in (T("10:11:59"), T("10:12"), T("10:14"), T("10:14:01"))
    ]
    assert states == ["ok", "warn", "warn", "late"]


def test_tabs_hold_mine_and_what_is_near_with_their_counts(garden: World, three: list[Ticket]) -> None:
    near = look(garden, T("10:10"), tab="near")
    others = look(garden, T("10:10"), tab="mine", staff="supervisor")

    assert [row.public_id for row in near.rows] == [ticket.public_id for ticket in three[:2]]
    assert [(tab.code, tab.count, tab.current) for tab in near.tabs] == [
        ("mine", "3", False),
        ("all", "3", False),
        ("near", "2", True),
    ]
    assert others.rows == []
    assert look(garden, T("10:10"), tab="nonsense").tabs[1].current


def test_a_row_says_who_holds_it_and_offers_the_act_that_is_due(garden: World, three: list[Ticket]) -> None:
    late, soon, calm = look(garden, T("10:10")).rows

    assert late.line == "技工 · 已接单 10:04"
    assert [action.key for action in late.actions if action.shown] == ["U"]
    assert soon.line == "未派 · 待派单 10:09"
    assert [action.key for action in soon.actions if action.shown] == ["P"]
    assert not calm.has_button


def test_a_late_row_names_whom_it_was_escalated_to(garden: World, three: list[Ticket]) -> None:
    clock = SlaClock.objects.get(ticket=three[0], rule_code="REP-16")
    for level, role in ((1, "engineering_duty"), (2, "centre_head")):
        Notice.objects.create(
            project=garden.project,
            staff=garden.staff[role],
            ticket=three[0],
            clock=clock,
            level=level,
            kind="escalation",
            text="到场超时",
            dedup_key=f"test/{level}",
            created_at=T("10:09"),
        )

    assert look(garden, T("10:10")).rows[0].line == f"技工 · 已升级 {garden.centre_head.name}"


def test_the_five_counters_count_open_tickets_by_what_they_wait_for(garden: World, three: list[Ticket]) -> None:
    actions.arrive(three[0].pk, by=garden.technician, at=T("10:10"))

    counts = look(garden, T("10:10")).counts

    assert [(count.label, count.number) for count in counts] == [
        (str(stage.label), number) for stage, number in zip(Stage, (1, 1, 1, 0, 0), strict=True)
    ]


def test_a_counter_opens_the_list_of_what_it_counts(
    garden: World, three: list[Ticket], sign_in: Callable[[str], Client]
) -> None:
    client = sign_in("front_desk")

    for counter in look(garden, T("10:10")).counts:
        page = client.get(counter.url)
        assert page.status_code == 200
        assert len(page.context["rows"]) == counter.number


def test_an_appointment_on_another_day_shows_its_time_of_day(garden: World) -> None:
    unit = UnitFactory(building=garden.building, room="0101")
    begins = T("09:00") + timedelta(days=1)
    intake = RepairIntake(
        category=garden.leak,
        unit=unit,
        when="appointment",
        window_from=begins,
        window_to=begins + timedelta(minutes=30),
        contact_name="测试业主",
    )
    garden.on_duty("technician")
    ticket = actions.report_repair(intake, project=garden.project, by=garden.front_desk, at=T("10:00"))
    send(garden, ticket, T("10:00:10"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:00:20"))

    (row,) = look(garden, T("10:10")).rows
    assert (row.clock.text, row.clock.at, row.line) == ("明 09:30", True, "技工 · 约 09:30 前")


def test_what_is_due_next_month_waits_outside_until_it_turns_amber(garden: World, three: list[Ticket]) -> None:
    clock = SlaClock.objects.filter(ticket=three[0], rule_code="REP-11").get()
    SlaClock.objects.filter(ticket=three[0]).exclude(pk=clock.pk).update(state="cancelled", next_fire_at=None)
    SlaClock.objects.filter(pk=clock.pk).update(
        state="running", lane=2, amber_at=T("10:00") + timedelta(days=29), due_at=T("10:00") + timedelta(days=30)
    )

    assert three[0].public_id not in {row.public_id for row in look(garden, T("10:10")).rows}
    later = {row.public_id for row in look(garden, T("10:00") + timedelta(days=29)).rows}
    assert three[0].public_id in later


def test_another_project_has_its_own_queue(garden: World, three: list[Ticket]) -> None:
    elsewhere = queries.live_queue(garden.front_desk, ProjectFactory(), tab="all", at=T("10:10"))

    assert elsewhere.rows == []
    assert all(count.number == 0 for count in elsewhere.counts)


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])
def test_the_footer_says_when_the_engine_last_ran(committed_garden: World) -> None:
    ran = T("10:00")
    SweepRun.objects.using("sweeper").create(started_at=ran, finished_at=ran, driver="beat", due_before=ran)

    ages = [queries.engine_state(ran + timedelta(seconds=age)) for age in (0, 30, 31)]

    assert [(engine.seconds, engine.late) for engine in ages] == [(0, False), (30, False), (31, True)]


def test_an_engine_that_never_ran_is_late(garden: World, sign_in: Callable[[str], Client]) -> None:
    assert queries.engine_state(scope_now()).late
    assert "SLA 引擎还没有运行" in sign_in("front_desk").get("/desk/").content.decode()


def test_the_number_of_statements_does_not_grow_with_the_rows(garden: World, sign_in: Callable[[str], Client]) -> None:
    client = sign_in("front_desk")
    start = scope_now() - timedelta(minutes=30)
    garden.on_duty("technician", start=start - timedelta(hours=1), end=start + timedelta(hours=8))

    def fill(numbers: range) -> None:
        for number in numbers:
            send(garden, report(garden, start, f"{number:04d}"), start + timedelta(seconds=20))

    def statements(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path, headers=HTMX).status_code == 200
        return len(captured)

    fill(range(5))
    few = [statements(path) for path in ("/desk/", "/desk/queue/?tab=near")]
    fill(range(5, 50))
    many = [statements(path) for path in ("/desk/", "/desk/queue/?tab=near")]

    assert few == many
    assert many[0] <= 20
    assert client.get("/desk/").content.decode().count('class="qrow') == 50


def test_a_long_day_shows_its_nearest_and_says_that_there_is_more(
    garden: World, monkeypatch: pytest.MonkeyPatch, three: list[Ticket]
) -> None:
    monkeypatch.setattr(queries, "ROWS", 2)
    monkeypatch.setattr(queries, "CLOCKS_READ", 4)

    queue = look(garden, T("10:10"))

    assert len(queue.rows) == 2
    assert str(queue.tabs[1].count).endswith("+")


@pytest.mark.parametrize("path", ["/desk/", "/desk/queue/", "/desk/household/"])
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.FRONT_DESK, 200),
        (Role.NIGHT_DUTY, 200),
        (Role.ESTATE_MANAGER, 200),
        (Role.TECHNICIAN, 403),
        (Role.GUARD, 403),
        (Role.FINANCE, 403),
    ],
)
def test_the_console_is_for_customer_service_and_its_leaders(
    sign_in: Callable[[str], Client], path: str, role: str, status: int
) -> None:
    assert sign_in(role).get(path, headers=HTMX).status_code == status


def test_who_only_looks_is_offered_no_form(sign_in: Callable[[str], Client]) -> None:
    page = sign_in("estate_manager").get("/desk/").content.decode()

    assert "intake-form" not in page
    assert "受理由客服登记" in page


def test_a_stranger_is_sent_to_sign_in_and_a_script_is_told_so(garden: World) -> None:
    assert Client().get("/desk/").headers["Location"] == "/login/?next=/desk/"
    assert Client().get("/desk/queue/", headers={"HX-Request": "true"}).status_code == 401


def test_a_tab_of_the_queue_answers_with_the_queue_alone(sign_in: Callable[[str], Client]) -> None:
    answer = sign_in("front_desk").get("/desk/?tab=near", headers={"HX-Request": "true", "HX-Target": "queue"})

    assert answer.content.decode().lstrip().startswith('<section id="queue"')
    plain = sign_in("front_desk").get("/desk/queue/?tab=near")
    assert plain.headers["Location"] == "/desk/?tab=near"
