"""The two monthly figures of repairs (rules REP-29, REP-30)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from repairs import actions
from repairs.figures import CalledBack, HandledInTime, called_back, handled_in_time
from tests.repairs.paths import call_back, clock, finish, lamp, on_duty, repair_in, report, take
from tests.residents.factories import ProjectFactory
from tests.worlds import DAY, T, World
from tickets import closing
from tickets.actions import keep_promise, make_promise
from tickets.models import Ticket
from tickets.sla.engine import breach_now

LATER = T("00:00", date(2025, 4, 10))
APRIL = date(2025, 4, 1)


def _repair(
    world: World, *, accepted: str = "10:01:00", arrived: str = "10:04:00", started: str = "10:10:00"
) -> Ticket:
    on_duty(world)
    ticket = report(world, not_duplicate=True)
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:30"))
    actions.accept_repair(ticket.pk, by=world.technician, at=T(accepted))
    actions.arrive(ticket.pk, by=world.technician, at=T(arrived))
    return actions.start_work(ticket.pk, by=world.technician, at=T(started))


@pytest.mark.rule("REP-29")
def test_a_repair_is_in_time_when_arrival_start_and_promised_completion_all_are(garden: World) -> None:
    _repair(garden)
    _repair(garden, arrived="10:06:01")  # a second late
    _repair(garden, started="10:31:01")
    promised = _repair(garden)
    make_promise(promised.pk, by=garden.front_desk, subject="修好", promised_at=T("11:00"), at=T("10:15"))

    assert handled_in_time(garden.project, DAY, at=LATER) == HandledInTime(due=4, in_time=1)

    keep_promise(promised.promises.get().pk, by=garden.front_desk, at=T("11:00"))
    figure = handled_in_time(garden.project, DAY, at=LATER)
    assert figure == HandledInTime(due=4, in_time=2)
    assert figure.share == 0.5


@pytest.mark.rule("REP-29")
def test_a_month_without_repairs_has_no_share(garden: World) -> None:
    assert handled_in_time(garden.project, DAY, at=LATER) == HandledInTime(due=0, in_time=0)
    assert handled_in_time(garden.project, DAY, at=LATER).share is None
    assert called_back(garden.project, DAY, at=LATER).share is None


@pytest.mark.rule("REP-29, GEN-02")
def test_a_commitment_that_was_kept_but_entered_late_counts_as_kept(garden: World) -> None:
    ticket = repair_in(garden, "accepted")
    breach_now(clock(ticket, "REP-16"), at=T("10:06:01"))
    actions.arrive(ticket.pk, by=garden.technician, at=T("10:20"), occurred_at=T("10:05"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("10:20"))

    assert clock(ticket, "REP-16").breached_at == T("10:06:00")
    assert handled_in_time(garden.project, DAY, at=LATER) == HandledInTime(due=1, in_time=1)


@pytest.mark.rule("REP-29")
def test_a_repair_counts_when_its_last_commitment_is_due_and_in_that_month_of_the_project(garden: World) -> None:
    last_of_march = T("23:40", date(2025, 3, 31))
    garden.on_duty("technician", start=last_of_march, end=last_of_march + timedelta(hours=3))
    ticket = actions.report_repair(take(garden), project=garden.project, by=garden.front_desk, at=last_of_march)
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=last_of_march)
    actions.accept_repair(ticket.pk, by=garden.technician, at=last_of_march)
    started_by = T("00:10", APRIL)
    assert clock(ticket, "REP-17").due_at == started_by

    assert handled_in_time(garden.project, APRIL, at=started_by) == HandledInTime(due=0, in_time=0)
    assert handled_in_time(garden.project, APRIL, at=started_by + timedelta(seconds=1)).due == 1
    assert handled_in_time(garden.project, DAY, at=LATER).due == 0


@pytest.mark.rule("REP-29")
def test_a_missed_appointment_counts_against_the_repair_though_the_next_was_kept(garden: World) -> None:
    ticket = repair_in(garden, "missed_visit")
    actions.reappoint(
        ticket.pk, by=garden.front_desk, reason="堵车", window_from=T("11:00"), window_to=T("12:00"), at=T("10:10")
    )
    actions.arrive(ticket.pk, by=garden.technician, at=T("11:30"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("11:40"))

    assert handled_in_time(garden.project, DAY, at=LATER) == HandledInTime(due=1, in_time=0)


@pytest.mark.rule("REP-29")
def test_what_was_withdrawn_in_time_or_has_no_such_commitment_is_not_counted(garden: World) -> None:
    withdrawn = repair_in(garden, "accepted")
    actions.cancel_repair(
        withdrawn.pk, by=garden.front_desk, reason="自己修好了", withdrawn_by="测试业主", at=T("10:02")
    )
    repair_in(garden, "in_work", intake=lamp(garden))

    assert handled_in_time(garden.project, DAY, at=LATER) == HandledInTime(due=0, in_time=0)


@pytest.mark.rule("REP-29, REP-30, GEN-08")
def test_another_project_has_figures_of_its_own(garden: World) -> None:
    repair_in(garden, "called_back")
    other = ProjectFactory(code="002")

    assert handled_in_time(other, DAY, at=LATER).due == 0
    assert called_back(other, DAY, at=LATER).completed == 0


@pytest.mark.rule("REP-30")
def test_the_callback_rate_counts_customers_reached_within_a_day_and_messages_apart(garden: World) -> None:
    tomorrow = date(2025, 3, 15)
    in_time, late, never, by_message = (repair_in(garden, "accepted_ok", not_duplicate=True) for _ in range(4))
    call_back(garden, in_time, T("10:50:00", tomorrow))
    call_back(garden, late, T("10:50:01", tomorrow))
    for at in ("11:00", "12:00", "13:00"):
        call_back(garden, by_message, at, outcome="no_answer")
    call_back(garden, by_message, "13:30", outcome="message_sent")
    assert clock(never, "REP-26").state == "running"

    figure = called_back(garden.project, DAY, at=LATER)

    assert figure == CalledBack(completed=4, reached=1, by_message=1)
    assert (figure.missed, figure.share) == (2, 0.25)


@pytest.mark.rule("REP-30")
def test_a_completion_counts_once_its_day_is_over_and_each_completion_of_a_rework_counts(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")
    call_back(garden, ticket, "11:30", is_solved=False, satisfaction=1)
    due = clock(ticket, "REP-26").due_at
    assert called_back(garden.project, DAY, at=due) == CalledBack(completed=0, reached=0, by_message=0)
    assert called_back(garden.project, DAY, at=due + timedelta(seconds=1)).reached == 1

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("11:30:30"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("11:31"))
    actions.arrive(ticket.pk, by=garden.technician, at=T("11:35"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("11:40"))
    finish(garden, ticket, "12:00")

    assert called_back(garden.project, DAY, at=LATER) == CalledBack(completed=2, reached=1, by_message=0)


@pytest.mark.rule("REP-30")
def test_a_completion_that_was_not_accepted_was_none(garden: World) -> None:
    ticket = repair_in(garden, "completion_reported")
    closing.reject_result(ticket.pk, by=garden.specialist, reason="还在滴水", at=T("10:55"))

    assert called_back(garden.project, DAY, at=LATER).completed == 0


@pytest.mark.rule("REP-29, REP-30")
def test_each_figure_is_one_statement(garden: World, django_assert_num_queries: object) -> None:
    repair_in(garden, "called_back")

    with django_assert_num_queries(1):  # type: ignore[operator]
        handled_in_time(garden.project, DAY, at=LATER)
    with django_assert_num_queries(1):  # type: ignore[operator]
        called_back(garden.project, DAY, at=LATER)
