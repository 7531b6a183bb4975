"""Every state against every act: what the rulebook's table (c) lists is possible, everything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from repairs import actions
from repairs.workflow import ANY_OPEN, WORKFLOW
from residents.errors import DomainError
from tests.repairs.paths import MOVED, call_back, clock, finish, kinds_since, repair_in, report, sign, stored, take
from tests.worlds import T, World
from tickets import closing
from tickets.actions import merge_tickets
from tickets.errors import IllegalTransition, TicketClosed
from tickets.models import Ticket, TicketEvent
from tickets.workflow import step

SECOND = timedelta(seconds=1)

Act = Callable[[World, Ticket, datetime], Any]
WINDOW: dict[str, Any] = {"window_from": T("15:00"), "window_to": T("16:00")}


def _merge(world: World, ticket: Ticket, at: datetime) -> None:
    other = report(world, "10:00:00", intake=take(world, not_duplicate=True))
    merge_tickets(ticket.pk, into_id=other.pk, by=world.front_desk, at=at)


def _by_the_system(action: str) -> Act:
    def act(world: World, ticket: Ticket, at: datetime) -> None:
        with step(ticket.pk, action, by=None, at=at, data={"visit": 1}):
            pass

    return act


def _leave_early(world: World, ticket: Ticket, at: datetime) -> None:
    consent = sign(world, ticket, at, purpose="consent") if ticket.is_open else None
    actions.leave_early(ticket.pk, by=world.technician, consent=consent, **WINDOW, at=at)


def _return_slip(world: World, ticket: Ticket, at: datetime) -> None:
    if ticket.is_open:
        sign(world, ticket, at, purpose="slip")
    actions.return_slip(ticket.pk, by=world.front_desk, at=at)


def _dispatch(world: World, ticket: Ticket, at: datetime) -> None:
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician_2, at=at)


def _dissatisfied(world: World, ticket: Ticket, at: datetime) -> None:
    call_back(world, ticket, at, is_solved=False, satisfaction=1)


ACTS: dict[str, Act] = {
    "merge": _merge,
    "dispatch": _dispatch,
    "take_back": lambda w, t, at: actions.take_back_dispatch(t.pk, by=w.front_desk, at=at),
    "inform": lambda w, t, at: actions.inform_engineering(t.pk, by=w.front_desk, at=at),
    "tell_price": lambda w, t, at: actions.tell_price(
        t.pk, by=w.front_desk, accepted_by="业主", amount_fen=8000, at=at
    ),
    "correct_warranty": lambda w, t, at: actions.correct_warranty(
        t.pk, by=w.engineering_duty, in_warranty=True, reason="核对过保证书", at=at
    ),
    "close_unservable": lambda w, t, at: actions.close_unservable(t.pk, by=w.centre_head, explanation="已说明", at=at),
    "accept": lambda w, t, at: actions.accept_repair(t.pk, by=w.technician, at=at),
    "auto_accept": _by_the_system("auto_accept"),
    "return": lambda w, t, at: actions.return_repair(t.pk, by=w.technician, reason="缺工具", at=at),
    "set_appointment": lambda w, t, at: actions.set_appointment(t.pk, by=w.front_desk, **WINDOW, **MOVED, at=at),
    "miss_visit": _by_the_system("miss_visit"),
    "apologise": lambda w, t, at: actions.apologise(t.pk, by=w.front_desk, reason="堵车", at=at),
    "reappoint": lambda w, t, at: actions.reappoint(t.pk, by=w.front_desk, reason="堵车", **WINDOW, at=at),
    "arrive": lambda w, t, at: actions.arrive(t.pk, by=w.technician, at=at),
    "leave": lambda w, t, at: actions.leave_site(t.pk, by=w.technician, at=at),
    "start": lambda w, t, at: actions.start_work(t.pk, by=w.technician, at=at),
    "leave_early": _leave_early,
    "finish": lambda w, t, at: finish(w, t, at),
    "report_completion": lambda w, t, at: actions.report_completion(t.pk, by=w.technician, at=at),
    "print_slip": lambda w, t, at: actions.print_slip(t.pk, by=w.front_desk, at=at),
    "take_slip": lambda w, t, at: actions.take_slip(t.pk, by=w.front_desk, receiver=w.technician, at=at),
    "return_slip": _return_slip,
    "enter_completion": lambda w, t, at: actions.enter_completion(t.pk, by=w.front_desk, at=at),
    "take_fee": lambda w, t, at: actions.take_fee(t.pk, by=w.front_desk, receipt_number="R-1", at=at),
    "waive_fee": lambda w, t, at: actions.waive_fee(t.pk, by=w.front_desk, amount_fen=0, at=at),
    "cancel": lambda w, t, at: actions.cancel_repair(
        t.pk, by=w.front_desk, reason="不用修了", withdrawn_by="业主", at=at
    ),
    "accept_result": lambda w, t, at: closing.accept_result(t.pk, by=w.specialist, at=at),
    "reject_result": lambda w, t, at: closing.reject_result(t.pk, by=w.specialist, reason="还在滴水", at=at),
    "call_back": lambda w, t, at: call_back(w, t, at),
    "call_back_negative": _dissatisfied,
    "try_callback": lambda w, t, at: call_back(w, t, at, outcome="no_answer"),
    "review": lambda w, t, at: closing.review_ticket(t.pk, by=w.centre_head, at=at),
    "return_from_review": lambda w, t, at: closing.return_from_review(t.pk, by=w.centre_head, reason="缺照片", at=at),
    "archive": lambda w, t, at: closing.archive_ticket(t.pk, by=w.front_desk, at=at),
}

BY_ANOTHER = {
    "accept_late": "accept",  # of an order that was accepted by rule: tests/repairs/test_bad_input.py
    "second_callback": "call_back",
}
"""Steps that the verb of another takes, by the state it finds."""

BEFORE_WORK: dict[str, str | None] = {"tell_price": None, "correct_warranty": None, "print_slip": None}
AFTER_WORK: dict[str, str | None] = {
    "leave": None,
    "print_slip": None,
    "take_slip": None,
    "return_slip": None,
    "enter_completion": None,
    "take_fee": None,
    "waive_fee": None,
}
# State -> act -> the state it leads to; None is an event without a transition.
TABLE: dict[str, dict[str, str | None]] = {
    "reported": {
        **BEFORE_WORK,
        "merge": "duplicate",
        "dispatch": "dispatched",
        "close_unservable": "closed_unservable",
        "cancel": "cancelled",
        "inform": None,
        "set_appointment": None,
        # Nobody accepted it, let alone came: the window passes all the same (REP-20).
        "miss_visit": None,
    },
    "dispatched": {
        **BEFORE_WORK,
        "miss_visit": None,
        "accept": "accepted",
        "auto_accept": "accepted",
        "return": "reported",
        "take_back": "reported",
        "dispatch": "dispatched",
        "cancel": "cancelled",
        "set_appointment": None,
        "take_slip": None,
        # Whoever it was given to accepts it by coming.
        "arrive": "on_site",
    },
    "accepted": {
        **BEFORE_WORK,
        "miss_visit": "missed_visit",
        "return": "reported",
        "dispatch": "dispatched",
        "arrive": "on_site",
        "cancel": "cancelled",
        "set_appointment": None,
        "take_slip": None,
    },
    "missed_visit": {
        **BEFORE_WORK,
        "apologise": None,
        "reappoint": "accepted",
        # The worked example of REP-20: the technician comes at 16:05 after all.
        "arrive": "on_site",
        "cancel": "cancelled",
    },
    "on_site": {**BEFORE_WORK, "start": "in_work", "cancel": "cancelled", "take_slip": None},
    "in_work": {
        "correct_warranty": None,
        "print_slip": None,
        "take_slip": None,
        "leave_early": "accepted",
        "finish": "finished",
    },
    "finished": {**AFTER_WORK, "correct_warranty": None, "report_completion": "completion_reported"},
    "completion_reported": {
        **AFTER_WORK,
        "correct_warranty": None,
        "accept_result": "accepted_ok",
        "reject_result": "rework",
    },
    "accepted_ok": {
        **AFTER_WORK,
        "correct_warranty": None,
        "call_back": "called_back",
        "call_back_negative": "rework",
        "try_callback": None,
    },
    "called_back": {
        **AFTER_WORK,
        "call_back": None,
        "call_back_negative": "rework",
        "try_callback": None,
        "review": "reviewed",
        "return_from_review": "rework",
    },
    "reviewed": {
        **{act: to for act, to in AFTER_WORK.items() if act != "return_slip"},
        "archive": "archived",
        "call_back": None,
        "call_back_negative": None,
        "try_callback": None,
    },
    "rework": {**BEFORE_WORK, "dispatch": "dispatched", "set_appointment": None, "miss_visit": None},
    # Past the archive only the second callback goes on (REP-27).
    "archived": {"call_back": None, "call_back_negative": None, "try_callback": None},
    "duplicate": {},
    "cancelled": {},
    "closed_unservable": {},
}
EVENTS = {("dispatched", "arrive"): 2}
"""Arriving accepts the order first."""


class _RollBack(Exception):
    pass


def test_the_table_names_every_state_of_the_workflow() -> None:
    assert set(TABLE) == {state.code for state in WORKFLOW.states}


def test_every_action_of_the_workflow_is_tried_in_every_state() -> None:
    assert {line.action for line in WORKFLOW.transitions} == set(ACTS) | set(BY_ANOTHER)


@pytest.mark.rule("GEN-01, REP-18")
@pytest.mark.parametrize("state", TABLE)
def test_a_state_allows_what_its_lines_of_the_table_say_and_nothing_else(garden: World, state: str) -> None:
    ticket = repair_in(garden, state)
    assert ticket.state == state

    for act, perform in ACTS.items():
        try:
            with transaction.atomic():
                _try(garden, ticket, state, act, perform)
                raise _RollBack
        except _RollBack:
            pass


def _try(world: World, ticket: Ticket, state: str, act: str, perform: Act) -> None:
    now = Ticket.objects.get(pk=ticket.pk)
    last = TicketEvent.objects.filter(ticket=ticket).latest("pk")
    at = max(now.last_step_at, last.entered_at) + 10 * SECOND
    if act in TABLE[state]:
        perform(world, now, at)

        now.refresh_from_db()
        assert now.state == (TABLE[state][act] or state), act
        written = [k for k in kinds_since(ticket, last.pk) if k not in ("attached", "promise_made")]
        assert len(written) == EVENTS.get((state, act), 1), (act, written)
        event = TicketEvent.objects.filter(ticket=ticket, kind=written[-1]).latest("pk")
        assert (event.occurred_at, event.entered_at) == (at, at)
        return
    before = stored()
    try:
        with transaction.atomic():
            perform(world, now, at)
    except (IllegalTransition, TicketClosed):
        refusal = ""
    except DomainError as error:
        refusal = error.rule  # a rule of its own says no, with its own sentence
    else:
        refusal = "none"
    assert refusal in {"", GATED.get((state, act))}, act
    if act not in ("merge", "leave_early", "return_slip"):  # these bring an own ticket or file with them
        assert stored() == before, act
    assert Ticket.objects.get(pk=ticket.pk).version == ticket.version


GATED = {
    ("reviewed", "return_slip"): "REP-21",  # the slip is back already
    ("on_site", "leave"): "REP-18",
    ("in_work", "leave"): "REP-18",
    # There is nothing to apologise for.
    **{(state, "apologise"): "REP-20" for state in ANY_OPEN},
}


@pytest.mark.rule("REP-18")
@pytest.mark.parametrize("state", ["on_site", "in_work"])
def test_every_event_of_the_path_carries_real_and_entry_time(garden: World, state: str) -> None:
    ticket = repair_in(garden, state)

    events = TicketEvent.objects.filter(ticket=ticket).order_by("pk")
    assert [e.kind for e in events] == ["reported", "dispatched", "accepted", "arrived", "work_started"][
        : 4 + (state == "in_work")
    ]
    assert [(e.occurred_at, e.entered_at) for e in events][-1][0] == ticket.last_step_at
    assert clock(ticket, "REP-15").state == "met"
