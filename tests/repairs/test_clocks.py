"""Every CLOCK rule of repairs: when it starts and is due, met at due, breached a second later, and who hears of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from repairs import actions
from residents.errors import GateClosed, InvalidInput
from residents.tenancy import company_scope
from tests.repairs.clock_cases import CASES, SECOND, Case
from tests.repairs.paths import MOVED, call_back, clock, finish, lamp, refused, repair_in, report, sign, take
from tests.worlds import T, World
from tickets import closing
from tickets.actions import add_reporter, edit_ticket, reply_to_reporter
from tickets.models import Notice, Outbox, SlaClock, SlaFiring, Ticket, TicketEvent
from tickets.outbox import drain
from tickets.sla.sweep import sweep_all

ALL = pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.rule(case.rule), id=case.code) for case in CASES]
)
RULES = pytest.mark.rule(
    "GEN-04, REP-02, REP-06, REP-09, REP-12, REP-15, REP-16, REP-17, REP-20, REP-21, REP-24, REP-25, REP-26, REP-27"
)
ENGINE = pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])


def _breaches(ticket: Ticket, code: str) -> list[tuple[datetime, str]]:
    events = TicketEvent.objects.filter(ticket=ticket, kind="breached", data__rule=code)
    return list(events.values_list("occurred_at", "data__detected_by"))


@RULES
@ALL
def test_a_clock_starts_with_its_event_and_is_due_when_the_rule_says(garden: World, case: Case) -> None:
    ticket = case.arrange(garden)

    running = clock(ticket, case.code)
    assert (running.state, running.started_at, running.due_at) == ("running", case.start, case.due)
    assert running.original_due_at == case.due
    assert (running.breached_at, running.stopped_at) == (None, None)


@RULES
@ALL
def test_the_stop_at_due_is_in_time(garden: World, case: Case) -> None:
    ticket = case.arrange(garden)

    case.stop(garden, ticket, case.due)

    stopped = clock(ticket, case.code)
    assert (stopped.state, stopped.stopped_at, stopped.breached_at) == ("met", case.due, None)
    assert stopped.counts_as_met
    assert _breaches(ticket, case.code) == []
    assert not SlaFiring.objects.filter(clock=stopped, scheduled_for__gte=case.due).exists()


@RULES
@ALL
def test_the_stop_a_second_after_due_is_a_breach_though_no_sweep_came_by(garden: World, case: Case) -> None:
    ticket = case.arrange(garden)
    before = clock(ticket, case.code)

    case.stop(garden, ticket, case.due + SECOND)

    stopped = clock(ticket, case.code)
    assert stopped.pk == before.pk
    assert (stopped.state, stopped.breached_at) == ("closed_breached", case.due)
    assert (stopped.detected_by, stopped.detected_at) == ("stop", case.due + SECOND)
    assert not stopped.counts_as_met
    assert _breaches(ticket, case.code) == [(case.due, "stop")]
    fired = SlaFiring.objects.filter(clock=stopped, outcome="fired", scheduled_for=case.due)
    assert fired.exists()
    keys = [f"firing/{stopped.pk}/{stopped.epoch}/{row.step_no}" for row in fired]
    assert Outbox.objects.filter(dedup_key__in=keys).count() == len(keys)


@RULES
@ALL
@ENGINE
def test_the_sweep_breaches_not_at_due_but_a_second_later_and_tells_the_people_of_each_rung(
    committed_garden: World, case: Case
) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = case.arrange(world)
        pk = clock(ticket, case.code).pk
    # Running all the time: a sweep before, at and after every rung, so that nothing is made up for.
    moments = sorted({case.due + delay for _level, delay, _roles in case.told})
    last = case.start
    for moment in moments:
        for at in (moment, moment + SECOND):
            _sweep(max(at - SECOND, last))
            _sweep(at)
            last = at
            if at == case.due:
                with company_scope(world.company.pk):
                    assert clock(ticket, case.code).state == "running"
                    assert not Notice.objects.filter(clock_id=pk, level__gte=1).exists()
        if moment == case.due:
            with company_scope(world.company.pk):
                overdue = clock(ticket, case.code)
                assert overdue.breached_at == case.due
                assert (overdue.detected_by, overdue.detected_at) == ("sweep", case.due + SECOND)
                assert _breaches(ticket, case.code) == [(case.due, "sweep")]

    with company_scope(world.company.pk):
        roles = {person.pk: role for role, person in world.staff.items()}
        told: dict[tuple[int, int], tuple[datetime, set[str]]] = {}
        for notice in Notice.objects.filter(clock_id=pk):
            rung = told.setdefault((notice.step_no, notice.level), (notice.created_at, set()))
            rung[1].add(str(roles[notice.staff_id]))
        expected = {
            (step, level): (case.due + delay + SECOND, people) for step, (level, delay, people) in enumerate(case.told)
        }
        assert told == expected


def _sweep(at: datetime) -> None:
    sweep_all(at=at)
    drain(at=at)


# REP-11 is started and stopped by the same entry.


@pytest.mark.rule("REP-11")
def test_a_repair_is_to_be_entered_within_two_hours_of_being_received(garden: World) -> None:
    ticket = actions.report_repair(
        take(garden), project=garden.project, by=garden.front_desk, at=T("10:00:00"), occurred_at=T("08:00:00")
    )

    entered = clock(ticket, "REP-11")
    assert (entered.state, entered.started_at, entered.due_at) == ("met", T("08:00:00"), T("10:00:00"))
    assert entered.stopped_at == T("10:00:00")


@pytest.mark.rule("REP-11, GEN-01")
def test_a_repair_entered_a_second_too_late_is_a_breach_and_told_to_the_supervisor(garden: World) -> None:
    ticket = actions.report_repair(
        take(garden), project=garden.project, by=garden.front_desk, at=T("10:00:01"), occurred_at=T("08:00:00")
    )

    entered = clock(ticket, "REP-11")
    assert (entered.state, entered.breached_at) == ("closed_breached", T("10:00:00"))
    assert _breaches(ticket, "REP-11") == [(T("10:00:00"), "stop")]
    told = Outbox.objects.get(topic="escalation", payload__clock=entered.pk)
    rung = entered.rule.ladder[told.payload["step"]]
    assert (rung["level"], rung["audience"]) in [
        (1, ["responsible", "supervisor"]),
        (1, ("responsible", "supervisor")),
    ]
    event = TicketEvent.objects.get(ticket=ticket, kind="reported")
    assert event.data["backdated_seconds"] == 7201


# The automatic acceptance


@pytest.mark.rule("REP-15")
@ENGINE
def test_an_order_nobody_accepts_counts_as_accepted_and_stays_a_breach(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = _dispatched_at_ten_one(world)

    _sweep(T("10:02:00"))
    _sweep(T("10:02:01"))

    with company_scope(world.company.pk):
        ticket.refresh_from_db()
        accepted = clock(ticket, "REP-15")
        assert ticket.state == "accepted"
        assert (accepted.state, accepted.breached_at) == ("closed_breached", T("10:02:00"))
        assert accepted.corrected_at is None
        assert not accepted.counts_as_met
        event = TicketEvent.objects.get(ticket=ticket, kind="auto_accepted")
        assert (event.occurred_at, event.entered_at, event.actor_id) == (T("10:02:00"), T("10:02:01"), None)
        assert clock(ticket, "REP-16").due_at == T("10:07:00")
        assert clock(ticket, "REP-17").due_at == T("10:32:00")


@pytest.mark.rule("REP-15")
def test_a_hand_later_than_the_automatic_acceptance_is_recorded_once_and_moves_nothing(garden: World) -> None:
    ticket = _dispatched_at_ten_one(garden)

    actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:04:00"))

    ticket.refresh_from_db()
    assert ticket.state == "accepted"
    assert clock(ticket, "REP-15").breached_at == T("10:02:00")
    assert not clock(ticket, "REP-15").counts_as_met
    assert clock(ticket, "REP-16").due_at == T("10:07:00")
    assert clock(ticket, "REP-17").due_at == T("10:32:00")
    kinds = list(TicketEvent.objects.filter(ticket=ticket).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["reported", "dispatched", "breached", "auto_accepted", "accepted_by_hand"]


@pytest.mark.rule("REP-15, GEN-02")
@ENGINE
def test_a_hand_that_was_in_time_but_entered_late_clears_the_acceptance_and_keeps_its_breach(
    committed_garden: World,
) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = _dispatched_at_ten_one(world)
    _sweep(T("10:02:01"))

    with company_scope(world.company.pk):
        actions.accept_repair(ticket.pk, by=world.technician, at=T("10:04:00"), occurred_at=T("10:01:40"))

        accepted = clock(ticket, "REP-15")
        assert (accepted.state, accepted.breached_at) == ("closed_breached", T("10:02:00"))
        assert accepted.corrected_at == T("10:04:00")
        assert accepted.counts_as_met
        assert accepted.reason == "实际按时完成，登记较晚"
        assert SlaFiring.objects.filter(clock=accepted, outcome="fired").count() == 1
        assert clock(ticket, "REP-16").due_at == T("10:07:00")


def _dispatched_at_ten_one(world: World) -> Ticket:
    world.on_duty("front_desk", "technician")
    ticket = report(world, "10:00:30")
    return actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:01:00"))


# What one event does to several clocks


@pytest.mark.rule("REP-06, REP-09, REP-12")
def test_the_dispatch_tells_engineering_and_is_the_slip_on_the_phone(garden: World) -> None:
    ticket = repair_in(garden, "dispatched")

    assert {code: clock(ticket, code).state for code in ("REP-06", "REP-09", "REP-12", "REP-15")} == {
        "REP-06": "met",
        "REP-09": "met",
        "REP-12": "met",
        "REP-15": "running",
    }


@pytest.mark.rule("GEN-03, GEN-06, REP-06, REP-09, REP-11, REP-12")
def test_nobody_is_to_be_sent_where_the_answer_was_that_it_cannot_be_done(garden: World) -> None:
    garden.on_duty("technician", "centre_head")
    ticket = report(garden, when="cannot", explanation="属开发商保修，已说明")

    codes = SlaClock.objects.filter(ticket=ticket).order_by("rule_code").values_list("rule_code", "state")
    assert list(codes) == [("REP-06", "running"), ("REP-11", "met")]
    told = Notice.objects.get(ticket=ticket, kind="cannot")
    assert (told.staff_id, "属开发商保修" in told.sentence) == (garden.centre_head.pk, True)

    # The head of the centre thinks better of it: from the dispatch on it is a repair like any other.
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:00:40"))
    ticket.refresh_from_db()
    assert ticket.response == "now"
    assert (clock(ticket, "REP-06").state, clock(ticket, "REP-15").state) == ("met", "running")
    actions.return_repair(ticket.pk, by=garden.technician, reason="缺配件", at=T("10:00:50"))
    assert clock(ticket, "REP-09").due_at == T("10:01:50")


@pytest.mark.rule("REP-12")
def test_a_dispatch_by_word_of_mouth_still_owes_the_slip(garden: World) -> None:
    garden.on_duty("front_desk", "technician")
    ticket = report(garden)

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, oral=True, at=T("10:00:30"))

    assert clock(ticket, "REP-12").state == "running"
    assert clock(ticket, "REP-09").state == "met"
    actions.print_slip(ticket.pk, by=garden.front_desk, at=T("10:05:00"))
    assert clock(ticket, "REP-12").state == "met"


@pytest.mark.rule("REP-06")
def test_telling_engineering_does_not_stop_the_dispatch_clock(garden: World) -> None:
    ticket = report(garden)

    actions.inform_engineering(ticket.pk, by=garden.front_desk, at=T("10:00:20"))

    assert clock(ticket, "REP-06").state == "met"
    assert clock(ticket, "REP-09").state == "running"
    told = Notice.objects.get(ticket=ticket, kind="informed")
    assert told.staff_id == garden.engineering_duty.pk


@pytest.mark.rule("REP-06")
def test_engineering_is_told_from_the_end_of_the_call_when_that_was_before_the_saving(garden: World) -> None:
    ticket = report(garden, "10:00:30", contact_ended_at=T("10:00:10"))

    assert clock(ticket, "REP-06").due_at == T("10:01:10")
    assert clock(ticket, "REP-09").due_at == T("10:01:30")


@pytest.mark.rule("REP-06")
def test_of_a_public_fault_engineering_is_told_from_the_filling_of_the_order(garden: World) -> None:
    ticket = report(garden, "10:00:30", intake=lamp(garden, contact_ended_at=T("10:00:10")))

    assert clock(ticket, "REP-06").due_at == T("10:01:30")


@pytest.mark.rule("REP-09, REP-15, REP-16, REP-17")
def test_a_returned_order_owes_a_new_dispatch_and_keeps_its_arrival_clock(garden: World) -> None:
    ticket = repair_in(garden, "accepted")
    arrival = clock(ticket, "REP-16")

    actions.return_repair(ticket.pk, by=garden.technician, reason="缺工具", at=T("10:02:00"))

    ticket.refresh_from_db()
    assert (ticket.state, ticket.assignee_id) == ("reported", None)
    again = clock(ticket, "REP-09")
    assert (again.state, again.cycle_no, again.due_at) == ("running", 2, T("10:03:00"))
    actions.dispatch_repair(
        ticket.pk, by=garden.front_desk, technician=garden.technician_2, at=T("10:02:30"), override_reason="就近"
    )
    assert clock(ticket, "REP-15").due_at == T("10:03:30")
    actions.accept_repair(ticket.pk, by=garden.technician_2, at=T("10:03:00"))
    assert clock(ticket, "REP-16").pk == arrival.pk
    assert (clock(ticket, "REP-16").state, clock(ticket, "REP-16").due_at) == ("running", T("10:06:00"))
    assert clock(ticket, "REP-17").due_at == T("10:31:00")


@pytest.mark.rule("REP-15")
def test_returning_an_order_before_it_is_accepted_ends_the_acceptance_without_a_breach(garden: World) -> None:
    ticket = repair_in(garden, "dispatched")

    actions.return_repair(ticket.pk, by=garden.technician, reason="缺工具", at=T("10:01:00"))

    ended = clock(ticket, "REP-15")
    assert (ended.state, ended.reason, ended.breached_at) == ("cancelled", "returned", None)


@pytest.mark.rule("REP-15, REP-16")
def test_returning_an_order_later_than_the_automatic_acceptance_does_not_undo_it(garden: World) -> None:
    ticket = repair_in(garden, "dispatched")  # at 10:00:30; no sweep comes by

    actions.return_repair(ticket.pk, by=garden.technician, reason="缺工具", at=T("10:03:00"))

    assert clock(ticket, "REP-15").breached_at == T("10:01:30")
    assert (clock(ticket, "REP-16").state, clock(ticket, "REP-16").due_at) == ("running", T("10:06:30"))
    ticket.refresh_from_db()
    assert ticket.state == "reported"


@pytest.mark.rule("REP-15")
def test_giving_the_order_to_another_technician_starts_a_new_acceptance(garden: World) -> None:
    ticket = repair_in(garden, "dispatched")

    actions.dispatch_repair(
        ticket.pk, by=garden.front_desk, technician=garden.technician_2, override_reason="就近", at=T("10:01:00")
    )

    first, second = ticket.clocks.filter(rule_code="REP-15").order_by("pk")
    assert (first.state, second.state) == ("cancelled", "running")
    assert second.due_at == T("10:02:00")
    assert clock(ticket, "REP-09").state == "met"


@pytest.mark.rule("REP-16, REP-17")
def test_giving_an_accepted_order_to_another_technician_keeps_its_arrival_and_start(garden: World) -> None:
    ticket = repair_in(garden, "accepted")
    before = {code: clock(ticket, code).pk for code in ("REP-16", "REP-17")}

    actions.dispatch_repair(
        ticket.pk, by=garden.front_desk, technician=garden.technician_2, override_reason="就近", at=T("10:02:00")
    )
    actions.accept_repair(ticket.pk, by=garden.technician_2, at=T("10:02:30"))

    after = {code: clock(ticket, code) for code in before}
    assert {code: running.pk for code, running in after.items()} == before
    assert [running.due_at for running in after.values()] == [T("10:06:00"), T("10:31:00")]


# Appointments


@pytest.mark.rule("REP-20, REP-16, REP-17")
def test_with_an_appointment_the_arrival_is_due_at_its_end_and_the_start_half_an_hour_later(garden: World) -> None:
    ticket = repair_in(garden, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))

    assert not ticket.clocks.filter(rule_code="REP-16").exists()
    assert clock(ticket, "REP-20").due_at == T("16:00")
    assert clock(ticket, "REP-17").due_at == T("16:30")


@pytest.mark.rule("REP-20, GEN-02")
def test_an_appointment_moved_before_its_time_moves_its_clock_and_says_so(garden: World) -> None:
    ticket = repair_in(garden, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))

    actions.set_appointment(
        ticket.pk, by=garden.front_desk, window_from=T("17:00"), window_to=T("18:00"), **MOVED, at=T("16:00")
    )

    moved = clock(ticket, "REP-20")
    assert (moved.state, moved.original_due_at, moved.due_at) == ("running", T("16:00"), T("18:00"))
    assert clock(ticket, "REP-17").due_at == T("18:30")
    event = TicketEvent.objects.get(ticket=ticket, kind="clock_moved")
    assert event.data["rule"] == "REP-20"
    assert TicketEvent.objects.get(ticket=ticket, kind="appointment_set").data["old"] == T("16:00").isoformat()


@pytest.mark.rule("GEN-04, REP-20")
def test_a_time_the_customer_counts_on_is_moved_only_with_a_reason_and_the_customers_word(garden: World) -> None:
    window: dict[str, Any] = {"window_from": T("17:00"), "window_to": T("18:00")}
    agreed = repair_in(garden, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))
    at_once = repair_in(garden, "accepted", category=garden.paint, price_told=True)

    for ticket, by in ((agreed, garden.front_desk), (at_once, garden.technician)):
        for missing in MOVED:
            with refused(InvalidInput, "GEN-04", field=missing):
                actions.set_appointment(ticket.pk, by=by, **window, **{**MOVED, missing: " "}, at=T("10:04"))
        actions.set_appointment(ticket.pk, by=by, **window, **MOVED, at=T("10:04"))

        said = TicketEvent.objects.get(ticket=ticket, kind="appointment_set").data
        assert {name: said[name] for name in MOVED} == MOVED
    assert clock(at_once, "REP-16").state == "cancelled"


@pytest.mark.rule("GEN-04, REP-16")
def test_a_returned_job_whose_arrival_still_runs_is_not_put_off_in_silence(garden: World) -> None:
    ticket = repair_in(garden, "accepted")
    actions.return_repair(ticket.pk, by=garden.technician, reason="缺工具", at=T("10:02"))

    with refused(InvalidInput, "GEN-04", field="reason"):
        actions.set_appointment(
            ticket.pk, by=garden.front_desk, window_from=T("15:00"), window_to=T("16:00"), at=T("10:03")
        )


@pytest.mark.rule("REP-20, GEN-02")
def test_an_appointment_cannot_be_moved_a_second_after_it_was_missed(garden: World) -> None:
    ticket = repair_in(garden, "dispatched", when="appointment", window_from=T("10:00:40"), window_to=T("10:01:00"))

    with pytest.raises(GateClosed) as refusal:
        actions.set_appointment(
            ticket.pk, by=garden.front_desk, window_from=T("15:00"), window_to=T("16:00"), at=T("10:01:01")
        )

    assert refusal.value.rule == "REP-20"


@pytest.mark.rule("REP-20")
def test_after_a_missed_visit_the_new_appointment_is_a_visit_of_its_own_and_the_breach_stays(garden: World) -> None:
    ticket = repair_in(garden, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))

    actions.reappoint(
        ticket.pk,
        by=garden.front_desk,
        reason="师傅堵车",
        window_from=T("16:30"),
        window_to=T("17:00"),
        at=T("16:10"),
    )

    ticket.refresh_from_db()
    first, second = ticket.visits.order_by("number")
    assert ticket.state == "accepted"
    assert (first.missed_at, first.apologised_at, first.miss_reason) == (T("16:00"), T("16:10"), "师傅堵车")
    assert (second.window_to, second.technician_id) == (T("17:00"), garden.technician.pk)
    old = ticket.clocks.get(rule_code="REP-20")
    assert (old.state, old.breached_at) == ("closed_breached", T("16:00"))
    assert clock(ticket, "REP-20.apology").state == "met"
    again = clock(ticket, "REP-20.again")
    assert (again.state, again.due_at) == ("running", T("17:00"))
    assert again.rule.ladder[1]["audience"] == ["responsible", "supervisor", "estate_manager"]
    assert clock(ticket, "REP-17").due_at == T("17:30")


@pytest.mark.rule("REP-20, GEN-02")
def test_a_second_missed_visit_goes_to_the_estate_manager_and_owes_a_second_apology(garden: World) -> None:
    ticket = repair_in(garden, "dispatched", when="appointment", window_from=T("10:00:40"), window_to=T("10:01:00"))
    actions.apologise(ticket.pk, by=garden.front_desk, reason="没人接单", at=T("10:05:00"))
    actions.set_appointment(
        ticket.pk, by=garden.front_desk, window_from=T("11:00"), window_to=T("12:00"), at=T("10:05:30")
    )

    actions.apologise(ticket.pk, by=garden.front_desk, reason="又堵车", at=T("12:10:00"))

    first, second = ticket.clocks.filter(rule_code="REP-20.apology").order_by("pk")
    assert (first.due_at, first.state) == (T("10:16:00"), "met")
    assert (second.due_at, second.state) == (T("12:15:00"), "met")
    assert [v.missed_at for v in ticket.visits.order_by("number")] == [T("10:01:00"), T("12:00")]
    missed = ticket.clocks.get(rule_code="REP-20")
    assert (missed.state, missed.breached_at, missed.due_at) == ("closed_breached", T("10:01:00"), T("10:01:00"))
    assert clock(ticket, "REP-20.again").due_at == T("12:00")
    ticket.refresh_from_db()
    assert ticket.repair.missed_count == 2


@pytest.mark.rule("REP-20, GEN-02")
@ENGINE
def test_an_arrival_in_the_window_but_entered_later_takes_the_miss_back_and_keeps_the_breach(
    committed_garden: World,
) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))
    _sweep(T("16:00:01"))

    with company_scope(world.company.pk):
        ticket.refresh_from_db()
        assert ticket.state == "missed_visit"
        actions.arrive(ticket.pk, by=world.technician, at=T("16:20"), occurred_at=T("15:50"))

        ticket.refresh_from_db()
        arrival, apology = clock(ticket, "REP-20"), clock(ticket, "REP-20.apology")
        assert ticket.state == "on_site"
        assert (arrival.state, arrival.breached_at, arrival.corrected_at) == (
            "closed_breached",
            T("16:00"),
            T("16:20"),
        )
        assert arrival.counts_as_met
        assert apology.counts_as_met
        assert ticket.visits.get().missed_at is None
        assert ticket.repair.missed_count == 0


@pytest.mark.rule("REP-20")
def test_the_technician_can_arrive_late_from_a_page_opened_before_the_window_ended(garden: World) -> None:
    ticket = repair_in(garden, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))

    actions.arrive(ticket.pk, by=garden.technician, at=T("16:05"), version=ticket.version)

    ticket.refresh_from_db()
    assert ticket.state == "on_site"
    assert clock(ticket, "REP-20").breached_at == T("16:00")
    assert clock(ticket, "REP-20.apology").due_at == T("16:15")


@pytest.mark.rule("REP-20, REP-15")
@ENGINE
def test_the_sweep_that_comes_after_a_late_hand_repeats_nothing(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        late = repair_in(world, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))
        actions.arrive(late.pk, by=world.technician, at=T("16:05"))
        taken = repair_in(world, "dispatched", not_duplicate=True)
        actions.accept_repair(taken.pk, by=world.technician, at=T("10:04:00"))

    _sweep(T("16:06"))

    with company_scope(world.company.pk):
        for ticket, kind in ((late, "visit_missed"), (taken, "auto_accepted")):
            assert TicketEvent.objects.filter(ticket=ticket, kind=kind).count() == 1
        assert TicketEvent.objects.filter(ticket=taken, kind="breached", data__rule="REP-15").count() == 1
        assert late.clocks.filter(rule_code="REP-20.apology").count() == 1
        assert Ticket.objects.get(pk=late.pk).repair.missed_count == 1
        assert not Outbox.objects.filter(sent_at=None).exists()


@pytest.mark.rule("REP-20")
def test_an_appointment_agreed_for_a_rework_holds_for_the_next_visit(garden: World) -> None:
    ticket = repair_in(garden, "rework")

    actions.set_appointment(
        ticket.pk, by=garden.front_desk, window_from=T("15:00"), window_to=T("16:00"), at=T("11:00")
    )
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("11:00:30"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("11:01"))

    ticket = Ticket.objects.get(pk=ticket.pk)
    first, second = ticket.visits.order_by("number")
    assert (first.window_to, first.arrived_at) == (None, T("10:04:00"))
    assert (second.window_to, ticket.repair.visit_no) == (T("16:00"), 2)
    assert clock(ticket, "REP-20").due_at == T("16:00")
    assert clock(ticket, "REP-17").due_at == T("16:30")


@pytest.mark.rule("REP-19, REP-20")
def test_leaving_early_runs_the_next_appointment_on_a_visit_of_its_own(garden: World) -> None:
    ticket = repair_in(garden, "in_work")
    consent = sign(garden, ticket, "10:20:00", purpose="consent")

    actions.leave_early(
        ticket.pk,
        by=garden.technician,
        consent=consent,
        window_from=T("15:00"),
        window_to=T("16:00"),
        reason="缺配件",
        at=T("10:25:00"),
    )

    ticket = Ticket.objects.get(pk=ticket.pk)
    first, second = ticket.visits.order_by("number")
    assert (ticket.state, ticket.repair.visit_no) == ("accepted", 2)
    assert (first.left_at, first.consent_id) == (T("10:25:00"), consent.pk)
    assert second.technician_id == garden.technician.pk
    assert clock(ticket, "REP-20").due_at == T("16:00")
    assert clock(ticket, "REP-17").due_at == T("16:30")
    assert ticket.clocks.filter(rule_code="REP-16").count() == 1


# Public areas


@pytest.mark.rule("REP-16, REP-17, REP-41")
def test_a_public_repair_has_no_five_and_thirty_minutes_and_its_ten_minutes_only_warn(garden: World) -> None:
    ticket = repair_in(garden, "completion_reported", intake=lamp(garden))

    codes = set(ticket.clocks.values_list("rule_code", flat=True))
    assert codes.isdisjoint({"REP-16", "REP-17", "REP-25"})
    warning = clock(ticket, "REP-25.public")
    assert (warning.is_advisory, warning.due_at) == (True, T("11:01:00"))

    closing.accept_result(ticket.pk, by=garden.specialist, at=T("11:30:00"))

    late = clock(ticket, "REP-25.public")
    assert (late.state, late.breached_at) == ("excluded", None)


@pytest.mark.rule("REP-02")
def test_each_reporter_of_a_public_fault_is_owed_an_own_reply_the_same_day(garden: World) -> None:
    ticket = repair_in(garden, "in_work", intake=lamp(garden, contact_name="甲"))
    second = add_reporter(ticket.pk, by=garden.front_desk, name="乙", at=T("10:30:00"))
    finish(garden, ticket, "10:50:00")

    reply_to_reporter(second.pk, by=garden.front_desk, at=T("11:00:00"))

    clocks = {c.scope.rsplit(":", 1)[1]: c for c in ticket.clocks.filter(rule_code="REP-02")}
    assert {pk: c.state for pk, c in clocks.items()} == {
        str(ticket.reporters.get(name="甲").pk): "running",
        str(second.pk): "met",
    }
    assert {c.due_at for c in clocks.values()} == {T("23:59:59")}


@pytest.mark.rule("REP-02, REP-10")
def test_somebody_who_reports_the_fault_after_it_was_fixed_is_owed_a_reply_too(garden: World) -> None:
    ticket = repair_in(garden, "finished", intake=lamp(garden, contact_name="甲"))

    late = add_reporter(ticket.pk, by=garden.front_desk, name="丙", at=T("11:00:00"), occurred_at=T("10:40:00"))

    owed = ticket.clocks.get(rule_code="REP-02", scope=f"ticket:{ticket.pk}/reporter:{late.pk}")
    assert (owed.state, owed.started_at, owed.due_at) == ("running", T("10:50:00"), T("23:59:59"))


@pytest.mark.rule("REP-27, GEN-02")
@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta(days=40)], ids=["while it runs", "after its breach"])
def test_a_flag_taken_off_and_put_on_again_begins_no_second_clock(garden: World, later: timedelta) -> None:
    ticket = repair_in(garden, "called_back", is_important=True)
    first = clock(ticket, "REP-27")

    for minutes, is_important in ((0, False), (1, True)):
        edit_ticket(
            ticket.pk,
            by=garden.front_desk,
            changes={"is_important": is_important},
            reason="看错了",
            version=Ticket.objects.get(pk=ticket.pk).version,
            at=T("12:00") + later + timedelta(minutes=minutes),
        )

    only = ticket.clocks.get(rule_code="REP-27")
    assert (only.pk, only.due_at, only.is_live) == (first.pk, first.due_at, True)


@pytest.mark.rule("REP-27")
def test_a_repair_marked_important_after_it_was_finished_is_owed_the_second_callback_from_its_completion(
    garden: World,
) -> None:
    ticket = repair_in(garden, "accepted_ok")
    assert not ticket.clocks.filter(rule_code="REP-27").exists()

    edit_ticket(
        ticket.pk,
        by=garden.front_desk,
        changes={"is_important": True},
        reason="燃气安全",
        version=ticket.version,
        at=T("15:00"),
    )

    owed = clock(ticket, "REP-27")
    assert (owed.started_at, owed.due_at) == (T("10:50:00"), T("10:50:00", date(2025, 4, 14)))


@pytest.mark.rule("REP-27")
def test_the_second_callback_is_owed_past_the_archive(garden: World) -> None:
    ticket = repair_in(garden, "archived", is_important=True)
    assert clock(ticket, "REP-27").state == "running"
    assert not ticket.clocks.filter(state="running").exclude(rule_code="REP-27").exists()

    call_back(garden, ticket, T("14:00") + timedelta(days=10))

    assert clock(ticket, "REP-27").state == "met"
    ticket.refresh_from_db()
    assert ticket.state == "archived"


@pytest.mark.rule("REP-24")
def test_a_completion_entered_on_the_phone_needs_no_entry_when_the_slip_comes_back(garden: World) -> None:
    ticket = repair_in(garden, "finished")
    sign(garden, ticket, "10:51:00")

    actions.return_slip(ticket.pk, by=garden.front_desk, at=T("17:20:00"))

    entered = clock(ticket, "REP-24")
    assert (entered.state, entered.started_at, entered.stopped_at) == ("met", T("17:20:00"), T("17:20:00"))


@pytest.mark.rule("REP-26, REP-25")
def test_a_result_not_accepted_ends_the_callback_and_the_next_completion_starts_it_anew(garden: World) -> None:
    ticket = repair_in(garden, "rework")
    assert clock(ticket, "REP-25").state == "met"
    assert (clock(ticket, "REP-26").state, clock(ticket, "REP-26").reason) == ("cancelled", "result_rejected")
    assert clock(ticket, "REP-09").due_at == T("10:56:00")

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:55:30"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:56:00"))
    actions.arrive(ticket.pk, by=garden.technician, at=T("11:00:00"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("11:05:00"))
    finish(garden, ticket, "11:40:00", report=True)

    assert (clock(ticket, "REP-26").cycle_no, clock(ticket, "REP-26").due_at) == (
        2,
        T("11:40:00") + timedelta(days=1),
    )
    assert clock(ticket, "REP-25").due_at == T("11:50:00")
    assert clock(ticket, "REP-16").scope == f"ticket:{ticket.pk}/visit:2"
    assert clock(ticket, "REP-27").due_at.date().isoformat() == "2025-04-14"


@pytest.mark.rule("REP-09, CBK-12, GEN-02")
def test_a_reopened_repair_begins_new_cycles_and_the_results_of_the_old_ones_stay_as_they_were(garden: World) -> None:
    garden.on_duty("front_desk", "technician", "specialist")
    ticket = report(garden)
    # A minute late.
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:02:00"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:02:30"))
    actions.arrive(ticket.pk, by=garden.technician, at=T("10:04:00"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("10:10:00"))
    finish(garden, ticket, "10:50:00", report=True)
    closing.accept_result(ticket.pk, by=garden.specialist, at=T("10:55:00"))
    decided = ticket.clocks.exclude(state="running").order_by("pk")
    results = {row["id"]: row for row in decided.values()}

    call_back(garden, ticket, "11:30:00", is_solved=False, satisfaction=1)

    ticket.refresh_from_db()
    assert ticket.state == "rework"
    again = clock(ticket, "REP-09")
    assert (again.state, again.cycle_no, again.due_at) == ("running", 2, T("11:31:00"))
    first = ticket.clocks.get(rule_code="REP-09", cycle_no=1)
    assert (first.state, first.breached_at) == ("closed_breached", T("10:01:00"))
    assert {row["id"]: row for row in decided.filter(pk__in=results).values()} == results

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("11:30:30"))
    assert (clock(ticket, "REP-09").state, clock(ticket, "REP-09").counts_as_met) == ("met", True)
    assert {row["id"]: row for row in decided.filter(pk__in=results).values()} == results


@pytest.mark.rule("REP-25")
def test_the_desk_is_told_at_the_moment_of_the_call_not_of_its_typing(garden: World) -> None:
    ticket = repair_in(garden, "finished")

    actions.report_completion(ticket.pk, by=garden.front_desk, at=T("11:05:00"), occurred_at=T("11:00:00"))

    assert clock(ticket, "REP-25").due_at == T("11:10:00")
