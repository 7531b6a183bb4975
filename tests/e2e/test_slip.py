"""The slip in a real browser: the button opens it in a window of its own, and both parts fit one sheet."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, expect

from residents.tenancy import company_scope, scope_now
from tests.e2e.conftest import Site, sign_in
from tests.repairs.paths import report
from tickets.models import TicketEvent

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"]),
]


A4_WIDE, A4_HIGH, MARGIN = 210, 297, 8
"""Millimetres, as print.css has them."""


def _dots(millimetres: int) -> int:
    """As many dots as a browser gives to a length on paper."""
    return round(millimetres * 96 / 25.4)


@pytest.mark.rule("REP-12, GEN-09")
def test_the_button_opens_the_slip_and_both_parts_fit_one_sheet(context: BrowserContext, site: Site) -> None:
    with company_scope(site.world.company.pk):
        ticket = report(site.world, scope_now(), description="水槽下方柜内漏水，已关角阀仍滴水，地柜进水。" * 3)
    page = sign_in(context, site, "front_desk")
    page.goto(f"/tickets/{ticket.public_id}/")

    with page.expect_popup() as opened:
        page.get_by_role("button", name="打印工作单").click()

    slip = opened.value
    expect(slip.locator(".slip")).to_have_count(2)
    slip.emulate_media(media="print")
    slip.set_viewport_size({"width": _dots(A4_WIDE - 2 * MARGIN), "height": 900})
    assert slip.locator(".paper").bounding_box()["height"] <= _dots(A4_HIGH - 2 * MARGIN)  # type: ignore[index]
    with company_scope(site.world.company.pk):
        assert TicketEvent.objects.filter(ticket=ticket, kind="slip_printed").count() == 1
