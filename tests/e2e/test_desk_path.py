"""The clerk's path by keyboard alone: F2, a home, Enter, a matter, Enter, Ctrl+Enter."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from residents.tenancy import company_scope, scope_now
from tests.e2e.conftest import Site, sign_in
from tests.residents.factories import UnitFactory
from tickets.models import Notice, SlaClock, Ticket, TicketEvent

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"]),
]


@pytest.fixture
def desk(context: BrowserContext, site: Site) -> Page:
    """The console of a clerk, with a plumber on duty."""
    with company_scope(site.world.company.pk):
        now = scope_now()
        site.world.on_duty("technician", start=now - timedelta(hours=1), end=now + timedelta(hours=6))
    page = sign_in(context, site, "front_desk")
    expect(page.locator("#queue")).to_be_visible()
    return page


def events(site: Site, kind: str) -> int:
    with company_scope(site.world.company.pk):
        return TicketEvent.objects.filter(kind=kind).count()


def type_until_the_matter_is_chosen(page: Page) -> None:
    page.keyboard.press("F2")
    page.keyboard.type("3-1-2502")
    page.keyboard.press("Enter")
    page.keyboard.type("cfls")
    page.keyboard.press("Enter")


@pytest.mark.rule("REP-04, REP-09")
def test_six_strokes_make_one_ticket_and_one_dispatch_to_the_first_suggestion(desk: Page, site: Site) -> None:
    type_until_the_matter_is_chosen(desk)
    desk.keyboard.press("Control+Enter")

    expect(desk.locator("#intake [data-saved]")).to_contain_text("厨房漏水")
    expect(desk.locator("#queue-rows .qrow")).to_have_count(1)
    with company_scope(site.world.company.pk):
        ticket = Ticket.objects.get()
        assert (ticket.state, ticket.assignee_id) == ("dispatched", site.world.technician.pk)
        assert ticket.unit_id == site.world.unit.pk
        assert SlaClock.objects.filter(ticket=ticket, rule_code="REP-09", state="met").count() == 1
    assert (events(site, "reported"), events(site, "dispatched")) == (1, 1)


@pytest.mark.rule("REP-07")
def test_a_refusal_of_one_home_says_nothing_of_the_next_and_its_matter_is_typed_over(desk: Page, site: Site) -> None:
    with company_scope(site.world.company.pk):
        site.world.unit.hand_over_on = scope_now().date() - timedelta(days=5000)
        site.world.unit.save()
        UnitFactory(building=site.world.building, room="2503", hand_over_on=scope_now().date())
    type_until_the_matter_is_chosen(desk)
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#intake .errbox")).to_contain_text("收费标准")

    desk.keyboard.press("F2")
    desk.keyboard.type("3-1-2503")
    desk.keyboard.press("Enter")
    desk.keyboard.type("cfls")
    desk.keyboard.press("Enter")

    expect(desk.locator("#id_category_q")).to_have_value("厨房漏水")
    expect(desk.locator("#intake .errbox")).to_have_count(0)
    expect(desk.locator("#id_price_told")).not_to_have_attribute("aria-invalid", "true")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#intake [data-saved]")).to_contain_text("厨房漏水")


@pytest.mark.rule("GEN-03")
def test_the_button_does_not_say_dispatch_where_nobody_is_sent(desk: Page) -> None:
    type_until_the_matter_is_chosen(desk)
    expect(desk.locator("#intake [data-submit]")).to_have_text("提交并派单 Ctrl+Enter", use_inner_text=True)

    desk.get_by_text("不能办", exact=True).click()

    expect(desk.locator("#intake [data-submit]")).to_have_text("提交 Ctrl+Enter", use_inner_text=True)
    expect(desk.locator("#intake [data-submit-alt]")).to_be_hidden()


def test_a_clerk_faster_than_the_lists_and_two_submits_still_makes_one_ticket(desk: Page, site: Site) -> None:
    def slowly(route: object) -> None:
        desk.wait_for_timeout(400)
        route.continue_()  # type: ignore[attr-defined]

    desk.route("**/desk/units/*", slowly)
    desk.route("**/desk/matters/*", slowly)

    type_until_the_matter_is_chosen(desk)
    desk.keyboard.press("Control+Enter")
    desk.keyboard.press("Control+Enter")

    expect(desk.locator("#intake [data-saved]")).to_contain_text("厨房漏水")
    desk.wait_for_timeout(500)
    assert (events(site, "reported"), events(site, "dispatched")) == (1, 1)


def test_enter_inside_a_composition_chooses_and_submits_nothing(desk: Page, site: Site) -> None:
    desk.keyboard.press("F2")
    box = desk.locator("#id_unit_q")
    box.fill("测试")
    expect(desk.locator("#unit-results [role=option]")).to_have_count(1)

    for event in ({"key": "Enter", "isComposing": True}, {"key": "Enter", "keyCode": 229, "ctrlKey": True}):
        box.dispatch_event("keydown", {**event, "bubbles": True, "cancelable": True})

    assert desk.evaluate("document.activeElement.id") == "id_unit_q"
    assert desk.input_value("#id_unit") == ""
    assert events(site, "reported") == 0


def test_an_unknown_home_keeps_what_was_typed_and_says_so(desk: Page, site: Site) -> None:
    desk.keyboard.press("F2")
    desk.keyboard.type("9-9-9999")
    desk.keyboard.press("Enter")
    desk.keyboard.type("cfls")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Control+Enter")

    expect(desk.locator("#id_unit_problem")).to_be_visible()
    assert desk.input_value("#id_unit_q") == "9-9-9999"
    assert events(site, "reported") == 0


@pytest.mark.rule("REP-10")
def test_a_possible_duplicate_is_joined_with_one_more_choice(desk: Page, site: Site) -> None:
    for answer in ("#intake [data-saved]", "#intake .errbox"):
        type_until_the_matter_is_chosen(desk)
        desk.keyboard.press("Control+Enter")
        expect(desk.locator(answer)).to_be_visible()
    expect(desk.locator("#household")).to_contain_text("同类报修还没办完")
    if folder := os.environ.get("SD_SCREENS"):
        desk.screenshot(path=f"{folder}/console-duplicate.png")

    join = desk.locator("#household label", has_text="并入这张单")
    join.click()
    expect(join.locator("input")).to_be_checked()
    desk.keyboard.press("Control+Enter")

    expect(desk.locator("#intake [data-saved]")).to_contain_text("已并入这张单")
    with company_scope(site.world.company.pk):
        assert Ticket.objects.get().reporters.count() == 1


@pytest.mark.rule("REP-10")
def test_what_is_said_of_a_duplicate_outlives_the_column_it_was_said_in(desk: Page, site: Site) -> None:
    type_until_the_matter_is_chosen(desk)
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#intake [data-saved]")).to_be_visible()
    type_until_the_matter_is_chosen(desk)
    join = desk.locator("#household label", has_text="并入这张单")
    expect(join).to_be_visible()

    def choose(matter: str) -> None:
        desk.fill("#id_category_q", matter)
        expect(desk.locator("#category-results [role=option]")).to_have_count(1)
        desk.press("#id_category_q", "Enter")

    # The matter is chosen again, and the answer given while the column for it is still on its way.
    on_the_way: list[Route] = []
    desk.route("**/desk/household/*", lambda route: on_the_way.append(route), times=1)
    desk.evaluate("document.getElementById('household').dataset.before = '1'")
    with desk.expect_request("**/desk/household/*"):
        choose("cfls")
    join.click()
    on_the_way.pop().continue_()
    desk.wait_for_selector("#household:not([data-before])")
    expect(join.locator("input")).to_be_checked()

    # Another matter has other tickets; the answer is not theirs.
    choose("bq")
    expect(join).to_have_count(0)
    choose("cfls")
    expect(join.locator("input")).not_to_be_checked()
    join.click()
    desk.keyboard.press("Control+Enter")

    expect(desk.locator("#intake [data-saved]")).to_contain_text("已并入这张单")
    with company_scope(site.world.company.pk):
        assert Ticket.objects.get().reporters.count() == 1


def test_a_dispatch_is_taken_back_from_its_toast(desk: Page, site: Site) -> None:
    type_until_the_matter_is_chosen(desk)
    desk.keyboard.press("Control+Enter")
    row = desk.locator("#queue-rows .qrow")
    expect(row).to_contain_text("接单")

    desk.locator("#toasts button", has_text="撤销").click()

    expect(desk.locator("#toasts")).to_contain_text("已撤销派单")
    expect(desk.locator("#intake [data-saved]")).to_have_count(0)
    expect(row).to_contain_text("未派")
    expect(row.locator(".btn")).to_contain_text("派单")
    with company_scope(site.world.company.pk):
        assert Ticket.objects.get().state == "reported"
        assert not Notice.objects.filter(kind="dispatched").exists()
    assert events(site, "dispatch_taken_back") == 1


def test_a_new_ticket_of_another_clerk_appears_without_a_reload(
    desk: Page, context: BrowserContext, site: Site
) -> None:
    other = context.new_page()
    other.goto("/desk/")
    other.evaluate("window.stays = true")

    type_until_the_matter_is_chosen(desk)
    desk.keyboard.press("Control+Enter")

    expect(other.locator("#queue-rows .qrow")).to_have_count(1, timeout=10_000)
    assert other.evaluate("window.stays") is True


def test_the_console_works_without_scripts(browser: object, site: Site) -> None:
    plain = browser.new_context(base_url=site.url, java_script_enabled=False)  # type: ignore[attr-defined]
    with company_scope(site.world.company.pk):
        now = scope_now()
        site.world.on_duty("technician", start=now - timedelta(hours=1), end=now + timedelta(hours=6))
    page = sign_in(plain, site, "front_desk")
    page.fill("#id_unit_q", "3-1-2502")
    page.fill("#id_category_q", "cfls")
    page.click("button[value=dispatch]")

    expect(page.locator("#toasts")).to_contain_text("厨房漏水")
    assert (events(site, "reported"), events(site, "dispatched")) == (1, 1)
    plain.close()
