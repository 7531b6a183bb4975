"""The worked examples of the rulebook's table (g) for repairs, acted out with the verbs people use."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from repairs import actions
from tests.repairs.clock_cases import CASES
from tests.repairs.paths import call_back, clock, finish, lamp, on_duty, repair_in, report, sign
from tests.worlds import T, World
from tickets.models import Ticket

NEXT_DAY = date(2025, 3, 15)


def _due(ticket: Ticket, *codes: str) -> list[datetime]:
    return [clock(ticket, code).due_at for code in codes]


@pytest.mark.rule("REP-06")
def test_rep_06_counts_from_the_earlier_of_saving_and_end_of_call(garden: World) -> None:
    ticket = report(garden, "10:00:30", contact_ended_at=T("10:02:10"))

    assert _due(ticket, "REP-06") == [T("10:01:30")]


@pytest.mark.rule("REP-15, REP-16, REP-17")
def test_accepted_at_10_01_40_means_on_site_by_10_06_40_and_started_by_10_31_40(garden: World) -> None:
    on_duty(garden)
    ticket = report(garden, "10:00:30")
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:01:00"))

    actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:01:40"))

    assert clock(ticket, "REP-15").state == "met"
    assert _due(ticket, "REP-15", "REP-16", "REP-17") == [T("10:02:00"), T("10:06:40"), T("10:31:40")]


@pytest.mark.rule("REP-15, REP-16, REP-17")
@pytest.mark.parametrize("by_hand", [None, "10:04:00"])
def test_never_accepted_or_too_late_means_accepted_at_10_02_by_rule(garden: World, by_hand: str | None) -> None:
    on_duty(garden)
    ticket = report(garden, "10:00:30")
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:01:00"))

    if by_hand is None:
        actions.auto_accept(clock(ticket, "REP-15"), at=T("10:02:03"))  # what the sweep sets off
    else:
        actions.accept_repair(ticket.pk, by=garden.technician, at=T(by_hand))

    assert ticket.events.get(kind="auto_accepted").occurred_at == T("10:02:00")
    assert _due(ticket, "REP-16", "REP-17") == [T("10:07:00"), T("10:32:00")]


@pytest.mark.rule("REP-20, REP-17")
def test_a_window_from_15_to_16_means_arrival_by_16_start_by_16_30_and_an_apology_by_16_15(garden: World) -> None:
    ticket = repair_in(garden, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))
    assert _due(ticket, "REP-20", "REP-17") == [T("16:00"), T("16:30")]

    actions.arrive(ticket.pk, by=garden.technician, at=T("16:05"))

    assert (clock(ticket, "REP-20").state, clock(ticket, "REP-20").breached_at) == ("closed_breached", T("16:00"))
    assert _due(ticket, "REP-20.apology") == [T("16:15")]


@pytest.mark.rule("REP-21, REP-24, REP-26")
def test_finished_10_50_slip_back_17_20_shift_till_17_30(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    finish(garden, ticket, "10:50", by=garden.front_desk)
    sign(garden, ticket, "17:20", purpose="slip")

    actions.return_slip(ticket.pk, by=garden.front_desk, at=T("17:20"))

    slip = clock(ticket, "REP-21")
    assert (slip.state, slip.due_at) == ("met", T("17:30"))
    assert _due(ticket, "REP-24", "REP-26") == [T("19:20"), T("10:50", NEXT_DAY)]


@pytest.mark.rule("REP-26, REP-27")
def test_an_important_repair_of_31_january(garden: World) -> None:
    case = next(case for case in CASES if case.code == "REP-27")

    ticket = case.arrange(garden)  # finished 31 January 10:50, called back 1 February 09:00

    first = clock(ticket, "REP-26")
    assert (first.state, first.due_at) == ("met", T("10:50", date(2025, 2, 1)))
    assert first.stopped_at == T("09:00", date(2025, 2, 1))
    assert _due(ticket, "REP-27") == [T("10:50", date(2025, 2, 28))]


@pytest.mark.rule("REP-25")
def test_the_desk_told_at_11_means_accepted_or_called_by_11_10(garden: World) -> None:
    ticket = repair_in(garden, "finished")

    actions.report_completion(ticket.pk, by=garden.technician, at=T("11:00:00"))

    assert _due(ticket, "REP-25") == [T("11:10:00")]


@pytest.mark.rule("REP-02")
def test_a_street_lamp_repaired_at_22_40_means_a_reply_by_the_last_second_of_the_day(garden: World) -> None:
    ticket = repair_in(garden, "in_work", intake=lamp(garden))

    finish(garden, ticket, "22:40")

    assert _due(ticket, "REP-02") == [T("23:59:59")]


@pytest.mark.rule("REP-26")
@pytest.mark.parametrize(
    ("called", "state"),
    [
        (("10:50:00", NEXT_DAY), "met"),
        (("10:50:01", NEXT_DAY), "closed_breached"),
        (("17:20:00", NEXT_DAY), "closed_breached"),
    ],
)
def test_the_callback_counts_from_the_work_and_not_from_the_slip(
    garden: World, called: tuple[Any, ...], state: str
) -> None:
    ticket = repair_in(garden, "accepted_ok")
    sign(garden, ticket, "17:20")
    actions.return_slip(ticket.pk, by=garden.front_desk, at=T("17:20"))

    call_back(garden, ticket, T(*called))

    assert clock(ticket, "REP-26").state == state
