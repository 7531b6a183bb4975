"""No time promised to a customer vanishes with its ticket (rule GEN-04)."""

from __future__ import annotations

import pytest

from residents.errors import GateClosed
from tests.repairs.paths import clock, refused, repair_in
from tests.worlds import T, World
from tickets import closing
from tickets.actions import keep_promise, make_promise, replace_promise
from tickets.kinds import kind_of
from tickets.models import Ticket


@pytest.mark.rule("GEN-04, CBK-06")
def test_a_repair_is_not_archived_before_what_was_promised_is_kept(garden: World) -> None:
    ticket = repair_in(garden, "reviewed")
    made = make_promise(ticket.pk, by=garden.front_desk, subject="补开收据", promised_at=T("17:00"), at=T("12:05"))
    later = replace_promise(made.pk, by=garden.front_desk, promised_at=T("18:00"), progress="打印机坏了", at=T("12:06"))

    with refused(GateClosed, "GEN-04"):
        closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("12:10"))
    shown = {str(row.label): row.met for row in kind_of(ticket).conditions(Ticket.objects.get(pk=ticket.pk))}
    assert shown["承诺已兑现"] is False

    keep_promise(later.pk, by=garden.front_desk, at=T("12:15"))
    closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("12:20"))
    assert clock(ticket, "GEN-04").state == "met"
