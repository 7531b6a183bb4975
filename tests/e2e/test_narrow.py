"""The desk's pages on a phone of 390 by 844, in the language with the longest words: nothing is cut off."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from repairs import actions
from residents.models import Account
from residents.tenancy import company_scope, scope_now
from tests.e2e.conftest import Site, sign_in
from tests.repairs.paths import take
from tests.worlds import World
from tickets.models import Ticket

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"]),
]

MINUTE = timedelta(minutes=1)
OUTSIDE = """() => [...document.querySelectorAll("main :is(a, button, input, select, textarea, summary)")]
  .filter((el) => el.checkVisibility() && !el.closest(".scroll-x, .steps, .linetabs, .vh") && !el.matches(".vh"))
  .filter((el) => getComputedStyle(el).clipPath === "none")
  .filter((el) => el.getBoundingClientRect().right > (el.closest(".card")?.getBoundingClientRect().right ?? innerWidth))
  .map((el) => el.outerHTML.slice(0, 80))"""


@pytest.fixture
def finished(site: Site) -> Ticket:
    """Ten repairs whose completion waits for acceptance, the first of them."""
    world, now = site.world, scope_now()
    with company_scope(world.company.pk):
        world.on_duty("technician", "front_desk", start=now - timedelta(hours=1), end=now + timedelta(hours=6))
        tickets = [_finished(world, now - timedelta(minutes=9)) for _ in range(10)]
        Account.objects.update(language="en")
    return tickets[0]


def _finished(world: World, begin: datetime) -> Ticket:
    ticket = actions.report_repair(
        take(world, not_duplicate=True), project=world.project, by=world.front_desk, at=begin
    )
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=begin + MINUTE)
    actions.accept_repair(ticket.pk, by=world.technician, at=begin + MINUTE)
    actions.arrive(ticket.pk, by=world.technician, at=begin + MINUTE)
    actions.start_work(ticket.pk, by=world.technician, at=begin + MINUTE)
    return actions.finish_work(
        ticket.pk,
        by=world.technician,
        result="更换软管",
        is_tested=True,
        is_cleaned=True,
        signed_on_paper=True,
        at=begin + 3 * MINUTE,
    )


@pytest.fixture
def phone(context: BrowserContext, site: Site, finished: Ticket) -> Page:
    page = sign_in(context, site, "front_desk")
    page.set_viewport_size({"width": 390, "height": 844})
    return page


def test_nothing_that_can_be_pressed_lies_outside(phone: Page, finished: Ticket) -> None:
    page = f"/tickets/{finished.public_id}/"
    for address in ("/desk/", page, "/tickets/", "/tickets/callbacks/", f"/tickets/callbacks/{finished.public_id}/"):
        phone.goto(address)
        assert phone.evaluate("document.scrollingElement.scrollWidth") <= 390, address
        assert phone.evaluate(OUTSIDE) == [], address


def test_the_form_of_a_callback_comes_into_sight_when_its_row_is_pressed(phone: Page, finished: Ticket) -> None:
    phone.goto("/tickets/callbacks/")
    rows = phone.locator("#callback-rows [data-row]")
    for row in (rows.first, rows.last):
        row.click()
        expect(phone.locator("#callback-form")).to_have_attribute("action", f"{row.get_attribute('data-href')}")
        expect(phone.locator("#callback-form h2")).to_be_in_viewport()
