"""The sweep: late, early, doubled, torn and poisoned, and every rung still fires once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connections, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from repairs import actions
from residents.errors import DomainError
from residents.tenancy import company_scope
from tests.repairs.test_repair_path import clock, take
from tests.tickets.sla.builders import EVERYBODY, flood, just_after, ledger, make_clock, make_ticket
from tests.worlds import T, World, make_world
from tickets.models import Outbox, SlaClock, SlaFiring, SweepRun, Ticket, TicketEvent
from tickets.outbox import drain, relay
from tickets.sla.audit import audit
from tickets.sla.sweep import BATCH, CATCH_UP_BACKLOG, sweep, sweep_all

pytestmark = pytest.mark.django_db(transaction=True, databases=EVERYBODY)


def owner_sql(*statements: str) -> None:
    with connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def count_ledger() -> tuple[int, int]:
    """Rows of the ledger and of the outbox, in every company."""
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM tickets_slafiring), (SELECT count(*) FROM tickets_outbox)")
        rows: tuple[int, int] = cursor.fetchone()
        return rows


def now_of_database() -> datetime:
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def together(count: int, work: Callable[[int], object]) -> None:
    """Run it in so many threads, each with connections of its own, from the same moment."""
    gate = threading.Barrier(count)

    def one(number: int) -> None:
        try:
            gate.wait()
            work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))


def test_sweeping_twice_at_one_moment_fires_once(committed_garden: World) -> None:
    flood(committed_garden, 30, due_at=T("10:00"))
    assert sweep_all(at=T("10:00:01")).fired == 30
    assert sweep_all(at=T("10:00:01")).fired == 0
    assert count_ledger() == (30, 30)


def test_six_sweeps_at_once_leave_one_row_per_rung(committed_garden: World) -> None:
    flood(committed_garden, 3000, due_at=T("10:00"))

    together(6, lambda _number: [sweep(at=T("10:00:01")) for _ in range(4)])

    sweep_all(at=T("10:00:01"))
    assert count_ledger() == (3000, 3000)
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tickets_slaclock WHERE state = 'breached_open' AND next_step = 1")
        assert cursor.fetchone()[0] == 3000


def test_a_sweep_that_stalls_does_not_hold_up_another(committed_garden: World) -> None:
    flood(committed_garden, BATCH + 40, due_at=T("10:00"))
    with transaction.atomic(using="sweeper"), connections["sweeper"].cursor() as cursor:
        # The first run has claimed its batch and stands still.
        cursor.execute("SELECT id FROM tickets_slaclock ORDER BY next_fire_at, id LIMIT %s FOR NO KEY UPDATE", [BATCH])
        together(1, lambda _number: sweep(at=T("10:00:01")))
        assert count_ledger()[0] == 40
    sweep_all(at=T("10:00:01"))
    assert count_ledger()[0] == BATCH + 40


def test_a_moved_back_cursor_heals_without_firing_again(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        waiting = make_clock(make_ticket(committed_garden, at=T("10:00")), "REP-17", at=T("10:00"))
    sweep_all(at=T("10:31"))
    with company_scope(committed_garden.company.pk):
        fired = ledger(waiting)
        SlaClock.objects.filter(pk=waiting.pk).update(next_step=0, next_fire_at=waiting.step_at[0])
    done = sweep_all(at=T("10:32"))
    with company_scope(committed_garden.company.pk):
        waiting.refresh_from_db()
        assert (done.fired, done.conflicts) == (0, 2)
        assert (ledger(waiting), waiting.next_step, waiting.next_fire_at) == (fired, 2, waiting.step_at[2])


def test_a_clock_rung_too_early_waits_for_its_moment(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        waiting = make_clock(make_ticket(committed_garden, at=T("10:00")), "REP-17", at=T("10:00"))
        SlaClock.objects.filter(pk=waiting.pk).update(next_fire_at=T("10:05"))
    assert sweep_all(at=T("10:06")).fired == 0
    with company_scope(committed_garden.company.pk):
        waiting.refresh_from_db()
        assert (waiting.next_fire_at, waiting.attempts) == (T("10:24"), 0)


def test_an_unknown_moment_in_a_ladder_is_refused_by_the_database(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        waiting = make_clock(make_ticket(committed_garden, at=T("10:00")), "REP-17", at=T("10:00"))
        with pytest.raises(DatabaseError), transaction.atomic():
            SlaClock.objects.filter(pk=waiting.pk).update(step_at=[T("10:24"), None, T("11:00")])


def test_a_lost_moment_is_found_by_the_auditor(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        waiting = make_clock(make_ticket(committed_garden, at=T("10:00")), "REP-17", at=T("10:00"))
        SlaClock.objects.filter(pk=waiting.pk).update(next_fire_at=None)
    audit(at=T("10:01"))
    with company_scope(committed_garden.company.pk):
        waiting.refresh_from_db()
        assert waiting.next_fire_at == T("10:24")


POISON = """
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.clock_id = {clock} THEN RAISE EXCEPTION 'spoiled'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER spoil BEFORE INSERT ON tickets_slafiring FOR EACH ROW EXECUTE FUNCTION spoil();
"""


def test_a_poisoned_clock_lets_the_others_fire_backs_off_and_alarms(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        bad = make_clock(make_ticket(committed_garden, at=T("09:00")), "REP-09", at=T("09:00"))
    flood(committed_garden, 20, due_at=T("10:00"))
    owner_sql(POISON.format(clock=bad.pk))
    try:
        done = sweep(at=T("10:00:01"))
        assert (done.fired, done.failed) == (20, 1)
        with company_scope(committed_garden.company.pk):
            bad.refresh_from_db()
            assert (bad.attempts, bad.next_fire_at) == (1, T("10:00:31"))
        sweep_all(at=T("10:00:32"))
        sweep_all(at=T("10:02:33"))
        with company_scope(committed_garden.company.pk):
            bad.refresh_from_db()
            assert bad.attempts == 3
            assert Outbox.objects.filter(topic="alarm").count() == 1
        assert any("failed" in finding for finding in audit(at=T("10:02:33")))
    finally:
        owner_sql("DROP TRIGGER spoil ON tickets_slafiring", "DROP FUNCTION spoil()")
    drain(at=T("10:02:34"))
    sweep_all(at=T("10:12:34"))
    with company_scope(committed_garden.company.pk):
        assert committed_garden.admin.notices.filter(kind="alarm").count() == 1
        bad.refresh_from_db()
        assert (bad.state, bad.attempts, bad.breached_at) == ("breached_open", 0, T("09:01"))


def test_a_locked_clock_is_nobodys_fault(committed_garden: World) -> None:
    flood(committed_garden, 3, due_at=T("10:00"))
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE tickets_slafiring IN EXCLUSIVE MODE")
        with pytest.raises(DatabaseError):
            sweep(at=T("10:00:01"))
    with company_scope(committed_garden.company.pk):
        assert set(SlaClock.objects.values_list("attempts", flat=True)) == {0}
    assert sweep_all(at=T("10:00:02")).fired == 3


def test_a_sweep_that_fails_is_no_sign_of_life(committed_garden: World) -> None:
    flood(committed_garden, 3, due_at=T("10:00"))
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE tickets_slafiring IN EXCLUSIVE MODE")
        with pytest.raises(DatabaseError):
            sweep(at=T("10:00:01"))
    assert SweepRun.objects.count() == 0


def test_idle_sweeps_of_a_minute_share_one_row(committed_garden: World) -> None:
    for _ in range(3):
        sweep(driver="sweeper")
    run = SweepRun.objects.get()
    assert run.finished_at >= run.started_at
    assert (run.mode, run.fired) == ("normal", 0)


def test_after_an_outage_every_breach_is_recorded_and_only_the_highest_rung_speaks(committed_garden: World) -> None:
    with company_scope(committed_garden.company.pk):
        tickets = [make_ticket(committed_garden, f"GD-20250314-{n}", at=T("10:00")) for n in range(3)]
        clocks = [make_clock(ticket, "REP-17", at=T("10:00")) for ticket in tickets]
    sweep(at=T("10:10"))
    done = sweep(at=T("12:00"))
    assert (done.mode, done.fired) == ("catch_up", 12)
    with company_scope(committed_garden.company.pk):
        for row in clocks:
            row.refresh_from_db()
            assert (row.state, row.breached_at) == ("breached_open", T("10:30"))
            assert ledger(row) == [(0, "collapsed"), (1, "collapsed"), (2, "collapsed"), (3, "fired")]
        assert Outbox.objects.count() == 3
        assert TicketEvent.objects.filter(kind="breached", occurred_at=T("10:30"), entered_at=T("12:00")).count() == 3
    assert sweep(at=T("12:00:01")).mode == "normal"


def test_catch_up_lasts_until_the_oldest_rung_is_less_than_five_seconds_late(committed_garden: World) -> None:
    flood(committed_garden, 2, due_at=T("10:00"), prefix="a")
    sweep(at=T("09:00"))
    assert sweep(at=T("11:00")).mode == "catch_up"
    flood(committed_garden, 2, due_at=T("11:00"), prefix="b")
    assert sweep(at=T("11:00:30")).mode == "catch_up"
    flood(committed_garden, 2, due_at=T("11:00:31"), prefix="c")
    assert sweep(at=T("11:00:33")).mode == "normal"


def test_a_backlog_that_a_sweep_cannot_fire_is_caught_up_on_once_it_is_late(committed_garden: World) -> None:
    flood(committed_garden, CATCH_UP_BACKLOG + BATCH + 1, due_at=T("10:00"))
    assert sweep(at=T("10:00:05"), budget=0.0).mode == "normal"  # it may still be in time
    assert sweep(at=T("10:00:06"), budget=0.0).mode == "catch_up"
    assert sweep(at=T("10:00:07"), budget=0.0).mode == "catch_up"  # until nothing is late any more
    sweep_all(at=T("10:00:08"))
    assert count_ledger() == (CATCH_UP_BACKLOG + BATCH + 1,) * 2


def test_a_few_late_clocks_are_no_backlog(committed_garden: World) -> None:
    sweep(at=T("09:59"))
    flood(committed_garden, BATCH + 1, due_at=T("10:00"))
    assert sweep(at=T("10:00:06"), budget=0.0).mode == "normal"


def test_a_gap_of_more_than_two_minutes_is_written_down_once(committed_garden: World) -> None:
    sweep(driver="sweeper")
    owner_sql("UPDATE tickets_sweeprun SET finished_at = now() - interval '1 h', started_at = now() - interval '1 h'")
    together(3, lambda _number: sweep(driver="sweeper"))
    gap = SweepRun.objects.get(mode="gap")
    assert (gap.finished_at - gap.started_at).total_seconds() == pytest.approx(3600, abs=60)


def twelve_reported(world: World) -> list[Ticket]:
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician")
        intake = take(world, not_duplicate=True)
        return [
            actions.report_repair(intake, project=world.project, by=world.front_desk, at=T("10:00:00"))
            for _ in range(12)
        ]


def dispatched_while_swept(world: World, tickets: list[Ticket], *, occurred_at: datetime | None = None) -> None:
    """Three people dispatch the tickets one after the other at 10:01:02, while a sweep comes by again and again."""

    def act(number: int) -> None:
        if number == 0:
            for _ in range(6):
                sweep(at=T("10:01:01"))
            return
        for ticket in tickets[number - 1 :: 3]:
            with company_scope(world.company.pk):
                actions.dispatch_repair(
                    ticket.pk,
                    by=world.front_desk,
                    technician=world.technician,
                    at=T("10:01:02"),
                    occurred_at=occurred_at,
                )

    together(4, act)


def test_the_closing_of_a_ticket_and_the_sweep_agree_on_one_order(committed_garden: World) -> None:
    world, tickets = committed_garden, twelve_reported(committed_garden)

    dispatched_while_swept(world, tickets)
    with company_scope(world.company.pk):
        for ticket in tickets:
            row = clock(ticket, "REP-09")
            # Late either way; found by whoever came first, and recorded once.
            assert (row.state, row.breached_at) == ("closed_breached", T("10:01:00"))
            assert TicketEvent.objects.filter(ticket=ticket, kind="breached", data__rule="REP-09").count() == 1
            assert ledger(row)[-1] == (2, "fired")


def test_work_done_in_time_is_met_or_corrected_whoever_comes_first(committed_garden: World) -> None:
    """Dispatched in time and typed in while the sweep claims: no breach at all, or one that is put right."""
    world, tickets = committed_garden, twelve_reported(committed_garden)

    dispatched_while_swept(world, tickets, occurred_at=T("10:00:50"))
    sweep_all(at=T("10:01:03"))
    with company_scope(world.company.pk):
        for ticket in tickets:
            row = clock(ticket, "REP-09")
            breaches = TicketEvent.objects.filter(ticket=ticket, kind="breached", data__rule="REP-09").count()
            corrections = TicketEvent.objects.filter(ticket=ticket, kind="clock_corrected", data__rule="REP-09").count()
            assert row.counts_as_met
            if row.breached_at is None:
                assert (row.state, breaches, corrections, ledger(row)) == ("met", 0, 0, [])
            else:
                assert (row.state, breaches, corrections, len(ledger(row))) == ("closed_breached", 1, 1, 3)


def test_two_agents_who_dispatch_at_once_stop_the_clock_once(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
    refused: list[DomainError] = []

    def act(_number: int) -> None:
        try:
            with company_scope(world.company.pk):
                actions.dispatch_repair(
                    ticket.pk,
                    by=world.front_desk,
                    technician=world.technician,
                    at=T("10:00:30"),
                    version=ticket.version,
                )
        except DomainError as error:
            refused.append(error)

    together(2, act)
    assert len(refused) == 1
    with company_scope(world.company.pk):
        assert SlaClock.objects.filter(ticket=ticket, rule_code="REP-09").count() == 1
        assert SlaClock.objects.filter(ticket=ticket, rule_code="REP-15").count() == 1
        assert clock(ticket, "REP-09").state == "met"


@pytest.mark.parametrize("seconds", [-90, 90])
def test_the_application_servers_clock_decides_nothing(committed_garden: World, seconds: int) -> None:
    """The moment of a sweep, an act and a relay is the database's, on a server whose own clock is wrong."""
    world, now = committed_garden, now_of_database()
    flood(world, 1, due_at=now - timedelta(seconds=1), prefix="past")
    flood(world, 1, due_at=now + timedelta(seconds=80), prefix="future")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds)):
        with company_scope(world.company.pk):
            ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk)
        assert sweep().fired == 1
        assert relay() >= 1
    after = now_of_database()
    with company_scope(world.company.pk):
        ticket.refresh_from_db()
        assert now <= ticket.entered_at <= after
        assert clock(ticket, "REP-09").due_at == ticket.entered_at + timedelta(minutes=1)
        assert now <= SlaFiring.objects.get().fired_at <= after
        assert not Outbox.objects.exclude(sent_at__range=(now, after)).exists()


