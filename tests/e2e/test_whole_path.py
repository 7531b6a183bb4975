"""The whole path to the archive through four roles, each at a screen of its own, and nobody reloads a page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from residents.tenancy import company_scope, scope_now
from tests.e2e.conftest import PASSWORD, Site
from tests.pictures import picture
from tickets.models import SlaClock, Ticket, TicketEvent
from tickets.outbox import drain
from tickets.sla.sweep import sweep

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"]),
]

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 15_000  # milliseconds for a change to reach another screen on a busy machine


class People:
    """One browser window for each role, as on separate machines."""

    def __init__(self, browser: Browser, site: Site, folder: Path) -> None:
        self.browser, self.site, self.folder = browser, site, folder
        self.windows: list[BrowserContext] = []
        self.problems: list[str] = []

    def enter(self, role: str, path: str, size: dict[str, int]) -> Page:
        """Sign in and open a page; whatever a script complains about is kept."""
        window = self.browser.new_context(
            base_url=self.site.url,
            viewport=size,  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        self.windows.append(window)
        page = window.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"{role}: {error}"))
        page.on(
            "console",
            lambda said: self.problems.append(f"{role}: {said.text}") if "Content Security" in said.text else None,
        )
        page.goto(f"/login/?next={path}")
        page.fill("[name=number]", f"{self.site.world.company.code}/{role}")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"**{path}")
        page.evaluate("window.stays = true")
        return page

    def shoot(self, page: Page, name: str) -> None:
        page.screenshot(path=self.folder / f"{name}.png")


@pytest.fixture
def people(browser: Browser, site: Site, tmp_path: Path) -> Iterator[People]:
    with company_scope(site.world.company.pk):
        now = scope_now()
        site.world.on_duty(
            "front_desk",
            "technician",
            "specialist",
            "centre_head",
            start=now - timedelta(hours=1),
            end=now + timedelta(hours=6),
        )
    made = People(browser, site, tmp_path)
    yield made
    for window in made.windows:
        window.close()


def run_engine() -> None:
    """What the beat does every second."""
    sweep()
    drain()


def state_of(site: Site) -> str:
    with company_scope(site.world.company.pk):
        return Ticket.objects.get().state


def step(page: Page, number: int) -> str:
    return page.locator(".step").nth(number).inner_text()


@pytest.mark.rule("REP-09, REP-15, REP-16, REP-17, REP-23, REP-25, REP-26, CBK-02, CBK-04, CBK-06")
def test_a_repair_is_walked_to_the_archive_by_four_roles(people: People, site: Site, tmp_path: Path) -> None:
    phone = people.enter("technician", "/tech/", PHONE)
    expect(phone.get_by_text("暂无任务，保持接单")).to_be_visible()
    clerk = people.enter("front_desk", "/desk/", DESK)

    # The clerk takes it down and dispatches with the keyboard.
    clerk.keyboard.press("F2")
    clerk.keyboard.type("3-1-2502")
    clerk.keyboard.press("Enter")
    clerk.keyboard.type("cfls")
    clerk.keyboard.press("Enter")
    clerk.keyboard.press("Control+Enter")
    expect(clerk.locator("#intake [data-saved]")).to_contain_text("厨房漏水")
    run_engine()

    # The phone shows it without a reload; the technician accepts, arrives, starts.
    expect(phone.locator(".job")).to_contain_text("厨房漏水", timeout=PATIENCE)
    assert phone.evaluate("window.stays") is True
    people.shoot(phone, "tech-list")
    phone.get_by_role("button", name="接单", exact=True).click()
    expect(phone.get_by_role("button", name="到场签到")).to_be_visible(timeout=PATIENCE)
    with company_scope(site.world.company.pk):
        ticket = Ticket.objects.get()
    clerk.goto(f"/tickets/{ticket.public_id}/")
    clerk.evaluate("window.stays = true")
    assert "用时" in step(clerk, 1)
    assert "/ 01:00" in step(clerk, 1)
    phone.locator(".job-main").click()
    phone.wait_for_url(f"**/tech/{ticket.public_id}/")
    phone.get_by_role("button", name="到场签到").click()
    expect(phone.get_by_role("button", name="开工")).to_be_visible(timeout=PATIENCE)
    before = tmp_path / "before.jpg"
    before.write_bytes(picture(side=60).read())
    phone.set_input_files("form.shoot input[type=file]", before)
    expect(phone.locator("#photos .shot")).to_have_count(1, timeout=PATIENCE)
    phone.get_by_role("button", name="开工").click()
    expect(phone.locator("[data-finish]")).to_be_visible(timeout=PATIENCE)

    # The desk's page follows by itself, with time used and allowed.
    expect(clerk.locator(".step").nth(3)).to_contain_text("/ 30 分", timeout=PATIENCE)
    assert "/ 05:00" in step(clerk, 2)
    assert clerk.evaluate("window.stays") is True
    people.shoot(clerk, "ticket-at-work")

    # Too early, the button names what is missing; then photograph, result, checks and signature.
    expect(phone.locator("[data-finish]")).to_contain_text("差")
    phone.set_input_files("form.shoot input[type=file]", before)
    expect(phone.locator("#photos .shot")).to_have_count(2, timeout=PATIENCE)
    phone.fill("#id_result", "更换不锈钢软管，试水 10 分钟无渗。")
    phone.check("[name=is_cleaned]")
    phone.check("[name=is_tested]")
    expect(phone.locator("[data-finish]")).to_contain_text("业主签字")
    people.shoot(phone, "tech-job")
    sign(phone)
    expect(phone.locator("[data-finish]")).to_have_text("完工")
    phone.locator("[data-finish]").click()
    expect(phone.locator("#tech-job")).to_contain_text("没有要您做的下一步", timeout=PATIENCE)
    assert state_of(site) == "completion_reported"

    # The steward accepts within the ten minutes.
    steward = people.enter("specialist", "/tickets/callbacks/", DESK)
    steward.locator("#callback-rows tr").first.click()
    expect(steward.locator("#callback-form")).to_contain_text("更换不锈钢软管")
    steward.get_by_text("合格", exact=True).click()
    people.shoot(steward, "acceptance")
    steward.locator("#callback-form [data-submit]").click()
    expect(steward.locator("#toasts")).to_contain_text("验收合格", timeout=PATIENCE)
    assert state_of(site) == "accepted_ok"

    # The clerk calls the customer.
    clerk.goto(f"/tickets/callbacks/{ticket.public_id}/")
    clerk.get_by_text("已解决", exact=True).click()
    clerk.locator("body").press("5")
    clerk.fill("#id_person", "测试业主")
    clerk.fill("#id_words", "师傅来得快。")
    people.shoot(clerk, "callback")
    clerk.locator("#id_words").press("Control+Enter")
    expect(clerk.locator("#toasts")).to_contain_text("已接通", timeout=PATIENCE)
    assert state_of(site) == "called_back"

    # The head of the centre cannot sign while the paper is missing, and is told what.
    head = people.enter("centre_head", "/tickets/reviews/", DESK)
    expect(head.locator(".review")).to_contain_text("作业联还没有交回")
    expect(head.locator(".review [data-submit]")).to_be_disabled()

    # The desk files the paper; the page of the head follows by itself.
    clerk.goto(f"/tickets/{ticket.public_id}/")
    take_paper(clerk)
    expect(head.locator(".review [data-submit]")).to_be_enabled(timeout=PATIENCE)
    people.shoot(head, "review")
    head.locator(".review [data-submit]").click()
    expect(head.locator("#toasts")).to_contain_text("归档", timeout=PATIENCE)
    assert state_of(site) == "archived"

    # Every step says what it used, and those with a limit what was allowed.
    clerk.reload()
    for number, limit in ((1, "/ 01:00"), (2, "/ 05:00"), (3, "/ 30 分"), (5, "/ 10:00"), (6, "/ 1 天")):
        assert "用时" in step(clerk, number), number
        assert limit in step(clerk, number), number
    for number in (4, 7):
        assert "用时" in step(clerk, number), number
    people.shoot(clerk, "ticket-archived")
    assert people.problems == []
    with company_scope(site.world.company.pk):
        late = SlaClock.objects.missed().exclude(rule_code="REP-15")
        assert not late.exists()
        assert TicketEvent.objects.filter(kind="archived").count() == 1


def sign(phone: Page) -> None:
    """A stroke of a finger on the signature pad."""
    phone.get_by_role("button", name="请业主签").click()
    box = phone.locator("[data-pad-area] [data-pad]").bounding_box()
    assert box is not None
    phone.mouse.move(box["x"] + 30, box["y"] + 40)
    phone.mouse.down()
    phone.mouse.move(box["x"] + 120, box["y"] + 70, steps=5)
    phone.mouse.up()


def take_paper(clerk: Page) -> None:
    """领单签收 and 收回作业联, from the menu of the ticket's page."""
    for label in ("登记领单", "收回作业联"):
        clerk.locator("details[data-menu] summary[aria-label=更多]").click()
        clerk.locator(".menu-pop .item", has_text=label).click()
        if label == "收回作业联":
            clerk.locator("#action-form [name=part_spec]").fill("不锈钢软管 60cm")
        clerk.locator("#action-form [data-submit]").click()
        expect(clerk.locator("#action-form")).to_have_count(0, timeout=PATIENCE)
        expect(clerk.locator("#ticket-body")).to_be_visible()
