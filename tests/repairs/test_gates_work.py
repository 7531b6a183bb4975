"""GATES of the work, its money and its end: refused by their rule with nothing stored, kept by the database too."""

from __future__ import annotations

from typing import Any

import pytest

from repairs import actions
from repairs.models import RepairOrder, Visit
from residents.errors import GateClosed, InvalidInput, NotAllowed
from tests.repairs.paths import (
    call_back,
    clock,
    finish,
    kinds_since,
    lamp,
    redo,
    refused,
    refused_by_the_database,
    repair_in,
    report,
    sign,
    stored,
)
from tests.worlds import T, World
from tickets import closing
from tickets.actions import (
    ask_approval,
    decide_approval,
)
from tickets.kinds import kind_of
from tickets.models import Ticket, TicketEvent

# REP-18, REP-19: nobody leaves


@pytest.mark.rule("REP-18")
@pytest.mark.parametrize("state", ["on_site", "in_work"])
def test_nobody_leaves_before_the_repair_is_finished(garden: World, state: str) -> None:
    ticket = repair_in(garden, state)

    with refused(GateClosed, "REP-18"):
        actions.leave_site(ticket.pk, by=garden.technician, at=T("10:30"))


@pytest.mark.rule("REP-18")
def test_the_technician_leaves_after_the_repair_is_finished(garden: World) -> None:
    ticket = repair_in(garden, "finished")

    actions.leave_site(ticket.pk, by=garden.technician, at=T("10:52"))

    assert ticket.visits.get().left_at == T("10:52")


@pytest.mark.rule("REP-18, REP-19")
def test_the_database_refuses_a_departure_from_unfinished_work_without_consent(garden: World) -> None:
    visit = Visit.objects.filter(ticket=repair_in(garden, "in_work"))

    refused_by_the_database("repairs_visit_leave_finished_or_consent", lambda: visit.update(left_at=T("10:30")))


