"""A breach is a fact with a moment: what counts as late, who finds it, and that it stays (rule GEN-02)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from repairs import actions
from residents.tenancy import company_scope
from tests.repairs.test_repair_path import clock, take
from tests.tickets.sla.builders import EVERYBODY, just_after, ledger, make_clock, make_event, make_ticket
from tests.worlds import T, World
from tickets.kinds import kind_of
from tickets.models import Outbox, SlaClock, SlaFiring, Ticket, TicketEvent
from tickets.outbox import drain
from tickets.queries.timeline import label_of
from tickets.sla import engine
from tickets.sla.definitions import definition
from tickets.sla.sweep import sweep_all

pytestmark = pytest.mark.django_db(transaction=True, databases=EVERYBODY)


def to_accepted(world: World) -> Ticket:
    world.on_duty("front_desk", "technician", "specialist", "engineering_duty", "supervisor")
    ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:30"))
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:01:00"))
    actions.accept_repair(ticket.pk, by=world.technician, at=T("10:01:40"))
    return ticket


@pytest.mark.rule("GEN-02")
def test_a_job_one_second_late_is_a_breach_even_if_the_sweep_never_came(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
        actions.arrive(ticket.pk, by=committed_garden.technician, at=T("10:06:41"))

        late = clock(ticket, "REP-16")
        assert (late.state, late.breached_at, late.detected_by) == ("closed_breached", T("10:06:40"), "stop")
        breach = TicketEvent.objects.get(ticket=ticket, kind="breached")
        assert (breach.occurred_at, breach.entered_at) == (T("10:06:40"), T("10:06:41"))
        # A five-minute clock tells level 1 and level 2 at due; the warning's hour has passed.
        assert ledger(late) == [(0, "collapsed"), (1, "fired"), (2, "fired")]


@pytest.mark.rule("GEN-02")
def test_a_job_done_exactly_at_due_is_in_time_whoever_looks_first(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
    sweep_all(at=T("10:06:40"))
    with company_scope(committed_garden.company.pk):
        assert clock(ticket, "REP-16").breached_at is None
        actions.arrive(ticket.pk, by=committed_garden.technician, at=T("10:06:40"))
        assert clock(ticket, "REP-16").state == "met"


@pytest.mark.rule("GEN-02", "GEN-07")
def test_a_rung_between_the_last_sweep_and_a_late_stop_still_tells_its_person(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
    sweep_all(at=T("10:06:41"))
    with company_scope(committed_garden.company.pk):
        late = clock(ticket, "REP-16")
        told, moment = len(ledger(late)), late.step_at[late.next_step]
        stopped = moment + timedelta(seconds=1)
        actions.arrive(ticket.pk, by=committed_garden.technician, at=stopped)
        assert ledger(clock(ticket, "REP-16"))[told:] == [(told, "fired")]
        assert TicketEvent.objects.filter(ticket=ticket, kind="breached").count() == 1


@pytest.mark.rule("GEN-02")
def test_the_sweep_dates_the_breach_at_due_and_notes_when_it_came(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
    sweep_all(at=T("10:06:47"))
    with company_scope(committed_garden.company.pk):
        late = clock(ticket, "REP-16")
        assert (late.state, late.breached_at, late.detected_by) == ("breached_open", T("10:06:40"), "sweep")
        assert late.detected_at == T("10:06:47")
        event = TicketEvent.objects.get(ticket=ticket, kind="breached")
        assert (event.occurred_at, event.entered_at) == (T("10:06:40"), T("10:06:47"))


@pytest.mark.rule("GEN-02")
def test_a_job_done_in_time_but_entered_late_counts_as_met_and_says_why(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
    sweep_all(at=T("10:07:00"))
    with company_scope(committed_garden.company.pk):
        fired = ledger(clock(ticket, "REP-16"))
        with translation.override("zh-hant"):
            actions.arrive(ticket.pk, by=committed_garden.technician, at=T("10:20:00"), occurred_at=T("10:05:00"))

        corrected = clock(ticket, "REP-16")
        assert corrected.counts_as_met
        with translation.override("en"):
            assert label_of(kind_of(ticket), corrected.reason) == "Done in time, logged late"
        assert (corrected.breached_at, corrected.corrected_at) == (T("10:06:40"), T("10:20:00"))
        assert ledger(corrected) == fired  # what has been told stays told
        assert not SlaClock.objects.missed().filter(pk=corrected.pk).exists()
        note = TicketEvent.objects.get(ticket=ticket, kind="clock_corrected")
        assert (note.occurred_at, note.entered_at) == (T("10:05:00"), T("10:20:00"))


@pytest.mark.rule("GEN-02")
def test_a_breach_stays_when_the_work_is_finished_late_and_the_ticket_closed(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
    sweep_all(at=T("10:06:41"))
    with company_scope(committed_garden.company.pk):
        actions.cancel_repair(
            ticket.pk, by=committed_garden.front_desk, reason="业主撤回", withdrawn_by="测试业主", at=T("10:30:00")
        )
        late = clock(ticket, "REP-16")
        assert (late.state, late.breached_at) == ("closed_breached", T("10:06:40"))
        assert clock(ticket, "REP-17").state == "cancelled"


@pytest.mark.rule("GEN-02")
def test_the_database_refuses_to_erase_move_or_delete_a_breach(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
        actions.arrive(ticket.pk, by=committed_garden.technician, at=T("10:06:41"))
        late = clock(ticket, "REP-16")
        for statement in (
            "UPDATE tickets_slaclock SET breached_at = NULL, state = 'met' WHERE id = %s",
            "UPDATE tickets_slaclock SET breached_at = breached_at + interval '1 h' WHERE id = %s",
            "DELETE FROM tickets_slaclock WHERE id = %s",
            "UPDATE tickets_slafiring SET outcome = 'collapsed' WHERE clock_id = %s",
            "DELETE FROM tickets_slafiring WHERE clock_id = %s",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, [late.pk])
        late.refresh_from_db()
        assert late.breached_at == T("10:06:40")


def agreed_clock(world: World, *, until: datetime) -> SlaClock:
    """An appointment's clock, told about in a bare event."""
    ticket = make_ticket(world, at=T("09:00"))
    event = make_event(ticket, "reported", at=T("09:00"), visit=1, window_to=until.isoformat())
    definition_ = definition("REP-20")
    rule = engine.rules_for(ticket.project_id, ["REP-20"])["REP-20"]
    scope = f"ticket:{ticket.pk}/visit:1"
    row = engine.arm(definition_, rule, ticket, scope=scope, started_at=T("09:00"), event=event)
    assert row is not None
    row.save(force_insert=True)
    return row


