"""What the console looks up while the clerk types: homes, matters, households and whom to send."""

from __future__ import annotations

from datetime import timedelta

import pytest

from residents.models import DutyShift
from residents.tenancy import scope_now
from tests.frontdesk.conftest import Desk
from tests.repairs.factories import RepairCategoryFactory
from tests.residents.factories import (
    BuildingFactory,
    DutyShiftFactory,
    MembershipFactory,
    OccupancyFactory,
    PersonFactory,
    StaffFactory,
    UnitFactory,
)
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "words", ["3-1-2502", "3栋1单元2502", "2502", "csyz", "ceshi", "测试业主", "6621", "13800006621"]
)
def test_a_home_is_found_by_number_name_pinyin_and_phone(desk: Desk, words: str) -> None:
    results = desk.get("/desk/units/", unit_q=words).context["results"]

    assert [option.label for option in results] == ["3栋1单元2502"]


def test_a_home_s_phone_is_masked_and_the_query_comes_back_as_typed(desk: Desk) -> None:
    page = desk.get("/desk/units/", unit_q=" 2502 ").content.decode()

    assert "138****6621" in page
    assert "13800006621" not in page
    assert 'data-query="2502"' in page


def test_homes_of_other_projects_are_not_found(desk: Desk) -> None:
    UnitFactory(building=BuildingFactory(code="03"), room="2502", code="0091030000")

    assert len(desk.get("/desk/units/", unit_q="2502").context["results"]) == 1


@pytest.mark.parametrize("words", ["cfls", "CFLS", "cf", "厨房", "漏水", "给排水", "kitchen"])
def test_a_matter_is_found_by_initials_characters_system_and_code(desk: Desk, words: str) -> None:
    results = desk.get("/desk/matters/", category_q=words, scope="indoor").context["results"]

    assert [matter.label for matter in results] == ["厨房漏水"]
    assert results[0].hint == "水电 · 到场 5 分 · 开工 30 分"


def test_matters_belong_to_a_scope_and_exact_initials_come_first(desk: Desk) -> None:
    RepairCategoryFactory(code="mice", name="厨房老鼠虫害", initials="cflsch", position=1)

    assert desk.get("/desk/matters/", category_q="ldbl", scope="indoor").context["results"] == []
    assert len(desk.get("/desk/matters/", category_q="ldbl", scope="public").context["results"]) == 1
    found = desk.get("/desk/matters/", category_q="cfls", scope="indoor").context["results"]
    assert [matter.label for matter in found] == ["厨房漏水", "厨房老鼠虫害"]


def test_characters_no_column_holds_find_nothing_and_break_nothing(desk: Desk) -> None:
    for path, name in (("/desk/units/", "unit_q"), ("/desk/matters/", "category_q")):
        assert desk.get(path, **{name: "\x00%_'\"<b>"}).status_code == 200


def test_the_household_shows_who_lives_there_and_what_they_have_open(desk: Desk) -> None:
    desk.submit()
    ticket = Ticket.objects.get()
    OccupancyFactory(unit=desk.world.unit, person=PersonFactory(name="测试家人"), role="family", is_contact=False)

    page = desk.get("/desk/household/", unit=str(desk.world.unit.public_id), category="kitchen-leak")

    card = page.context["household"]
    assert (card.label, card.code, card.members) == ("3栋1单元2502", "001-1-03-2502", "测试家人（家人）")
    assert [item.number for item in card.open_items] == [ticket.short_number]
    assert card.warranty.covered is True
    assert "138****6621" in page.content.decode()


def test_without_a_home_the_column_shows_what_the_desk_took_down_lately(desk: Desk) -> None:
    desk.submit()

    recent = desk.get("/desk/household/").context["recent"]

    assert [(line.unit, line.title) for line in recent] == [("3栋1单元2502", "厨房漏水")]


def technician(desk: Desk, name: str, *, trades: list[str], on_duty: bool = True, is_away: bool = False) -> None:
    world, now = desk.world, scope_now()
    person = StaffFactory(number=name, name=name, trades=trades)
    MembershipFactory(staff=person, project=world.project, role="technician")
    if on_duty:
        DutyShiftFactory(
            staff=person,
            project=world.project,
            role="technician",
            started_at=now - timedelta(hours=1),
            ends_at=now + timedelta(hours=3),
            is_away=is_away,
        )


def suggested(desk: Desk, **query: str) -> list[tuple[str, str]]:
    asked = {"unit": str(desk.world.unit.public_id), "category": "kitchen-leak", "scope": "indoor", **query}
    answer = desk.get("/desk/suggestions/", **asked)
    return [(person.value, person.reason) for person in answer.context["suggestions"]]


@pytest.mark.rule("REP-09")
def test_whom_to_send_is_ranked_by_duty_trade_load_and_building(desk: Desk) -> None:
    first = desk.world.technician.number
    technician(desk, "8001", trades=["general"])
    technician(desk, "8002", trades=["plumbing"])
    technician(desk, "8003", trades=["lift"])
    technician(desk, "8004", trades=["plumbing"], on_duty=False)
    technician(desk, "8005", trades=["plumbing"], is_away=True)

    assert suggested(desk) == [(first, ""), ("8002", ""), ("8001", ""), ("pool", "")]

    desk.submit(assignee=first)
    assert [value for value, _ in suggested(desk)] == ["8002", first, "8001", "pool"]

    elsewhere = UnitFactory(building=BuildingFactory(project=desk.world.project, code="07"), room="0101")
    desk.submit(assignee="8002", unit_q=elsewhere.short)
    assert [value for value, _ in suggested(desk)] == [first, "8002", "8001", "pool"]


def test_somebody_who_cannot_go_is_shown_with_the_reason_only_when_nobody_can(desk: Desk) -> None:
    DutyShift.objects.all().update(is_away=True)
    technician(desk, "8004", trades=["plumbing"], on_duty=False)

    assert suggested(desk)[:2] == [(desk.world.technician.number, "暂不接单"), ("8004", "不在班")]
    page = desk.get("/desk/suggestions/", unit=str(desk.world.unit.public_id), category="kitchen-leak")
    assert "disabled" in page.content.decode()


def test_the_choice_stays_checked_and_without_a_matter_nobody_is_suggested(desk: Desk) -> None:
    technician(desk, "8002", trades=["plumbing"])

    unit = str(desk.world.unit.public_id)
    people = desk.get("/desk/suggestions/", unit=unit, category="kitchen-leak", assignee="8002").context["suggestions"]
    assert [person.value for person in people if person.checked] == ["8002"]
    assert suggested(desk, category="") == []


def test_a_paid_matter_shows_its_price_beside_the_people(desk: Desk) -> None:
    paid = desk.get("/desk/suggestions/", unit=str(desk.world.unit.public_id), category="paint").context["paid"]

    assert [(line.name, line.price) for line in paid.lines] == [("上门维修费", "¥35.00 / 次")]
    assert "工程维修单" in paid.form_name


@pytest.mark.parametrize("path", ["/desk/units/", "/desk/matters/", "/desk/suggestions/"])
def test_lookups_are_for_those_who_take_down(sign_in: object, path: str) -> None:
    assert sign_in("technician").get(path).status_code == 403  # type: ignore[operator]
    assert sign_in("estate_manager").get(path).status_code == 403  # type: ignore[operator]
    assert sign_in("keeper").get(path).status_code == 200  # type: ignore[operator]
