"""Taking a repair down at the console: what is made, what is refused, and that nothing typed is lost."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from repairs import actions
from repairs.models import RepairOrder, Visit
from residents.models import DutyShift
from residents.roles import Role
from residents.tenancy import scope_now
from tests.frontdesk.conftest import Desk, working
from tests.repairs.factories import RepairCategoryFactory
from tests.residents.factories import BuildingFactory, OccupancyFactory, PersonFactory, UnitFactory
from tickets.models import SlaClock, Ticket, TicketEvent, TicketReporter

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_the_usual_form_makes_a_dispatched_ticket_and_says_so(desk: Desk) -> None:
    key = str(uuid.uuid4())

    answer = desk.submit(form_key=key, description="水槽下方柜内漏水 💧")

    ticket = Ticket.objects.get()
    assert answer.status_code == 200
    assert (ticket.state, ticket.assignee) == ("dispatched", desk.world.technician)
    assert (ticket.unit, ticket.reporter) == (desk.world.unit, desk.world.owner)
    assert (ticket.contact_name, ticket.contact_phone) == (desk.world.owner.name, desk.world.owner.phone)
    assert ticket.description == "水槽下方柜内漏水 💧"
    trigger = json.loads(answer.headers["HX-Trigger"])
    assert trigger["intake-saved"] == {"form_key": key}
    assert "厨房漏水" in trigger["toast"]["text"]
    # The answer is the next, empty card.
    assert f'value="{key}"' not in said(answer)
    assert "3-1-2502" not in said(answer).replace("例：3-1-2502", "")


def test_the_same_form_twice_finds_the_first_ticket_and_dispatches_once(desk: Desk) -> None:
    key = str(uuid.uuid4())

    first, second = desk.submit(form_key=key), desk.submit(form_key=key)

    assert (first.status_code, second.status_code) == (200, 200)
    assert Ticket.objects.count() == 1
    assert TicketEvent.objects.filter(kind__in=("dispatched", "redispatched")).count() == 1
    assert Ticket.objects.get().short_number in said(second)


@pytest.mark.rule("GEN-03, REP-04")
def test_what_cannot_be_done_is_explained_and_nobody_is_sent(desk: Desk) -> None:
    bare = desk.submit(visit="cannot")
    assert bare.status_code == 422
    assert 'id="id_explanation_error"' in said(bare)
    assert not Ticket.objects.exists()

    answer = desk.submit(visit="cannot", explanation="属开发商保修，已请业主联系开发商")

    ticket = Ticket.objects.get()
    assert (ticket.response, ticket.explanation) == ("cannot", "属开发商保修，已请业主联系开发商")
    assert (ticket.state, ticket.assignee) == ("reported", None)
    assert "等客服中心负责人确认" in said(answer)


def test_an_explanation_left_over_from_another_answer_is_not_stored(desk: Desk) -> None:
    desk.submit(visit="now", explanation="属开发商保修")

    assert Ticket.objects.get().explanation == ""


def test_only_registering_dispatches_nobody(desk: Desk) -> None:
    desk.submit(submit_as="register")

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.assignee) == ("reported", None)
    assert SlaClock.objects.filter(ticket=ticket, rule_code="REP-09", state="running").exists()


def test_a_plain_post_leads_back_to_the_console_with_a_message(desk: Desk) -> None:
    answer = desk.submit_without_script()

    assert (answer.status_code, answer.headers["Location"]) == (302, "/desk/")
    assert Ticket.objects.get().short_number in said(desk.client.get("/desk/"))


def test_a_refused_plain_post_shows_the_whole_console_with_everything_typed(desk: Desk) -> None:
    answer = desk.submit_without_script(unit_q="9-9-9999", description="门锁坏了")

    assert answer.status_code == 422
    assert '<html lang="zh-Hans"' in said(answer)
    assert "没有找到“9-9-9999”" in said(answer)
    assert "门锁坏了" in said(answer)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"unit_q": "9-9-9999"}, "没有找到“9-9-9999”"),
        ({"unit_q": None}, "户内报修请先选房号"),
        ({"unit_q": None, "unit": str(uuid.uuid4())}, "没有找到这个房号"),
        ({"unit_q": None, "unit": "x"}, "没有找到这个房号"),
        ({"category": None}, "请选择事项"),
        ({"category": None, "category_q": "xyz"}, "没有“xyz”这个事项"),
        ({"category": "street-lamp"}, "请改选范围"),
        ({"scope": "public", "category": "street-lamp", "unit_q": None}, "公共报修请写明位置"),
        ({"visit": "appointment"}, "请填写预约上门的时间段"),
        ({"description": "漏" * 5001}, "最多 5000 字，现在 5001 字"),
        ({"contact_phone": "不知道"}, "电话只写数字"),
        ({"description": "a\x00b"}, "无法保存的字符"),
        ({"occurred_at": "昨天"}, "格式填写时间"),
        ({"assignee": "9999"}, "没有这位技工"),
        ({"link": "duplicate:x"}, "要关联的工单找不到了"),
    ],
)
def test_what_cannot_be_taken_down_is_said_and_stores_nothing(
    desk: Desk, changes: dict[str, str], sentence: str
) -> None:
    answer = desk.submit(**{"contact_name": "测试来电人", **changes})

    assert answer.status_code == 422
    assert sentence in said(answer)
    assert 'value="测试来电人"' in said(answer)
    assert not Ticket.objects.exists()


def test_a_time_in_the_future_is_refused_at_its_field(desk: Desk) -> None:
    ahead = (scope_now() + timedelta(hours=1)).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")

    answer = desk.submit(occurred_at=ahead)

    assert answer.status_code == 422
    assert 'id="id_occurred_at_error"' in said(answer)
    assert not Ticket.objects.exists()


@pytest.mark.rule("GEN-01")
def test_a_late_entry_keeps_the_time_it_really_came_in(desk: Desk) -> None:
    earlier = (scope_now() - timedelta(minutes=90)).replace(second=0, microsecond=0)

    desk.submit(occurred_at=earlier.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M"))

    ticket = Ticket.objects.get()
    assert ticket.reported_at == earlier
    assert ticket.entered_at > earlier


def _typed(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"


@pytest.mark.rule("REP-06")
@pytest.mark.parametrize("minutes", [None, 2])
def test_the_minute_to_tell_engineering_counts_from_the_conversation_that_is_typed_in_later(
    desk: Desk, minutes: int | None
) -> None:
    earlier = (scope_now() - timedelta(minutes=40)).replace(microsecond=0)
    ended = earlier + timedelta(minutes=minutes or 0)

    desk.submit(occurred_at=_typed(earlier), contact_ended_at=_typed(ended) if minutes else None)

    told = SlaClock.objects.get(rule_code="REP-06")
    assert (told.due_at, told.breached_at) == (ended + timedelta(minutes=1), ended + timedelta(minutes=1))


@pytest.mark.rule("REP-06")
@pytest.mark.parametrize(("minutes", "sentence"), [(-41, "早于接报时间"), (5, "晚于现在")])
def test_a_conversation_ends_between_the_report_and_now(desk: Desk, minutes: int, sentence: str) -> None:
    earlier = scope_now() - timedelta(minutes=40)

    answer = desk.submit(occurred_at=_typed(earlier), contact_ended_at=_typed(scope_now() + timedelta(minutes=minutes)))

    assert answer.status_code == 422
    assert 'id="id_contact_ended_at_error"' in said(answer)
    assert sentence in said(answer)
    assert not Ticket.objects.exists()


@pytest.mark.rule("REP-03")
def test_an_appointment_is_read_in_the_zone_of_the_project(desk: Desk) -> None:
    begins = (scope_now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    local = begins.astimezone(SHANGHAI)

    desk.submit(
        visit="appointment",
        appointment_from=local.strftime("%Y-%m-%dT%H:%M"),
        appointment_to=(local + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
    )

    visit = Visit.objects.get()
    assert (visit.window_from, visit.window_to) == (begins, begins + timedelta(hours=1))


def test_a_home_typed_over_a_chosen_one_is_the_one_that_counts(desk: Desk) -> None:
    other = UnitFactory(building=desk.world.building, room="1203")

    desk.submit(unit=str(desk.world.unit.public_id), unit_q="3-1-1203")

    assert Ticket.objects.get().unit == other


def test_words_that_mean_several_homes_ask_for_the_whole_number(desk: Desk) -> None:
    UnitFactory(building=desk.world.building, entrance="2", room="2502", code="0011040001")

    answer = desk.submit(unit_q="2502")

    assert "“2502”有 2 户" in said(answer)
    assert not Ticket.objects.exists()


def test_typed_initials_that_mean_one_matter_are_enough_and_several_are_listed(desk: Desk) -> None:
    RepairCategoryFactory(code="bathroom-leak", name="厕所漏水", initials="cslshui")

    several = desk.submit(category=None, category_q="c")
    one = desk.submit(category=None, category_q="cfls")

    assert "厨房漏水、厕所漏水" in said(several)
    assert one.status_code == 200
    assert Ticket.objects.get().title == "厨房漏水"


@pytest.mark.rule("REP-07")
def test_a_paid_repair_is_dispatched_only_after_the_price_was_told_and_shows_the_tariff(desk: Desk) -> None:
    refused = desk.submit(category="paint", assignee=desk.world.technician.number)

    assert refused.status_code == 409
    assert 'id="id_price_told_error"' in said(refused)
    assert "¥35.00" in said(refused)
    assert not Ticket.objects.exists()

    assert desk.submit(category="paint", price_told="on").status_code == 200
    order = RepairOrder.objects.get()
    assert (order.price_accepted_by, order.form) == (desk.world.owner.name, "repair_order")
    assert order.price_told_at is not None


def test_a_technician_who_is_away_refuses_the_whole_submit_and_the_list_says_why(desk: Desk) -> None:
    DutyShift.objects.filter(staff=desk.world.technician).update(is_away=True)

    chosen = desk.submit(assignee=desk.world.technician.number, description="水还在流")
    nobody = desk.submit()

    for answer in (chosen, nobody):
        assert answer.status_code == 409
        assert "暂不接单" in said(answer)
    assert "水还在流" in said(chosen)
    assert "请放入抢单池，或仅登记" in said(nobody)
    assert not Ticket.objects.exists()


def test_the_pool_takes_what_nobody_is_chosen_for(desk: Desk) -> None:
    desk.submit(assignee="pool")

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.assignee, ticket.is_pooled) == ("dispatched", None, True)


@pytest.mark.rule("REP-10")
def test_a_possible_duplicate_is_shown_beside_the_form_and_decided_by_the_clerk(desk: Desk) -> None:
    desk.submit()
    first = Ticket.objects.get()

    asked = desk.submit()
    assert asked.status_code == 409
    assert f'value="duplicate:{first.public_id}"' in said(asked)
    assert 'hx-swap-oob="true"' in said(asked)
    assert Ticket.objects.count() == 1

    joined = desk.submit(link=f"duplicate:{first.public_id}", contact_name="测试邻居")
    assert joined.status_code == 200
    assert list(TicketReporter.objects.filter(ticket=first).values_list("name", flat=True)) == ["测试邻居"]
    assert Ticket.objects.count() == 1

    assert desk.submit(link=f"none:{first.public_id}").status_code == 200
    assert Ticket.objects.count() == 2


@pytest.mark.rule("REP-10")
def test_an_answer_counts_only_for_the_tickets_it_was_given_about(desk: Desk) -> None:
    desk.submit()
    leak = Ticket.objects.get()
    desk.submit(category="paint", price_told="on")
    paint = Ticket.objects.get(category="paint")

    # Said of the leak, sent with the paint: asked again, with the paint's own ticket.
    other = desk.submit(category="paint", price_told="on", link=f"none:{leak.public_id}")
    assert other.status_code == 409
    assert f'value="none:{paint.public_id}"' in said(other)
    joined = desk.submit(category="paint", price_told="on", link=f"duplicate:{leak.public_id}")
    assert joined.status_code == 422
    assert "请重新选择" in said(joined)
    assert not TicketReporter.objects.exists()

    # A second leak was taken down since the clerk said it is not the first one.
    desk.submit(link=f"none:{leak.public_id}")
    assert desk.submit(link=f"none:{leak.public_id}").status_code == 409
    assert Ticket.objects.count() == 3


@pytest.mark.rule("REP-10")
def test_the_left_column_keeps_the_answer_it_still_offers(desk: Desk) -> None:
    desk.submit()
    first = Ticket.objects.get()
    asked = {"kind": "repair", "unit": str(desk.world.unit.public_id)}

    for link in (f"duplicate:{first.public_id}", f"none:{first.public_id}"):
        same = said(desk.get("/desk/household/", **asked, category="kitchen-leak", link=link))
        assert f'value="{link}" form="intake-form" checked' in same
        assert "checked" not in said(desk.get("/desk/household/", **asked, category="paint", link=link))


@pytest.mark.rule("REP-10")
def test_the_left_column_asks_about_the_public_place_that_was_typed(desk: Desk) -> None:
    lamp = {"scope": "public", "category": "street-lamp", "place": "B2 A区", "assignee": "pool", "unit_q": None}
    desk.submit(**lamp, contact_name="测试路人")
    ticket = Ticket.objects.get()

    there = {"kind": "repair", "category": "street-lamp", "place": "B2 A区"}
    for home in ({}, {"unit": str(desk.world.unit.public_id)}):
        assert f"duplicate:{ticket.public_id}" in said(desk.get("/desk/household/", **there, **home))
        assert "duplicate:" not in said(desk.get("/desk/household/", **{**there, "place": "南门"}, **home))


@pytest.mark.rule("REP-10")
def test_the_same_public_place_is_asked_about_and_the_reporter_s_home_is_not_the_place(desk: Desk) -> None:
    lamp = {"scope": "public", "category": "street-lamp", "place": "B2 A区", "assignee": "pool"}

    desk.submit(**lamp)
    ticket = Ticket.objects.get()
    assert (ticket.place, ticket.is_public_area) == ("B2 A区", True)
    assert ticket.reporters.get().name == desk.world.owner.name

    again = desk.submit(**lamp, unit_q=None, contact_name="测试路人")
    assert again.status_code == 409
    assert f"duplicate:{ticket.public_id}" in said(again)
    assert desk.submit(**{**lamp, "place": "南门"}).status_code == 200


def test_joining_an_open_ticket_twice_with_the_same_form_adds_one_reporter(desk: Desk) -> None:
    desk.submit()
    first, key = Ticket.objects.get(), str(uuid.uuid4())

    for _ in range(2):
        desk.submit(form_key=key, link=f"duplicate:{first.public_id}", contact_name="测试邻居")

    assert TicketReporter.objects.filter(ticket=first).count() == 1


def test_a_repair_of_the_same_matter_lately_is_offered_as_a_rework(desk: Desk) -> None:
    world, now = desk.world, scope_now()
    desk.submit(submit_as="register")
    old = Ticket.objects.get()
    Ticket.objects.filter(pk=old.pk).update(
        state="archived", closed_at=now, handled_at=now, reported_at=now - timedelta(days=12)
    )

    column = said(desk.get("/desk/household/", unit=str(world.unit.public_id), category="kitchen-leak"))
    assert "12 天内同类报修" in column
    assert f'value="rework:{old.public_id}"' in column

    desk.submit(link=f"rework:{old.public_id}")
    again = Ticket.objects.exclude(pk=old.pk).get()
    assert (again.rework_of, again.is_important) == (old, True)


@pytest.mark.rule("REP-33")
def test_night_duty_says_next_day_before_it_fixes_an_appointment(desk: Desk, sign_in: object) -> None:
    working(desk.world, "night_duty", until=8)
    client = sign_in("night_duty")  # type: ignore[operator]
    night = Desk(desk.world, client)
    assert "次日安排" in said(night.get("/desk/"))
    assert "次日安排" not in said(desk.get("/desk/"))
    tomorrow = (scope_now() + timedelta(days=1)).astimezone(SHANGHAI)
    window = {
        "visit": "appointment",
        "appointment_from": tomorrow.strftime("%Y-%m-%dT%H:%M"),
        "appointment_to": (tomorrow + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
    }

    refused = night.submit(**window)
    assert "次日安排" in said(refused)
    assert 'id="id_told_next_day_error"' in said(refused)

    assert night.submit(**window, told_next_day="on").status_code == 200


def test_a_home_of_another_project_is_unknown_here(desk: Desk) -> None:
    elsewhere = UnitFactory(building=BuildingFactory(), room="7777")

    answer = desk.submit(unit=str(elsewhere.public_id), unit_q=None)

    assert answer.status_code == 422
    assert not Ticket.objects.exists()


def test_the_person_on_the_phone_is_the_one_the_list_named(desk: Desk) -> None:
    tenant = PersonFactory(name="测试租户", phone="13900001234")
    OccupancyFactory(unit=desk.world.unit, person=tenant, role="tenant", is_contact=False)

    desk.submit(unit=f"{desk.world.unit.public_id}:{tenant.public_id}", unit_q=None)

    assert Ticket.objects.get().reporter == tenant


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.SPECIALIST, 200),
        (Role.KEEPER, 200),
        (Role.TECHNICIAN, 403),
        (Role.GUARD, 403),
        (Role.FINANCE, 403),
        (Role.ESTATE_MANAGER, 403),
    ],
)
def test_only_customer_service_takes_down(desk: Desk, sign_in: object, role: str, status: int) -> None:
    client = sign_in(role)  # type: ignore[operator]

    answer = Desk(desk.world, client).submit(submit_as="register")

    assert answer.status_code == status
    assert Ticket.objects.exists() == (status == 200)


def test_a_submit_is_few_statements_and_their_number_does_not_grow(desk: Desk) -> None:
    fields = {
        "assignee": desk.world.technician.number,
        "unit": str(desk.world.unit.public_id),
        "unit_q": desk.world.unit.label,
        "category_q": "厨房漏水",
    }
    desk.submit(**fields)
    counted = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as statements:
            newest = Ticket.objects.latest("pk").public_id
            assert desk.submit(**fields, link=f"none:{newest}").status_code == 200
        counted.append([s["sql"] for s in statements if not s["sql"].startswith(("SAVEPOINT", "RELEASE"))])
    assert len(counted[0]) == len(counted[1])
    assert len(counted[0]) <= 42, "\n".join(sql[:120] for sql in counted[0])


def test_the_desk_and_the_domain_make_the_same_ticket(desk: Desk) -> None:
    desk.submit(submit_as="register", contact_name=desk.world.owner.name)
    by_form = Ticket.objects.get()
    by_hand = actions.report_repair(
        actions.RepairIntake(
            category=desk.world.leak,
            unit=desk.world.unit,
            when="now",
            reporter=desk.world.owner,
            contact_name=desk.world.owner.name,
            not_duplicate=True,
        ),
        project=desk.world.project,
        by=desk.world.front_desk,
    )
    alike = ("title", "place", "category", "state", "response", "reporter_id", "owner_id", "is_important")
    assert [getattr(by_form, name) for name in alike] == [getattr(by_hand, name) for name in alike]