def test_a_storm_in_one_company_does_not_lose_or_mix_the_others_clock(committed_garden: World) -> None:
    other = make_world("harbour")
    flood(committed_garden, BATCH * 2 + 10, due_at=T("10:00"), lane=1)
    flood(other, 1, due_at=T("10:00:30"), lane=0)
    done = sweep(at=T("10:01"), budget=0.0)  # not even time for a second batch
    assert 1 in done.lanes_left
    with company_scope(other.company.pk):
        assert SlaFiring.objects.count() == 1
        assert Outbox.objects.count() == 1
    sweep_all(at=T("10:01"))
    with company_scope(committed_garden.company.pk):
        assert SlaFiring.objects.count() == BATCH * 2 + 10
        assert set(SlaFiring.objects.values_list("company_id", flat=True)) == {committed_garden.company.pk}


def test_nothing_of_a_sweep_a_relay_or_an_act_stays_on_its_connection(committed_garden: World) -> None:
    """A pool that lends a connection for one transaction hands on what the last borrower left: there is nothing."""

    def left(alias: str) -> list[tuple[object, ...]]:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT name, setting FROM pg_settings WHERE source = 'session' "
                "UNION ALL SELECT 'app.company', nullif(current_setting('app.company', true), '') "
                "UNION ALL SELECT 'lock', mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' "
                "UNION ALL SELECT 'prepared', name FROM pg_prepared_statements "
                "UNION ALL SELECT 'cursor', name FROM pg_cursors WHERE is_holdable ORDER BY 1, 2"
            )
            return list(cursor.fetchall())

    before = {alias: left(alias) for alias in ("default", "sweeper")}
    with company_scope(committed_garden.company.pk):
        ticket = actions.report_repair(
            take(committed_garden), project=committed_garden.project, by=committed_garden.front_desk, at=T("10:00")
        )
    flood(committed_garden, 3, due_at=T("10:00"))
    sweep_all(at=T("11:00"))
    drain(at=T("11:00"))
    audit(at=T("11:00"))
    with company_scope(committed_garden.company.pk):
        assert ledger(clock(ticket, "REP-09"))
    assert {alias: left(alias) for alias in ("default", "sweeper")} == before


