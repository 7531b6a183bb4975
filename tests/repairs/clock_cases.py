"""The CLOCK rules of repairs as data: how each is started, when it is due, what stops it, and who is told when.

Read from the rulebook's tables (a) and (g), not from the definitions; times are Shanghai time of 14 March 2025.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from repairs import actions
from tests.repairs.paths import call_back, finish, lamp, on_duty, repair_in, report, sign, take
from tests.worlds import T, World
from tickets import closing
from tickets.actions import keep_promise, make_promise, reply_to_reporter
from tickets.models import SlaClock, Ticket

SECOND = timedelta(seconds=1)
NEXT_DAY = date(2025, 3, 15)
LEADERS = {"centre_head", "estate_manager"}
COMPANY = {"company"}


@dataclass(frozen=True)
class Case:
    """One clock of the rulebook. `start` and `due` are exact; `stop` does the stopping act at a moment.

    `told`: per rung, its level, the delay after due, and the roles it reaches.
    """

    rule: str
    code: str
    arrange: Callable[[World], Ticket]
    start: datetime
    due: datetime
    stop: Callable[[World, Ticket, datetime], Any]
    told: tuple[tuple[int, timedelta, set[str]], ...]

    def __str__(self) -> str:
        return self.code


def ladder(
    responsible: str,
    *first: str,
    total: timedelta,
    level_2: timedelta | None = None,
    level_3: timedelta | None = None,
    warned: timedelta | None = None,
) -> tuple[tuple[int, timedelta, set[str]], ...]:
    """GEN-07 of a clock that runs `total`: 80 %, due, half as long again (5 min to 4 h), as long (15 min to 24 h)."""
    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    if level_2 is None:
        level_2 = timedelta(0) if total <= 5 * minute else min(max(total / 2, 5 * minute), 4 * hour)
    return (
        (0, -(warned or total / 5), {responsible}),
        (1, timedelta(0), {responsible, *(first or ("supervisor",))}),
        (2, level_2, LEADERS),
        (3, level_3 or min(max(total, 15 * minute), 24 * hour), COMPANY),
    )


def _reported(world: World) -> Ticket:
    on_duty(world)
    return report(world, "10:00:30")


def _dispatched(world: World) -> Ticket:
    ticket = _reported(world)
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:01:00"))
    return ticket


def _accepted(world: World) -> Ticket:
    ticket = _dispatched(world)
    actions.accept_repair(ticket.pk, by=world.technician, at=T("10:01:40"))
    return ticket


def _arrived(world: World) -> Ticket:
    ticket = _accepted(world)
    actions.arrive(ticket.pk, by=world.technician, at=T("10:05:00"))
    return ticket


def _appointed(world: World) -> Ticket:
    return repair_in(world, "accepted", when="appointment", window_from=T("15:00"), window_to=T("16:00"))


def _missed(world: World) -> Ticket:
    ticket = _appointed(world)
    actions.miss_visit(SlaClock.objects.get(ticket=ticket, rule_code="REP-20"), at=T("16:00:01"))
    return ticket


def _lamp_fixed(world: World) -> Ticket:
    world.on_duty("technician", "front_desk", end=T("23:59:59"))
    ticket = repair_in(world, "in_work", intake=lamp(world, contact_name="路人"))
    return finish(world, ticket, "22:40:00")


def _signed(world: World) -> Ticket:
    ticket = repair_in(world, "finished")
    sign(world, ticket, "10:50:00")
    return ticket


def _slip_back(world: World) -> Ticket:
    ticket = repair_in(world, "in_work")
    finish(world, ticket, by=world.front_desk)  # phoned in, so the slip is still to be typed in
    sign(world, ticket, "17:20:00", purpose="slip")
    actions.return_slip(ticket.pk, by=world.front_desk, at=T("17:20:00"))
    return ticket


def _desk_told(world: World) -> Ticket:
    ticket = repair_in(world, "finished")
    actions.report_completion(ticket.pk, by=world.technician, at=T("11:00:00"))
    return ticket


def _on(day: date, clock: str) -> datetime:
    return T(clock, day)


def _important_in_january(world: World) -> Ticket:
    day = date(2025, 1, 31)
    world.on_duty("front_desk", "technician", "specialist", start=_on(day, "08:00"), end=_on(day, "17:30"))
    ticket = actions.report_repair(
        take(world, is_important=True), project=world.project, by=world.front_desk, at=_on(day, "10:00")
    )
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=_on(day, "10:00:30"))
    actions.accept_repair(ticket.pk, by=world.technician, at=_on(day, "10:01"))
    actions.arrive(ticket.pk, by=world.technician, at=_on(day, "10:04"))
    actions.start_work(ticket.pk, by=world.technician, at=_on(day, "10:10"))
    finish(world, ticket, _on(day, "10:50"), report=True)
    closing.accept_result(ticket.pk, by=world.specialist, at=_on(day, "10:55"))
    call_back(world, ticket, _on(date(2025, 2, 1), "09:00"))
    return ticket


def _promised(world: World) -> Ticket:
    ticket = _reported(world)
    make_promise(ticket.pk, by=world.front_desk, subject="下午回电", promised_at=T("15:00"), at=T("11:00"))
    return ticket


CASES = (
    Case(
        "GEN-04",
        "GEN-04",
        _promised,
        T("11:00:00"),
        T("15:00:00"),
        lambda w, t, at: keep_promise(t.promises.get().pk, by=w.front_desk, at=at),
        # 80 % of four hours would be 48 minutes before; half an hour before is later.
        ladder("front_desk", total=timedelta(hours=4), warned=timedelta(minutes=30)),
    ),
    Case(
        "REP-02",
        "REP-02",
        _lamp_fixed,
        T("22:40:00"),
        T("23:59:59"),
        lambda w, t, at: reply_to_reporter(t.reporters.get().pk, by=w.front_desk, at=at),
        (
            (0, -(T("23:59:59") - T("22:40:00")) / 5, {"front_desk"}),
            (1, timedelta(0), {"front_desk"}),
            (1, timedelta(hours=8, seconds=1), {"supervisor"}),
            (2, timedelta(hours=12, seconds=1), LEADERS),
            (3, timedelta(hours=24), COMPANY),
        ),
    ),
    Case(
        "REP-06",
        "REP-06",
        _reported,
        T("10:00:30"),
        T("10:01:30"),
        lambda w, t, at: actions.inform_engineering(t.pk, by=w.front_desk, at=at),
        ladder("front_desk", "supervisor", "engineering_duty", total=timedelta(minutes=1)),
    ),
    Case(
        "REP-09",
        "REP-09",
        _reported,
        T("10:00:30"),
        T("10:01:30"),
        lambda w, t, at: actions.dispatch_repair(t.pk, by=w.front_desk, technician=w.technician, at=at),
        ladder("front_desk", "supervisor", total=timedelta(minutes=1)),
    ),
    Case(
        "REP-12",
        "REP-12",
        _reported,
        T("10:00:30"),
        T("10:05:30"),
        lambda w, t, at: actions.print_slip(t.pk, by=w.front_desk, at=at),
        ladder("front_desk", total=timedelta(minutes=5)),
    ),
    Case(
        "REP-15",
        "REP-15",
        _dispatched,
        T("10:01:00"),
        T("10:02:00"),
        lambda w, t, at: actions.accept_repair(t.pk, by=w.technician, at=at),
        # Told once, and the ladder ends.
        ((1, timedelta(0), {"engineering_duty"}),),
    ),
    Case(
        "REP-16",
        "REP-16",
        _accepted,
        T("10:01:40"),
        T("10:06:40"),
        lambda w, t, at: actions.arrive(t.pk, by=w.technician, at=at),
        ladder("technician", "engineering_duty", "supervisor", "front_desk", total=timedelta(minutes=5)),
    ),
    Case(
        "REP-17",
        "REP-17",
        _arrived,
        T("10:01:40"),
        T("10:31:40"),
        lambda w, t, at: actions.start_work(t.pk, by=w.technician, at=at),
        ladder("technician", "engineering_duty", "supervisor", total=timedelta(minutes=30)),
    ),
    Case(
        "REP-20",
        "REP-20",
        _appointed,
        T("10:00:00"),
        T("16:00:00"),
        lambda w, t, at: actions.arrive(t.pk, by=w.technician, at=at),
        ladder("technician", "supervisor", total=timedelta(hours=6), warned=timedelta(minutes=30)),
    ),
    Case(
        "REP-20",
        "REP-20.apology",
        _missed,
        T("16:00:00"),
        T("16:15:00"),
        lambda w, t, at: actions.apologise(t.pk, by=w.front_desk, reason="堵车", at=at),
        ladder("front_desk", total=timedelta(minutes=15)),
    ),
    Case(
        "REP-21",
        "REP-21",
        _signed,
        T("10:50:00"),
        T("17:30:00"),
        lambda w, t, at: actions.return_slip(t.pk, by=w.front_desk, at=at),
        ladder("technician", "trade_supervisor", total=timedelta(hours=6, minutes=40)),
    ),
    Case(
        "REP-24",
        "REP-24",
        _slip_back,
        T("17:20:00"),
        T("19:20:00"),
        lambda w, t, at: actions.enter_completion(t.pk, by=w.front_desk, at=at),
        ladder("front_desk", total=timedelta(hours=2)),
    ),
    Case(
        "REP-25",
        "REP-25",
        _desk_told,
        T("11:00:00"),
        T("11:10:00"),
        lambda w, t, at: closing.accept_result(t.pk, by=w.specialist, at=at),
        ladder("specialist", "supervisor", "centre_head", total=timedelta(minutes=10)),
    ),
    Case(
        "REP-26",
        "REP-26",
        lambda w: repair_in(w, "accepted_ok"),
        T("10:50:00"),
        T("10:50:00", NEXT_DAY),
        lambda w, t, at: call_back(w, t, at),
        ladder("front_desk", total=timedelta(hours=24)),
    ),
    Case(
        "REP-27",
        "REP-27",
        _important_in_january,
        T("10:50:00", date(2025, 1, 31)),
        T("10:50:00", date(2025, 2, 28)),
        lambda w, t, at: call_back(w, t, at),
        ladder("front_desk", total=timedelta(days=28)),
    ),
)
