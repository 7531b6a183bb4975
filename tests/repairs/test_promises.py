"""No time promised to a customer vanishes with its ticket (rule GEN-04)."""

from __future__ import annotations

from typing import Any

import pytest

from repairs import actions
from residents.errors import GateClosed
from tests.repairs.paths import clock, refused, repair_in, report
from tests.worlds import T, World
from tickets import closing
from tickets.actions import keep_promise, make_promise, merge_tickets, replace_promise
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


def two_reports(world: World, **of_the_second: Any) -> tuple[Ticket, Ticket]:
    """The duplicate and the ticket that stays."""
    stays = report(world, "09:00:00")
    return report(world, "09:10:00", not_duplicate=True, **of_the_second), stays


@pytest.mark.rule("GEN-04, REP-10")
def test_a_promise_of_a_duplicate_is_owed_by_the_ticket_that_stays(garden: World) -> None:
    duplicate, stays = two_reports(garden)
    made = make_promise(duplicate.pk, by=garden.front_desk, subject="回电", promised_at=T("17:00"), at=T("09:10:10"))

    merge_tickets(duplicate.pk, into_id=stays.pk, by=garden.front_desk, at=T("09:10:20"))

    handed = stays.promises.get()
    made.refresh_from_db()
    assert (handed.subject, handed.promised_at, made.replaced_by_id) == ("回电", T("17:00"), handed.pk)
    assert (clock(stays, "GEN-04").state, clock(stays, "GEN-04").due_at) == ("running", T("17:00"))
    assert clock(duplicate, "GEN-04").state == "cancelled"


@pytest.mark.rule("GEN-04, REP-10, REP-20")
def test_a_visit_agreed_on_a_duplicate_is_promised_on_the_ticket_that_stays(garden: World) -> None:
    window = {"when": "appointment", "window_from": T("15:00"), "window_to": T("16:00")}
    duplicate, stays = two_reports(garden, **window)

    merge_tickets(duplicate.pk, into_id=stays.pk, by=garden.front_desk, at=T("09:10:20"))

    handed = stays.promises.get()
    assert (handed.subject, handed.promised_at) == ("上门 03-14 15:00–16:00", T("16:00"))
    assert clock(stays, "GEN-04").due_at == T("16:00")
    assert clock(duplicate, "REP-20").state == "cancelled"


@pytest.mark.rule("GEN-04, GEN-02")
def test_a_promise_whose_time_has_passed_is_not_merged_away(garden: World) -> None:
    duplicate, stays = two_reports(garden)
    made = make_promise(duplicate.pk, by=garden.front_desk, subject="回电", promised_at=T("10:00"), at=T("09:10:10"))

    with refused(GateClosed, "GEN-04"):
        merge_tickets(duplicate.pk, into_id=stays.pk, by=garden.front_desk, at=T("10:00:01"))

    replace_promise(made.pk, by=garden.front_desk, promised_at=T("11:00"), progress="抱歉", at=T("10:01"))
    merge_tickets(duplicate.pk, into_id=stays.pk, by=garden.front_desk, at=T("10:02"))
    assert stays.promises.get().promised_at == T("11:00")


@pytest.mark.rule("REP-20, GEN-04")
def test_a_missed_visit_is_not_merged_away_before_the_apology(garden: World) -> None:
    window = {"when": "appointment", "window_from": T("09:15"), "window_to": T("09:20")}
    duplicate, stays = two_reports(garden, **window)

    with refused(GateClosed, "GEN-04"):
        merge_tickets(duplicate.pk, into_id=stays.pk, by=garden.front_desk, at=T("09:20:01"))
    actions.miss_visit(clock(duplicate, "REP-20"), at=T("09:20:05"))
    with refused(GateClosed, "REP-20"):
        merge_tickets(duplicate.pk, into_id=stays.pk, by=garden.front_desk, at=T("09:21"))

    actions.apologise(duplicate.pk, by=garden.front_desk, reason="没人接单", at=T("09:22"))
    merge_tickets(duplicate.pk, into_id=stays.pk, by=garden.front_desk, at=T("09:23"))
    assert not stays.promises.exists()