def test_what_falls_due_during_a_storm_of_another_company_does_not_wait_for_its_end(committed_garden: World) -> None:
    other = make_world("harbour")
    flood(committed_garden, BATCH * 4, due_at=T("10:00"))
    flood(other, 1, due_at=T("10:00:30"))
    assert sweep(at=T("10:01"), budget=float("inf")).fired == BATCH * 4 + 1
    with connections["sweeper"].cursor() as cursor:
        # Messages are numbered as they are written.
        cursor.execute(
            "SELECT count(*) FROM tickets_outbox WHERE id < (SELECT id FROM tickets_outbox WHERE company_id = %s)",
            [other.company.pk],
        )
        assert cursor.fetchone()[0] < BATCH * 2


def test_a_poisoned_clock_among_the_newest_of_a_storm_is_set_back_too(committed_garden: World) -> None:
    flood(committed_garden, BATCH * 2, due_at=T("10:00"))
    with company_scope(committed_garden.company.pk):
        bad = make_clock(make_ticket(committed_garden, at=T("09:59:30")), "REP-09", at=T("09:59:30"))
    owner_sql(POISON.format(clock=bad.pk))
    try:
        done = sweep(at=T("10:01"), budget=float("inf"))
    finally:
        owner_sql("DROP TRIGGER spoil ON tickets_slafiring", "DROP FUNCTION spoil()")
    assert (done.fired, done.failed) == (BATCH * 2, 1)
    with company_scope(committed_garden.company.pk):
        bad.refresh_from_db()
        assert (bad.attempts, bad.next_fire_at) == (1, T("10:01:30"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sweeps=st.lists(st.integers(0, 5 * 3600), min_size=1, max_size=8),
    stopped=st.one_of(st.none(), st.integers(0, 5 * 3600)),
    catch_up=st.booleans(),
)
@example(sweeps=[1801, 2701], stopped=2701, catch_up=False)  # a rung between the last sweep and a late stop
def test_each_step_fires_at_most_once_and_in_order(
    committed_garden: World, sweeps: list[int], stopped: int | None, catch_up: bool
) -> None:
    from tests.tickets.sla.builders import make_event
    from tickets.sla import engine

    with company_scope(committed_garden.company.pk):
        number = f"GD-20250314-{SlaClock.objects.count() + 100}"
        row = make_clock(make_ticket(committed_garden, number, at=T("10:00")), "REP-17", at=T("10:00"))
    seen: list[int] = []
    for seconds in sorted(sweeps):
        moment = T("10:00") + timedelta(seconds=seconds)
        with company_scope(committed_garden.company.pk):
            row.refresh_from_db()
            if stopped is not None and seconds >= stopped and row.is_live:
                event = make_event(row.ticket, "work_started", at=T("10:00") + timedelta(seconds=stopped))
                engine._stop(row, at=event.occurred_at, event=event)
        sweep(at=moment, catch_up=catch_up)
        with company_scope(committed_garden.company.pk):
            fired = [step for step, _outcome in ledger(row)]
        assert fired[: len(seen)] == seen
        seen = fired
    assert seen == list(range(len(seen)))
    with company_scope(committed_garden.company.pk):
        row.refresh_from_db()
        last = max(sweeps)
        end = last if stopped is None or stopped > last else stopped
        # A stop in time leaves unsaid what no sweep had said before; a late one catches up to the stop.
        said = end if end > 1800 else max((s for s in sweeps if stopped is None or s < stopped), default=0)
        assert (row.breached_at is not None) == (end > 1800)
        assert len(seen) == sum(1 for moment in row.step_at if moment < T("10:00") + timedelta(seconds=said))
        assert TicketEvent.objects.filter(ticket=row.ticket, kind="breached").count() == int(end > 1800)


def test_just_after_is_the_first_moment_past_due(committed_garden: World) -> None:
    flood(committed_garden, 1, due_at=T("10:00"))
    assert sweep_all(at=T("10:00")).fired == 0
    assert sweep_all(at=just_after(T("10:00"))).fired == 1