@pytest.mark.rule("REP-19")
def test_leaving_early_needs_both_the_written_consent_and_the_next_appointment(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    consent = sign(garden, ticket, "10:20", purpose="consent")
    window: dict[str, Any] = {"window_from": T("15:00"), "window_to": T("16:00")}

    with refused(GateClosed, "REP-19"):
        actions.leave_early(ticket.pk, by=garden.technician, consent=None, **window, at=T("10:25"))
    with refused(GateClosed, "REP-19"):
        actions.leave_early(
            ticket.pk, by=garden.technician, consent=consent, window_from=None, window_to=None, at=T("10:25")
        )
    with refused(InvalidInput, "REP-03", field="window_to"):
        actions.leave_early(
            ticket.pk,
            by=garden.technician,
            consent=consent,
            window_from=T("10:00"),
            window_to=T("10:20"),
            at=T("10:25"),
        )

    actions.leave_early(ticket.pk, by=garden.technician, consent=consent, **window, at=T("10:25"))
    ticket.refresh_from_db()
    assert ticket.state == "accepted"
    assert ticket.visits.get(number=1).consent_id == consent.pk


@pytest.mark.rule("REP-19")
def test_a_photo_of_the_pipe_or_a_consent_of_another_visit_or_ticket_is_no_consent(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    other = report(garden, "10:15", category=garden.paint)
    photo = sign(garden, ticket, "10:20", purpose="before")
    foreign = sign(garden, other, "10:20", purpose="consent")
    used = sign(garden, ticket, "10:20", purpose="consent")
    window: dict[str, Any] = {"window_from": T("11:00"), "window_to": T("12:00")}

    for file in (photo, foreign):
        with refused(GateClosed, "REP-19"):
            actions.leave_early(ticket.pk, by=garden.technician, consent=file, **window, at=T("10:25"))
    actions.leave_early(ticket.pk, by=garden.technician, consent=used, **window, at=T("10:25"))
    actions.arrive(ticket.pk, by=garden.technician, at=T("11:30"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("11:31"))
    with refused(GateClosed, "REP-19"):
        actions.leave_early(
            ticket.pk,
            by=garden.technician,
            consent=used,
            window_from=T("15:00"),
            window_to=T("16:00"),
            at=T("11:40"),
        )


@pytest.mark.rule("REP-19")
def test_a_consent_given_on_the_last_visit_is_no_consent_to_leave_this_one(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    used = sign(garden, ticket, "10:20", purpose="consent", visit_no=1)
    spare = sign(garden, ticket, "10:21", purpose="consent", visit_no=1)
    leave: dict[str, Any] = {"by": garden.technician, "window_from": T("15:00"), "window_to": T("16:00")}
    actions.leave_early(ticket.pk, **{**leave, "window_from": T("11:00")}, consent=used, at=T("10:25"))
    actions.arrive(ticket.pk, by=garden.technician, at=T("11:30"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("11:31"))

    with refused(GateClosed, "REP-19"):
        actions.leave_early(ticket.pk, **leave, consent=spare, at=T("11:40"))

    own = sign(garden, ticket, "11:41", purpose="consent", visit_no=2)
    actions.leave_early(ticket.pk, **leave, consent=own, at=T("11:42"))
    assert ticket.visits.get(number=2).consent_id == own.pk


# REP-20


@pytest.mark.rule("REP-20")
def test_a_missed_visit_is_reappointed_only_with_its_reason(garden: World) -> None:
    ticket = repair_in(garden, "missed_visit")
    window: dict[str, Any] = {"window_from": T("15:00"), "window_to": T("16:00")}

    with refused(InvalidInput, "REP-20", field="reason"):
        actions.reappoint(ticket.pk, by=garden.front_desk, reason="", **window, at=T("10:10"))
    with refused(InvalidInput, "REP-20", field="reason"):
        actions.apologise(ticket.pk, by=garden.front_desk, reason=" ", at=T("10:10"))

    actions.reappoint(ticket.pk, by=garden.front_desk, reason="堵车", **window, at=T("10:10"))
    ticket.refresh_from_db()
    assert ticket.state == "accepted"


@pytest.mark.rule("REP-20")
def test_there_is_nothing_to_apologise_for_without_a_missed_visit_and_not_twice(garden: World) -> None:
    ticket = repair_in(garden, "accepted")

    with refused(GateClosed, "REP-20"):
        actions.apologise(ticket.pk, by=garden.front_desk, reason="堵车", at=T("10:10"))

    missed = repair_in(garden, "missed_visit", not_duplicate=True)
    actions.apologise(missed.pk, by=garden.front_desk, reason="堵车", at=T("10:10"))
    with refused(GateClosed, "REP-20"):
        actions.apologise(missed.pk, by=garden.front_desk, reason="堵车", at=T("10:11"))


# REP-22, REP-23: finished means tested, clean, signed


@pytest.mark.rule("REP-23")
@pytest.mark.parametrize("missing", [{"is_tested": False}, {"is_cleaned": False}, {"signed_on_paper": False}])
def test_a_repair_is_finished_only_when_tested_cleaned_and_signed(garden: World, missing: dict[str, Any]) -> None:
    ticket = repair_in(garden, "in_work")

    with refused(GateClosed, "REP-23"):
        finish(garden, ticket, **missing)

    finish(garden, ticket)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.handled_at) == ("finished", T("10:50"))


@pytest.mark.rule("REP-18, REP-19")
@pytest.mark.parametrize("outcome", ["rework", "parts", "contractor"])
def test_what_is_not_fixed_is_not_finished_and_the_departure_says_what_is_missing(garden: World, outcome: str) -> None:
    ticket = repair_in(garden, "in_work")

    with refused(GateClosed, "REP-18", field="outcome"):
        finish(garden, ticket, outcome=outcome)

    consent = sign(garden, ticket, "10:50", purpose="consent")
    window: dict[str, Any] = {"window_from": T("15:00"), "window_to": T("16:00")}
    actions.leave_early(ticket.pk, by=garden.technician, consent=consent, **window, outcome=outcome, at=T("10:51"))
    assert TicketEvent.objects.get(ticket=ticket, kind="suspended").data["outcome"] == outcome


@pytest.mark.rule("REP-22")
def test_the_outcome_of_a_finished_repair_is_kept(garden: World) -> None:
    ticket = repair_in(garden, "finished")

    assert TicketEvent.objects.get(ticket=ticket, kind="work_finished").data["outcome"] == "fixed"


@pytest.mark.rule("REP-23")
def test_a_signature_drawn_on_the_phone_is_as_good_as_the_slip(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    sign(garden, ticket, "10:45")

    finish(garden, ticket, signed_on_paper=False)

    ticket.refresh_from_db()
    assert ticket.state == "finished"


@pytest.mark.rule("REP-23")
def test_a_public_fault_is_finished_without_a_signature_but_not_untested(garden: World) -> None:
    ticket = repair_in(garden, "in_work", intake=lamp(garden))

    with refused(GateClosed, "REP-23"):
        finish(garden, ticket, signed_on_paper=False, is_tested=False)
    finish(garden, ticket, signed_on_paper=False)


@pytest.mark.rule("REP-23, CBK-12")
def test_a_rework_needs_a_signature_of_its_own(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    sign(garden, ticket, "10:45")
    finish(garden, ticket, "10:50", signed_on_paper=False, report=True)
    closing.reject_result(ticket.pk, by=garden.specialist, reason="还在滴水", at=T("10:55"))
    redo(garden, ticket)

    with refused(GateClosed, "REP-23"):
        finish(garden, ticket, "11:30", signed_on_paper=False)

    sign(garden, ticket, "11:30", visit_no=2)
    finish(garden, ticket, "11:31", signed_on_paper=False)


@pytest.mark.rule("REP-23")
def test_the_database_refuses_a_completion_without_a_test(garden: World) -> None:
    order = RepairOrder.objects.filter(ticket=repair_in(garden, "in_work"))

    refused_by_the_database("repairs_order_finished_is_tested", lambda: order.update(completed_at=T("10:50")))


@pytest.mark.rule("REP-22")
def test_a_repair_is_not_finished_without_its_result(garden: World) -> None:
    ticket = repair_in(garden, "in_work")

    with refused(InvalidInput, "REP-22", field="result"):
        finish(garden, ticket, result="  ")


@pytest.mark.rule("REP-22")
def test_a_slip_without_the_owners_signature_is_sent_back(garden: World) -> None:
    ticket = repair_in(garden, "finished")

    with refused(GateClosed, "REP-22"):
        actions.return_slip(ticket.pk, by=garden.front_desk, at=T("11:00"))

    sign(garden, ticket, "11:00", purpose="slip")
    actions.return_slip(ticket.pk, by=garden.front_desk, at=T("11:00"))
    assert RepairOrder.objects.get(ticket=ticket).slip_returned_at == T("11:00")


@pytest.mark.rule("REP-22, GEN-10")
def test_a_slip_names_the_part_or_says_that_there_was_none(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    finish(garden, ticket, part_spec="")
    sign(garden, ticket, "11:00", purpose="slip")

    with refused(InvalidInput, "REP-22", field="part_spec", saying="不涉及"):
        actions.return_slip(ticket.pk, by=garden.front_desk, part_spec=" ", at=T("11:00"))

    actions.return_slip(ticket.pk, by=garden.front_desk, part_spec="不涉及", at=T("11:00"))
    assert RepairOrder.objects.get(ticket=ticket).part_spec == "不涉及"


# REP-28: relief of fees


@pytest.mark.rule("REP-28")
def test_fees_are_waived_only_as_far_as_the_estate_manager_has_granted(garden: World) -> None:
    ticket = repair_in(garden, "in_work", category=garden.paint, price_told=True)
    finish(garden, ticket, labour_fen=3500)

    with refused(GateClosed, "REP-28"):
        actions.waive_fee(ticket.pk, by=garden.front_desk, amount_fen=1000, at=T("11:00"))
    asked = ask_approval(
        ticket.pk, by=garden.front_desk, subject="fee_relief", reason="关键顾客", amount_fen=1000, at=T("11:00")
    )
    with refused(GateClosed, "REP-28"):
        actions.waive_fee(ticket.pk, by=garden.front_desk, amount_fen=1000, at=T("11:01"))
    with refused(NotAllowed, "ROLE-10"):
        decide_approval(asked.pk, by=garden.centre_head, granted=True, at=T("11:02"))
    decide_approval(asked.pk, by=garden.estate_manager, granted=True, at=T("11:02"))
    with refused(GateClosed, "REP-28"):
        actions.waive_fee(ticket.pk, by=garden.front_desk, amount_fen=1001, at=T("11:03"))

    actions.waive_fee(ticket.pk, by=garden.front_desk, amount_fen=1000, at=T("11:03"))
    assert RepairOrder.objects.get(ticket=ticket).payable_fen == 2500


@pytest.mark.rule("REP-28, ROLE-10")
def test_a_refused_request_for_relief_grants_nothing(garden: World) -> None:
    ticket = repair_in(garden, "in_work", category=garden.paint, price_told=True)
    finish(garden, ticket, labour_fen=3500)
    asked = ask_approval(
        ticket.pk, by=garden.front_desk, subject="fee_relief", reason="关键顾客", amount_fen=1000, at=T("11:00")
    )
    decide_approval(asked.pk, by=garden.estate_manager, granted=False, at=T("11:02"))

    with refused(GateClosed, "REP-28"):
        actions.waive_fee(ticket.pk, by=garden.front_desk, amount_fen=1, at=T("11:03"))


@pytest.mark.rule("REP-28")
def test_the_database_refuses_to_waive_more_than_was_charged(garden: World) -> None:
    order = RepairOrder.objects.filter(ticket=report(garden))

    refused_by_the_database("repairs_order_waived_and_paid_in_charge", lambda: order.update(waived_fen=1))


# Ending early


@pytest.mark.rule("GEN-06, GEN-03, REP-04")
def test_the_desk_cannot_close_what_it_cannot_solve_only_the_head_of_the_centre_with_an_explanation(
    garden: World,
) -> None:
    ticket = repair_in(garden, "reported")

    for person in (garden.front_desk, garden.supervisor, garden.engineering_duty, garden.estate_manager):
        with refused(NotAllowed, "GEN-06"):
            actions.close_unservable(ticket.pk, by=person, explanation="不归我们管", at=T("10:00:20"))
    with refused(InvalidInput, "GEN-03", field="explanation"):
        actions.close_unservable(ticket.pk, by=garden.centre_head, explanation=" ", at=T("10:00:20"))

    actions.close_unservable(ticket.pk, by=garden.centre_head, explanation="属市政设施，已说明", at=T("10:00:20"))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.response, ticket.explanation) == (
        "closed_unservable",
        "cannot",
        "属市政设施，已说明",
    )


@pytest.mark.parametrize("missing", [{"reason": ""}, {"withdrawn_by": " "}])
def test_a_withdrawal_says_why_and_by_whom(garden: World, missing: dict[str, Any]) -> None:
    ticket = repair_in(garden, "accepted")
    facts: dict[str, Any] = {"reason": "自己修好了", "withdrawn_by": "测试业主"}

    with refused(InvalidInput, field="reason" if "reason" in missing else "withdrawn_by"):
        actions.cancel_repair(ticket.pk, by=garden.front_desk, **{**facts, **missing}, at=T("10:02"))

    actions.cancel_repair(ticket.pk, by=garden.front_desk, **facts, at=T("10:02"))
    assert TicketEvent.objects.get(ticket=ticket, kind="cancelled").data["withdrawn_by"] == "测试业主"
    assert clock(ticket, "REP-16").state == "cancelled"


@pytest.mark.parametrize(
    ("call", "field", "rule"),
    [
        ({"method": "message"}, "method", ""),
        ({"confirmed_at": T("09:59")}, "confirmed_at", "GEN-01"),
        ({"confirmed_at": T("10:03")}, "confirmed_at", "GEN-01"),
    ],
)
def test_a_withdrawal_is_confirmed_by_a_call_of_the_time_since_the_report(
    garden: World, call: dict[str, Any], field: str, rule: str
) -> None:
    ticket = repair_in(garden, "accepted")
    facts: dict[str, Any] = {"by": garden.front_desk, "reason": "自己修好了", "withdrawn_by": "测试业主"}

    with refused(InvalidInput, rule, field=field):
        actions.cancel_repair(ticket.pk, **facts, **call, at=T("10:02"))

    actions.cancel_repair(ticket.pk, **facts, method="visit", confirmed_at=T("10:01:30"), at=T("10:02"))
    said = TicketEvent.objects.get(ticket=ticket, kind="cancelled").data
    assert (said["method"], said["confirmed_at"]) == ("visit", T("10:01:30").isoformat())
    assert kind_of(ticket).details(TicketEvent.objects.get(ticket=ticket, kind="cancelled")) == "上门 · 测试业主"


@pytest.mark.rule("GEN-02")
def test_a_withdrawal_does_not_wipe_out_what_was_late_already(garden: World) -> None:
    ticket = report(garden)

    actions.cancel_repair(ticket.pk, by=garden.front_desk, reason="等太久", withdrawn_by="测试业主", at=T("10:01:01"))

    assert (clock(ticket, "REP-09").state, clock(ticket, "REP-09").breached_at) == ("closed_breached", T("10:01"))
    assert clock(ticket, "REP-12").state == "cancelled"


def test_the_refusals_of_this_file_compare_everything_that_is_stored(garden: World) -> None:
    """The helper is worth nothing if it cannot see a change."""
    ticket = repair_in(garden, "accepted")
    last = TicketEvent.objects.latest("pk").pk

    before = stored()
    actions.arrive(ticket.pk, by=garden.technician, at=T("10:04"))

    changed = {name for name, rows in stored().items() if rows != before[name]}
    assert changed == {"Ticket", "TicketEvent", "Visit", "SlaClock"}
    assert kinds_since(ticket, last) == ["arrived"]


@pytest.mark.rule("CBK-12")
def test_the_follow_up_of_an_archived_repair_is_its_rework(garden: World) -> None:
    ticket = repair_in(garden, "archived")

    call_back(garden, ticket, T("15:00"), is_solved=False, satisfaction=1, words="又漏了")

    new = Ticket.objects.get(rework_of=ticket)
    assert (new.state, new.is_important, new.unit_id, new.description) == (
        "reported",
        True,
        garden.unit.pk,
        "又漏了",
    )
    assert ticket.callbacks.latest("pk").follow_up_id == new.pk
    assert clock(new, "REP-09").due_at == T("15:01")
