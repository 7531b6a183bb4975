"""The way from finished work to the archive, and who may take each step of it (rulebook 7 and 25)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from repairs import actions
from residents.errors import GateClosed, InvalidInput, NotAllowed
from residents.roles import Role
from tests.repairs.paths import call_back, clock, finish, refused, repair_in, sign
from tests.worlds import T, World
from tickets import closing
from tickets.errors import IllegalTransition
from tickets.models import Callback, Notice, Ticket, TicketEvent

# CBK-04, ROLE-18: acceptance, review, archive, by different people


@pytest.mark.rule("CBK-04, ROLE-18")
def test_who_did_the_work_does_not_accept_it(garden: World) -> None:
    ticket = repair_in(garden, "completion_reported")
    doer = garden.also("technician", "specialist")

    with refused(GateClosed, "CBK-04"):
        closing.accept_result(ticket.pk, by=doer, at=T("10:55"))

    closing.accept_result(ticket.pk, by=garden.specialist, at=T("10:55"))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.accepted_by_id, ticket.accepted_at) == (
        "accepted_ok",
        garden.specialist.pk,
        T("10:55"),
    )


@pytest.mark.rule("CBK-04, ROLE-18")
def test_who_did_an_earlier_part_of_the_work_does_not_accept_it_either_though_the_desk_typed_it_in(
    garden: World,
) -> None:
    ticket = repair_in(garden, "accepted")
    actions.arrive(ticket.pk, by=garden.front_desk, method="phone", at=T("10:04"))
    actions.start_work(ticket.pk, by=garden.front_desk, at=T("10:05"))
    consent = sign(garden, ticket, "10:20", purpose="consent")
    actions.leave_early(
        ticket.pk,
        by=garden.front_desk,
        consent=consent,
        window_from=T("11:00"),
        window_to=T("12:00"),
        at=T("10:25"),
    )
    actions.dispatch_repair(
        ticket.pk, by=garden.front_desk, technician=garden.technician_2, override_reason="换人", at=T("10:30")
    )
    actions.accept_repair(ticket.pk, by=garden.technician_2, at=T("10:30:30"))
    actions.arrive(ticket.pk, by=garden.technician_2, at=T("11:00"))
    actions.start_work(ticket.pk, by=garden.technician_2, at=T("11:05"))
    finish(garden, ticket, "11:30", by=garden.technician_2, report=True)
    first = garden.also("technician", "specialist")

    with refused(GateClosed, "CBK-04"):
        closing.accept_result(ticket.pk, by=first, at=T("11:35"))

    closing.accept_result(ticket.pk, by=garden.specialist, at=T("11:35"))


@pytest.mark.rule("CBK-04")
@pytest.mark.parametrize("role", [role for role in Role if role != Role.SPECIALIST])
def test_only_the_specialist_or_the_owner_accepts(garden: World, role: str) -> None:
    ticket = repair_in(garden, "completion_reported")

    with refused(NotAllowed, "CBK-04"):
        closing.accept_result(ticket.pk, by=garden.staff[role], at=T("10:55"))
    with refused(NotAllowed):
        closing.accept_result(ticket.pk, by=None, at=T("10:55"))

    closing.accept_result(ticket.pk, by=None, by_owner=True, at=T("10:55"))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.accepted_by_id, ticket.accepted_by_owner) == ("accepted_ok", None, True)
    assert TicketEvent.objects.get(ticket=ticket, kind="result_accepted").actor_label == "owner"


@pytest.mark.rule("CBK-04")
def test_an_acceptance_says_how_it_was_made(garden: World) -> None:
    ticket = repair_in(garden, "completion_reported")

    with refused(InvalidInput, "CBK-04", field="method"):
        closing.accept_result(ticket.pk, by=garden.specialist, method="guess", at=T("10:55"))


@pytest.mark.rule("CBK-04, ROLE-18")
def test_who_accepted_does_not_review(garden: World) -> None:
    head = garden.also("centre_head", "specialist")
    ticket = repair_in(garden, "completion_reported")
    closing.accept_result(ticket.pk, by=head, at=T("10:55"))
    call_back(garden, ticket, "11:30")

    with refused(GateClosed, "ROLE-18"):
        closing.review_ticket(ticket.pk, by=head, at=T("12:00"))

    other = garden.also("supervisor", "centre_head")
    closing.review_ticket(ticket.pk, by=other, at=T("12:00"))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reviewed_by_id) == ("reviewed", other.pk)


@pytest.mark.rule("ROLE-18")
def test_who_did_the_work_does_not_review_it(garden: World) -> None:
    ticket = repair_in(garden, "called_back")
    doer = garden.also("technician", "centre_head")

    with refused(GateClosed, "ROLE-18"):
        closing.review_ticket(ticket.pk, by=doer, at=T("12:00"))


@pytest.mark.rule("CBK-04, ROLE-01")
@pytest.mark.parametrize("role", ["front_desk", "specialist", "supervisor", "estate_manager", "company"])
def test_only_the_head_of_the_service_centre_reviews(garden: World, role: str) -> None:
    ticket = repair_in(garden, "called_back")

    with refused(NotAllowed, "ROLE-01"):
        closing.review_ticket(ticket.pk, by=garden.staff[role], at=T("12:00"))

    closing.review_ticket(ticket.pk, by=garden.centre_head, at=T("12:00"))
    ticket.refresh_from_db()
    assert (ticket.reviewed_by_id, ticket.reviewed_at) == (garden.centre_head.pk, T("12:00"))


@pytest.mark.rule("CBK-04, ROLE-01")
def test_nothing_is_archived_that_was_not_reviewed(garden: World) -> None:
    ticket = repair_in(garden, "called_back")

    with refused(IllegalTransition):
        closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("12:10"))


@pytest.mark.rule("CBK-04, ROLE-18")
@pytest.mark.parametrize(
    ("state", "constraint", "change"),
    [
        ("completion_reported", "accept_then_review", {"reviewed_at": T("12:00")}),
        ("accepted_ok", "review_then_archive", {"archived_at": T("12:00")}),
        ("accepted_ok", "reviewer_is_not_acceptor", {"reviewed_at": T("12:00"), "reviewed_by": "specialist"}),
    ],
)
def test_the_database_keeps_the_order_of_acceptance_review_and_archive(
    garden: World, state: str, constraint: str, change: dict[str, Any]
) -> None:
    ticket = Ticket.objects.filter(pk=repair_in(garden, state).pk)
    if "reviewed_by" in change:
        change = {**change, "reviewed_by": garden.specialist}

    with pytest.raises(IntegrityError, match=f"tickets_ticket_{constraint}"), transaction.atomic():
        ticket.update(**change)


@pytest.mark.rule("CBK-04")
@pytest.mark.parametrize(
    ("state", "back"),
    [
        (
            "completion_reported",
            lambda w, t, why: closing.reject_result(t.pk, by=w.specialist, reason=why, at=T("13:00")),
        ),
        (
            "called_back",
            lambda w, t, why: closing.return_from_review(t.pk, by=w.centre_head, reason=why, at=T("13:00")),
        ),
    ],
)
def test_what_is_rejected_goes_back_to_handling_with_its_reason_and_is_accepted_anew(
    garden: World, state: str, back: Any
) -> None:
    ticket = repair_in(garden, state)

    with refused(InvalidInput, "CBK-04", field="reason"):
        back(garden, ticket, " ")

    back(garden, ticket, "还在滴水")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.rework_count, ticket.is_important) == ("rework", 1, True)
    assert (ticket.accepted_by_id, ticket.accepted_at, ticket.called_back_at, ticket.handled_at) == (
        None,
        None,
        None,
        None,
    )
    assert clock(ticket, "REP-09").cycle_no == 2


# CBK-02, CBK-10 to CBK-12: callbacks


@pytest.mark.rule("CBK-02")
def test_a_repair_is_not_reviewed_without_a_callback_of_its_last_completion(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")

    with refused(IllegalTransition):
        closing.review_ticket(ticket.pk, by=garden.centre_head, at=T("12:00"))
    # Even a state that claims it: only the row of the call counts, and only one since the work was finished.
    Ticket.objects.filter(pk=ticket.pk).update(state="called_back")
    with refused(GateClosed, "CBK-02"):
        closing.review_ticket(ticket.pk, by=garden.centre_head, at=T("12:00"))
    Ticket.objects.filter(pk=ticket.pk).update(state="accepted_ok")

    call_back(garden, ticket, "11:30")
    closing.review_ticket(ticket.pk, by=garden.centre_head, at=T("12:00"))
    ticket.refresh_from_db()
    assert ticket.state == "reviewed"


@pytest.mark.rule("CBK-02")
def test_an_attempt_that_reached_nobody_does_not_open_the_review(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")
    call_back(garden, ticket, "11:30", outcome="no_answer")

    with refused(IllegalTransition):
        closing.review_ticket(ticket.pk, by=garden.centre_head, at=T("12:00"))

    assert clock(ticket, "REP-26").state == "running"


@pytest.mark.rule("CBK-02, CBK-12")
def test_the_callback_of_the_first_completion_does_not_count_for_the_rework(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")
    call_back(garden, ticket, "11:30", is_solved=False, satisfaction=2)
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("11:30:30"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("11:31"))
    actions.arrive(ticket.pk, by=garden.technician, at=T("11:35"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("11:40"))
    finish(garden, ticket, "12:00", report=True)
    closing.accept_result(ticket.pk, by=garden.specialist, at=T("12:05"))

    Ticket.objects.filter(pk=ticket.pk).update(state="called_back")
    with refused(GateClosed, "CBK-02"):
        closing.review_ticket(ticket.pk, by=garden.centre_head, at=T("12:30"))


@pytest.mark.rule("CBK-10")
def test_a_callback_keeps_every_field_of_the_rule(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")

    row = call_back(
        garden,
        ticket,
        "11:35",
        occurred_at=T("11:30"),
        satisfaction=4,
        answers={"on_time": "yes", "manners": "yes"},
        words="师傅很好 👍",
        demand="再看看阳台",
    )

    row.refresh_from_db()
    assert (row.called_at, row.caller_id, row.method, row.person_reached) == (
        T("11:30"),
        garden.front_desk.pk,
        "phone",
        "测试业主",
    )
    assert (row.is_solved, row.satisfaction, row.words, row.demand) == (True, 4, "师傅很好 👍", "再看看阳台")
    assert row.answers == {"on_time": "yes", "manners": "yes"}
    assert row.is_second is False
    ticket.refresh_from_db()
    assert (ticket.state, ticket.called_back_at) == ("called_back", T("11:30"))


@pytest.mark.rule("CBK-10")
@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"outcome": "maybe"}, "outcome"),
        ({"method": "telepathy"}, "method"),
        ({"person_reached": " "}, "person_reached"),
        ({"is_solved": None}, "satisfaction"),
        ({"satisfaction": None}, "satisfaction"),
        ({"satisfaction": 0}, "satisfaction"),
        ({"satisfaction": 6}, "satisfaction"),
    ],
)
def test_a_callback_with_a_blank_or_impossible_field_is_not_saved(
    garden: World, facts: dict[str, Any], field: str
) -> None:
    ticket = repair_in(garden, "accepted_ok")

    with refused(InvalidInput, "CBK-10", field=field):
        call_back(garden, ticket, "11:30", **facts)


@pytest.mark.rule("CBK-10")
def test_the_database_refuses_a_reached_customer_of_whom_nothing_is_known(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")

    with pytest.raises(IntegrityError, match="reached_says_what"), transaction.atomic():
        Callback.objects.create(ticket=ticket, called_at=T("11:30"), outcome="reached")
    with pytest.raises(IntegrityError, match="callback_scale"), transaction.atomic():
        Callback.objects.create(
            ticket=ticket,
            called_at=T("11:30"),
            outcome="reached",
            person_reached="业主",
            is_solved=True,
            satisfaction=6,
        )


@pytest.mark.rule("CBK-11, REP-26")
def test_a_message_stands_in_for_the_call_only_after_three_attempts_at_different_times(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")
    for at in ("11:00", "11:30", "11:45", "11:59:59"):
        call_back(garden, ticket, at, outcome="no_answer")

    with refused(GateClosed, "CBK-11"):
        call_back(garden, ticket, "12:00", outcome="message_sent")

    call_back(garden, ticket, "12:00", outcome="later")  # half an hour after the second that counts
    row = call_back(garden, ticket, "12:01", outcome="message_sent")
    ticket.refresh_from_db()
    assert (ticket.state, row.method) == ("called_back", "message")
    assert (clock(ticket, "REP-26").state, clock(ticket, "REP-26").stopped_at) == ("met", T("12:01"))
    assert ticket.callbacks.count() == 6


@pytest.mark.rule("GEN-04, CBK-11")
@pytest.mark.parametrize("state", ["accepted_ok", "archived"])
@pytest.mark.parametrize("outcome", ["reached", "no_answer", "later"])
def test_a_time_agreed_for_the_next_call_is_a_promise_that_the_call_keeps(
    garden: World, state: str, outcome: str
) -> None:
    ticket = repair_in(garden, state)
    call_back(garden, ticket, "13:00", outcome="later", next_try_at=T("15:00"))
    promised = clock(ticket, "GEN-04")
    assert (promised.state, promised.due_at) == ("running", T("15:00"))

    call_back(garden, ticket, "15:00", outcome=outcome)

    promised.refresh_from_db()
    assert (promised.state, promised.stopped_at) == ("met", T("15:00"))
    assert ticket.promises.get().kept_at == T("15:00")


@pytest.mark.rule("GEN-04")
def test_a_call_a_second_after_the_agreed_time_has_broken_the_promise(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")
    call_back(garden, ticket, "13:00", outcome="later", next_try_at=T("15:00"))

    call_back(garden, ticket, "15:00:01")

    assert clock(ticket, "GEN-04").breached_at == T("15:00")


@pytest.mark.rule("GEN-04")
def test_only_a_time_agreed_with_the_customer_is_promised_and_it_lies_ahead(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")
    call_back(garden, ticket, "13:00", outcome="no_answer", next_try_at=T("15:00"))
    call_back(garden, ticket, "13:30", outcome="later")
    assert not ticket.promises.exists()

    with refused(InvalidInput, "GEN-04", field="next_try_at"):
        call_back(garden, ticket, "14:00", outcome="later", next_try_at=T("14:00"))


@pytest.mark.rule("CBK-11")
def test_a_message_does_not_pass_for_a_customer_who_was_reached(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")

    with refused(InvalidInput, "CBK-11", field="outcome"):
        call_back(garden, ticket, "11:30", method="message", outcome="reached")


@pytest.mark.rule("CBK-11, REP-27")
def test_the_attempts_of_the_first_callback_do_not_count_for_the_second(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok", is_important=True)
    for at in ("11:00", "11:30", "12:00"):
        call_back(garden, ticket, at, outcome="no_answer")
    call_back(garden, ticket, "12:30")

    with refused(GateClosed, "CBK-11"):
        call_back(garden, ticket, T("12:30") + timedelta(days=7), outcome="message_sent")
    assert clock(ticket, "REP-27").state == "running"


@pytest.mark.rule("CBK-12")
@pytest.mark.parametrize("state", ["accepted_ok", "called_back"])
@pytest.mark.parametrize(("solved", "stars"), [(False, 5), (True, 3), (False, 1)])
def test_a_negative_callback_reopens_the_repair_as_rework(garden: World, state: str, solved: bool, stars: int) -> None:
    ticket = repair_in(garden, state)

    call_back(garden, ticket, "13:00", is_solved=solved, satisfaction=stars, words="还在漏")

    ticket.refresh_from_db()
    assert (ticket.state, ticket.rework_count, ticket.accepted_at) == ("rework", 1, None)
    event = TicketEvent.objects.get(ticket=ticket, kind="callback_negative")
    assert (event.data["reason"], event.data["from"], event.data["to"]) == ("还在漏", state, "rework")
    assert clock(ticket, "REP-26").state == "met"  # the customer was called


@pytest.mark.rule("CBK-12")
@pytest.mark.parametrize(
    ("state", "event"), [("accepted_ok", "callback_negative"), ("archived", "second_callback_done")]
)
def test_the_supervisor_is_told_of_a_negative_callback_where_the_work_goes_on(
    garden: World, state: str, event: str
) -> None:
    ticket = repair_in(garden, state)

    row = call_back(garden, ticket, "13:00", is_solved=False, satisfaction=2, words="还在漏", demand="换整根管")

    told = Notice.objects.get(kind="dissatisfied")
    assert (told.staff_id, told.ticket_id) == (garden.supervisor.pk, row.follow_up_id or ticket.pk)
    assert "还在漏；换整根管" in told.sentence
    data = TicketEvent.objects.get(ticket=ticket, kind=event).data
    assert data["told"] == [f"{garden.supervisor.name} {garden.supervisor.number}"]
    assert data["demand"] == "换整根管"


@pytest.mark.rule("CBK-12")
def test_solved_and_the_upper_two_of_five_steps_are_satisfied(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")

    call_back(garden, ticket, "13:00", is_solved=True, satisfaction=4)

    ticket.refresh_from_db()
    assert not Notice.objects.filter(kind="dissatisfied").exists()
    assert (ticket.state, ticket.rework_count) == ("called_back", 0)


@pytest.mark.rule("CBK-02")
@pytest.mark.parametrize("role", ["technician", "engineering_duty", "finance", "guard"])
def test_the_people_of_the_workshop_do_not_call_their_own_work_back(garden: World, role: str) -> None:
    ticket = repair_in(garden, "accepted_ok")

    with refused(NotAllowed, "CBK-02"):
        call_back(garden, ticket, "11:30", by=garden.staff[role])


# CBK-05, CBK-06, REP-36: the archive


def _reviewed_without(world: World, missing: str) -> Ticket:
    """A reviewed repair in which one paper is missing, everything else there."""
    ticket = repair_in(world, "in_work", category=world.paint, price_told=True)
    finish(world, ticket, "10:50", labour_fen=3500, by=world.front_desk, report=True)
    closing.accept_result(ticket.pk, by=world.specialist, at=T("10:55"))
    call_back(world, ticket, "11:30")
    if missing not in ("slip", "signature"):
        sign(world, ticket, "11:40", purpose="slip")
        actions.return_slip(ticket.pk, by=world.front_desk, at=T("11:40"))
    if missing == "slip":
        sign(world, ticket, "11:40")
    if missing != "entry":
        actions.enter_completion(ticket.pk, by=world.front_desk, at=T("11:45"))
    if missing != "receipt":
        actions.take_fee(ticket.pk, by=world.front_desk, receipt_number="SJ-0001", at=T("11:46"))
    if missing == "signed_for":
        ticket.repair.__class__.objects.filter(ticket=ticket).update(slip_taken_at=None)
    closing.review_ticket(ticket.pk, by=world.centre_head, at=T("12:00"))
    if missing == "signature":
        # A slip that was taken back without a signature by mistake.
        ticket.repair.__class__.objects.filter(ticket=ticket).update(slip_returned_at=T("11:40"))
    return Ticket.objects.get(pk=ticket.pk)


@pytest.mark.rule("CBK-05, CBK-06, REP-36")
@pytest.mark.parametrize(
    ("missing", "rule", "word"),
    [
        ("signed_for", "CBK-05", "签收"),
        ("slip", "CBK-06", "作业联还没有交回"),
        ("entry", "CBK-06", "完工信息"),
        ("signature", "CBK-06", "业主签字"),
        ("receipt", "REP-36", "收据号"),
    ],
)
def test_a_repair_is_archived_only_when_every_paper_is_there(garden: World, missing: str, rule: str, word: str) -> None:
    ticket = _reviewed_without(garden, missing)

    with refused(GateClosed, rule, saying=word):
        closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("12:10"))

    if missing == "signed_for":
        actions.take_slip(ticket.pk, by=garden.front_desk, receiver=garden.technician, at=T("12:05"))
    elif missing == "slip":
        actions.return_slip(ticket.pk, by=garden.front_desk, at=T("12:05"))
    elif missing == "entry":
        actions.enter_completion(ticket.pk, by=garden.front_desk, at=T("12:05"))
    elif missing == "signature":
        sign(garden, ticket, "12:05", purpose="slip")
    else:
        actions.take_fee(ticket.pk, by=garden.front_desk, receipt_number="SJ-0001", at=T("12:05"))
    closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("12:10"))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.archived_at, ticket.closed_at) == ("archived", T("12:10"), T("12:10"))
    assert ticket.archive_number == f"A-{ticket.number}"


@pytest.mark.rule("CBK-05, REP-13")
def test_taking_the_slip_is_signed_for_by_one_of_the_engineers_with_what_is_known_about_the_customer(
    garden: World,
) -> None:
    ticket = repair_in(garden, "dispatched")

    with refused(InvalidInput, "CBK-05", field="receiver"):
        actions.take_slip(ticket.pk, by=garden.front_desk, receiver=garden.guard, at=T("10:01"))

    actions.take_slip(
        ticket.pk, by=garden.front_desk, receiver=garden.technician, cautions="家有老人，先电话", at=T("10:01")
    )
    event = TicketEvent.objects.get(ticket=ticket, kind="slip_taken")
    assert event.data == {
        "slip": f"{ticket.number}-1",
        "receiver": f"{garden.technician.name} {garden.technician.number}",
        "cautions": "家有老人，先电话",
    }
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert ticket.repair.slip_taken_at == T("10:01")


@pytest.mark.rule("CBK-05, REP-15")
def test_accepting_by_hand_signs_for_the_slip_and_the_automatic_acceptance_does_not(garden: World) -> None:
    by_hand = repair_in(garden, "accepted")
    by_rule = repair_in(garden, "dispatched", not_duplicate=True)
    actions.auto_accept(clock(by_rule, "REP-15"), at=T("10:01:31"))

    assert by_hand.repair.slip_taken_at == T("10:01:00")
    by_rule = Ticket.objects.get(pk=by_rule.pk)
    assert (by_rule.state, by_rule.repair.slip_taken_at) == ("accepted", None)


@pytest.mark.rule("CBK-06, GEN-09")
def test_the_rework_has_a_slip_of_its_own_that_must_come_back_too(garden: World) -> None:
    ticket = repair_in(garden, "called_back")
    sign(garden, ticket, "11:40", purpose="slip")
    actions.return_slip(ticket.pk, by=garden.front_desk, at=T("11:40"))
    closing.return_from_review(ticket.pk, by=garden.centre_head, reason="缺照片", at=T("11:50"))

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("11:50:30"))

    order = Ticket.objects.get(pk=ticket.pk).repair
    assert (order.slip_number, order.slip_returned_at, order.slip_taken_at) == (f"{ticket.number}-2", None, None)


@pytest.mark.rule("GEN-09")
def test_the_slip_has_the_number_of_its_ticket_and_a_second_print_says_that_it_is_one(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    assert ticket.number == "GD-20250314-001"

    actions.print_slip(ticket.pk, by=garden.front_desk, at=T("10:00:40"))
    actions.print_slip(ticket.pk, by=garden.front_desk, at=T("10:02:00"))

    order = Ticket.objects.get(pk=ticket.pk).repair
    assert (order.slip_number, order.slip_printed_at) == ("GD-20250314-001-1", T("10:00:40"))
    events = TicketEvent.objects.filter(ticket=ticket, kind="slip_printed").order_by("pk")
    assert [event.data for event in events] == [
        {"slip": "GD-20250314-001-1", "reprint": False},
        {"slip": "GD-20250314-001-1", "reprint": True},
    ]


@pytest.mark.rule("REP-21")
def test_a_slip_comes_back_once(garden: World) -> None:
    ticket = repair_in(garden, "finished")
    sign(garden, ticket, "11:00")
    actions.return_slip(ticket.pk, by=garden.front_desk, at=T("11:00"))

    with refused(InvalidInput, "REP-21", field="slip"):
        actions.return_slip(ticket.pk, by=garden.front_desk, at=T("11:10"))
