"""The clocks that every kind of ticket has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from tickets.calendars.bases import Basis
from tickets.models import Ticket, TicketEvent
from tickets.sla.definitions import Definition, Step, gen_07


def _promise_scope(ticket: Ticket, event: TicketEvent) -> Sequence[str]:
    return (f"ticket:{ticket.pk}/promise:{event.data['promise']}",)


def _old_promise_scope(ticket: Ticket, event: TicketEvent) -> Sequence[str]:
    # A replaced promise ends the old clock and starts a new one with the same event.
    return (f"ticket:{ticket.pk}/promise:{event.data.get('replaces') or event.data['promise']}",)


def _promised_at(ticket: Ticket, event: TicketEvent) -> datetime:
    return datetime.fromisoformat(event.data["promised_at"])


CLOCKS = (
    Definition(
        code="GEN-04",
        kind="*",
        label=_("承诺"),
        basis=Basis.C24,
        value=0,
        starts=("promise_made", "promise_replaced"),
        stops=("promise_kept", "promise_replaced"),
        scopes=_promise_scope,
        stop_scopes=_old_promise_scope,
        due=_promised_at,
        responsible="owner",
        # 80 % of the time or 30 minutes before, whichever is later.
        ladder=(Step(0, -0.2, ("responsible",), 0, 30 * 60), *gen_07(seconds=None)[1:]),
        lane=1,
        source="001 Ch.3 §2 item 2.2",
    ),
)