@pytest.mark.rule("GEN-02")
def test_a_new_time_agreed_after_the_old_one_has_passed_leaves_the_breach(garden: World) -> None:
    agreed = agreed_clock(garden, until=T("10:00"))
    later = make_event(agreed.ticket, "appointment_set", at=T("10:00:01"), visit=1, window_to=T("15:00").isoformat())

    assert not engine._move(definition("REP-20"), agreed, agreed.ticket, later)

    agreed.refresh_from_db()
    assert (agreed.state, agreed.breached_at, agreed.due_at) == ("closed_breached", T("10:00"), T("10:00"))


@pytest.mark.rule("GEN-02")
def test_a_new_time_agreed_before_the_old_one_moves_the_clock_and_its_warning_comes_again(garden: World) -> None:
    agreed = agreed_clock(garden, until=T("10:00"))
    agreed.next_step = 1  # the warning of half past nine has been told
    later = make_event(agreed.ticket, "appointment_set", at=T("09:50"), visit=1, window_to=T("15:00").isoformat())

    assert engine._move(definition("REP-20"), agreed, agreed.ticket, later)

    agreed.refresh_from_db()
    assert (agreed.state, agreed.due_at, agreed.original_due_at) == ("running", T("15:00"), T("10:00"))
    assert (agreed.epoch, agreed.next_fire_at) == (2, T("14:30"))


