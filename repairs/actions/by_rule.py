"""What the rules did meanwhile: automatic acceptance, missed visits, and steps that first catch up with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from repairs.actions.visits import iso, visit_of
from repairs.workflow import order_of
from residents.errors import StaleVersion
from residents.models import Staff
from residents.tenancy import one_act
from tickets.facts import moments
from tickets.models import SlaClock, Ticket
from tickets.sla.engine import breach_now
from tickets.workflow import Step, step


@contextmanager
def caught_up(
    ticket_id: int,
    action: str,
    *,
    by: Staff,
    at: datetime | None,
    occurred_at: datetime | None = None,
    version: int | None = None,
    data: dict[str, Any] | None = None,
    made: Ticket | None = None,
) -> Iterator[Step]:
    """`step`, after what the rules made of the ticket by then: the sweep may be a moment behind a person's hand.

    An order not accepted in time counts as accepted at due (REP-15), a window nobody came in as missed (REP-20). For an
    act of this moment it does not matter which came first. `version` is compared before that. `made`: the ticket
    itself, when it was made in this same act; nobody has seen it and no rule has run out.
    """
    with one_act():
        ticket = made or Ticket.objects.select_related("project").lock(ticket_id)
        entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=True)
        if version is not None and version != ticket.version:
            raise StaleVersion
        is_behind = made is None and catch_up(ticket, entered=entered, occurred=occurred)
        locked = None if is_behind else ticket
        with step(ticket_id, action, by=by, at=entered, occurred_at=occurred, data=data, locked=locked) as taken:
            yield taken


def catch_up(ticket: Ticket, *, entered: datetime, occurred: datetime) -> bool:
    """Whether the ticket is no longer as it was read."""
    overdue = SlaClock.objects.live().filter(
        ticket=ticket, rule_code__in=("REP-15", "REP-20", "REP-20.again"), due_at__lt=occurred
    )
    if not overdue.exists():
        return False
    for clock in overdue.select_related("rule").order_by("due_at"):
        (auto_accept if clock.rule_code == "REP-15" else miss_visit)(clock, at=entered)
    return True


def auto_accept(clock: SlaClock, *, at: datetime) -> None:
    """Effect of REP-15 at due: the order counts as accepted at that moment. Safe to repeat."""
    assert clock.ticket_id is not None
    ticket = Ticket.objects.lock(clock.ticket_id)
    current = SlaClock.objects.live().select_related("rule").filter(pk=clock.pk).first()
    if ticket.state != "dispatched" or current is None:
        return
    # Told by a late hand before the sweep came by: the automatic acceptance is the breach of REP-15.
    breach_now(current, at=at)
    with step(ticket.pk, "auto_accept", by=None, at=at, occurred_at=clock.due_at) as taken:
        order = order_of(taken.ticket)
        visit = visit_of(taken.ticket, order.visit_no)
        visit.accepted_at, visit.accepted_by_system = taken.occurred_at, True
        visit.save(update_fields=("accepted_at", "accepted_by_system"))
        taken.say(visit=order.visit_no, window_to=iso(visit.window_to), automatic=True)


def miss_visit(clock: SlaClock, *, at: datetime) -> None:
    """Effect of REP-20 at due: nobody came in the window; the apology clock starts. Safe to repeat."""
    assert clock.ticket_id is not None
    ticket = Ticket.objects.select_related("project").lock(clock.ticket_id)
    number = int(clock.scope.rsplit(":", 1)[1])
    visit = visit_of(ticket, number)
    if visit.arrived_at is not None or visit.missed_at is not None or ticket.closed_at is not None:
        return
    with step(ticket.pk, "miss_visit", by=None, at=at, occurred_at=clock.due_at) as taken:
        visit.missed_at = clock.due_at
        visit.save(update_fields=("missed_at",))
        order = order_of(taken.ticket)
        order.missed_count += 1
        order.save(update_fields=("missed_count",))
        taken.say(visit=number)


def effect(verb: Any) -> Any:
    """An outbox effect from a verb of a clock: it happens at the moment its step fired."""

    def perform(clock: SlaClock, fired_at: datetime) -> None:
        with transaction.atomic():
            verb(clock, at=fired_at)

    return perform
