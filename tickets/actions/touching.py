"""Locking a ticket for an act beside its workflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from residents.errors import StaleVersion
from residents.models import Staff
from residents.policies import Policy, require
from residents.tenancy import one_act
from tickets.errors import TicketClosed
from tickets.facts import moments
from tickets.models import Ticket


@contextmanager
def touch(
    ticket_id: int,
    policy: Policy,
    *,
    by: Staff,
    at: datetime | None,
    occurred_at: datetime | None = None,
    version: int | None = None,
    also_closed: bool = False,
    in_order: bool = False,
) -> Iterator[tuple[Ticket, datetime, datetime]]:
    """Lock a ticket for an act beside its workflow: checks the person, the version, and that it is still open.

    `in_order`: the act ends a clock, so it may not be dated before the last step that a person took (rule GEN-01).
    """
    with one_act():
        ticket = Ticket.objects.select_related("project").lock(ticket_id)
        require(by, policy, project_id=ticket.project_id)
        if version is not None and version != ticket.version:
            raise StaleVersion
        if ticket.closed_at is not None and not also_closed:
            raise TicketClosed
        entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=in_order)
        yield ticket, entered, occurred