def test_a_clock_that_only_warns_is_never_breached(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"), is_public_area=True)
    advisory = make_clock(ticket, "REP-25.public", at=T("10:00"))
    engine.breach_now(advisory, at=T("11:00"))
    engine.cancel(advisory, at=T("11:00"), reason="test")
    assert (advisory.state, advisory.breached_at) == ("cancelled", None)


def test_the_stop_path_queues_the_act_that_a_rung_names(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    order = make_clock(ticket, "REP-15", at=T("10:00"))
    engine.breach_now(order, at=T("10:01:01"))
    engine.breach_now(order, at=T("10:01:02"))
    assert ledger(order) == [(0, "fired")]
    assert sorted(Outbox.objects.values_list("topic", flat=True)) == ["effect", "escalation"]


def test_rungs_missed_in_an_outage_speak_only_once_when_the_stop_finds_them(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"))
    start = make_clock(ticket, "REP-17", at=T("10:00"))  # half an hour, then 15 and 30 minutes
    engine.breach_now(start, at=T("13:00"))
    assert ledger(start) == [(0, "collapsed"), (1, "collapsed"), (2, "collapsed"), (3, "fired")]


def test_ending_a_ticket_ends_every_clock_but_those_that_outlive_it(garden: World) -> None:
    ticket = make_ticket(garden, at=T("10:00"), is_important=True)
    running = make_clock(ticket, "REP-17", at=T("10:00"))
    overdue = make_clock(ticket, "REP-16", at=T("09:00"))
    second_callback = make_clock(ticket, "REP-27", at=T("10:00"))

    engine.end_all(ticket, at=T("10:10"), reason="cancelled")

    for row in (running, overdue, second_callback):
        row.refresh_from_db()
    assert (running.state, running.reason) == ("cancelled", "cancelled")
    # Due before the end and not yet seen by the sweep: it was missed all the same.
    assert (overdue.state, overdue.breached_at) == ("closed_breached", T("09:05"))
    assert second_callback.state == "running"
    assert second_callback.next_fire_at is not None


def test_values_are_frozen_when_a_clock_stops(garden: World) -> None:
    ticket = to_accepted(garden)
    actions.arrive(ticket.pk, by=garden.technician, at=T("10:04:00"))
    arrived = clock(ticket, "REP-16")
    assert arrived.consumed == 140
    assert engine.elapsed_seconds(arrived, at=T("18:00")) == 140


def test_the_answer_to_a_merged_report_counts_from_the_earlier_one(garden: World) -> None:
    from tickets.actions import merge_tickets

    garden.on_duty("front_desk", "technician", "specialist")
    first = actions.report_repair(take(garden), project=garden.project, by=garden.front_desk, at=T("10:00:00"))
    second = actions.report_repair(
        take(garden, not_duplicate=True), project=garden.project, by=garden.front_desk, at=T("10:00:20")
    )
    merge_tickets(first.pk, into_id=second.pk, by=garden.front_desk, at=T("10:00:40"))

    assert clock(first, "REP-09").state == "cancelled"
    assert clock(first, "REP-09").reason == "merged"
    kept = clock(second, "REP-09")
    assert (kept.started_at, kept.due_at, kept.original_due_at) == (T("10:00:00"), T("10:01:00"), T("10:01:20"))
    assert engine.elapsed_seconds(kept, at=T("10:00:50")) == 50
    moved = TicketEvent.objects.filter(ticket=second, kind="clock_moved").first()
    assert moved is not None
    assert moved.data["reason"] == "merged"


def test_what_a_return_started_anew_is_not_moved_by_a_merge(garden: World) -> None:
    target, source = make_ticket(garden, at=T("10:00")), make_ticket(garden, "GD-20250314-901", at=T("14:00"))
    make_clock(source, "REP-09", at=T("14:00"))
    again = make_clock(target, "REP-09", at=T("15:00"))
    SlaClock.objects.filter(pk=again.pk).update(cycle_no=2)
    engine.take_earlier_start(target, source, at=T("15:00:30"))
    again.refresh_from_db()
    assert (again.started_at, again.due_at) == (T("15:00"), T("15:01"))


def test_an_agreed_moment_is_not_moved_by_a_merge(garden: World) -> None:
    from tickets.actions import make_promise

    source, target = make_ticket(garden, at=T("09:00")), make_ticket(garden, "GD-20250314-901", at=T("10:00"))
    make_promise(source.pk, by=garden.front_desk, subject="回复", promised_at=T("12:00"), at=T("09:00"))
    make_promise(target.pk, by=garden.front_desk, subject="回复", promised_at=T("13:00"), at=T("10:00"))
    engine.take_earlier_start(target, source, at=T("10:30"))
    assert clock(target, "GEN-04").due_at == T("13:00")


@pytest.mark.rule("GEN-04")
def test_a_promise_breaks_without_grace_and_its_warning_comes_thirty_minutes_before(committed_garden: World) -> None:
    from tickets.actions import make_promise

    with company_scope(committed_garden.company.pk):
        ticket = make_ticket(committed_garden, at=T("09:00"), owner=committed_garden.front_desk)
        make_promise(ticket.pk, by=committed_garden.front_desk, subject="回复", promised_at=T("14:00"), at=T("09:00"))
        promised = clock(ticket, "GEN-04")
        assert promised.step_at[0] == T("13:30")
    sweep_all(at=T("13:30:01"))
    sweep_all(at=T("14:00:00"))
    with company_scope(committed_garden.company.pk):
        promised.refresh_from_db()
        assert (promised.state, ledger(promised)) == ("running", [(0, "fired")])
    sweep_all(at=just_after(T("14:00:00")))
    with company_scope(committed_garden.company.pk):
        promised.refresh_from_db()
        assert (promised.state, promised.breached_at) == ("breached_open", T("14:00"))


@pytest.mark.rule("GEN-04")
def test_a_promise_renewed_before_it_passes_is_met_and_the_new_time_runs(garden: World) -> None:
    from tickets.actions import keep_promise, make_promise, replace_promise

    ticket = make_ticket(garden, at=T("09:00"), owner=garden.front_desk)
    first = make_promise(ticket.pk, by=garden.front_desk, subject="回复", promised_at=T("12:00"), at=T("09:00"))
    second = replace_promise(
        first.pk, by=garden.front_desk, promised_at=T("15:00"), progress="等配件", at=T("11:59:59")
    )
    states = dict(SlaClock.objects.filter(ticket=ticket, rule_code="GEN-04").values_list("scope", "state"))
    assert states == {
        f"ticket:{ticket.pk}/promise:{first.pk}": "met",
        f"ticket:{ticket.pk}/promise:{second.pk}": "running",
    }
    keep_promise(second.pk, by=garden.front_desk, at=T("15:00:01"))
    assert clock(ticket, "GEN-04").state == "closed_breached"


@pytest.mark.rule("GEN-04")
def test_a_promise_renewed_after_it_has_passed_stays_broken(garden: World) -> None:
    from tickets.actions import make_promise, replace_promise

    ticket = make_ticket(garden, at=T("09:00"), owner=garden.front_desk)
    first = make_promise(ticket.pk, by=garden.front_desk, subject="回复", promised_at=T("12:00"), at=T("09:00"))
    replace_promise(first.pk, by=garden.front_desk, promised_at=T("15:00"), progress="等配件", at=T("12:00:01"))
    broken = SlaClock.objects.get(ticket=ticket, scope=f"ticket:{ticket.pk}/promise:{first.pk}")
    assert (broken.state, broken.breached_at) == ("closed_breached", T("12:00"))


def test_no_act_and_no_sweep_leaves_two_records_of_one_breach(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = to_accepted(committed_garden)
    for seconds in range(3):
        sweep_all(at=T("10:06:41") + timedelta(seconds=seconds))
    with company_scope(committed_garden.company.pk):
        actions.arrive(ticket.pk, by=committed_garden.technician, at=T("10:08:00"))
        assert TicketEvent.objects.filter(ticket=ticket, kind="breached", data__rule="REP-16").count() == 1
        rows = SlaFiring.objects.filter(clock=clock(ticket, "REP-16"))
        assert rows.count() == len(set(rows.values_list("epoch", "step_no"))) == 3
    drain(at=T("10:09"))


def test_a_repair_reported_late_in_the_register_is_judged_by_when_it_was_entered(garden: World) -> None:
    garden.on_duty("front_desk")
    ticket = actions.report_repair(
        take(garden), project=garden.project, by=garden.front_desk, at=T("12:00:01"), occurred_at=T("10:00:00")
    )
    entry = clock(ticket, "REP-11")
    assert (entry.state, entry.breached_at) == ("closed_breached", T("12:00:00"))
