"""Ending early, and coming back after the archive (rules GEN-03, GEN-06, REP-04, CBK-12)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from repairs.actions.intake import WHEN_NOW, RepairIntake, report_repair
from repairs.workflow import order_of
from residents.models import Staff
from residents.tenancy import one_act
from tickets.models import Response, Ticket
from tickets.texts import checked
from tickets.workflow import step


@one_act()
def cancel_repair(
    ticket_id: int,
    *,
    by: Staff,
    reason: str,
    withdrawn_by: str,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The customer withdraws before work starts: why, who, confirmed by a call (table c)."""
    needed = _("请写明撤回原因和撤回人。")
    reason = checked(reason, field="reason", at_most=500, needed=needed)
    withdrawn_by = checked(withdrawn_by, field="withdrawn_by", at_most=40, needed=needed)
    with step(ticket_id, "cancel", by=by, at=at, version=version) as taken:
        taken.say(reason=reason, withdrawn_by=withdrawn_by)
    return taken.ticket


@one_act()
def close_unservable(
    ticket_id: int, *, by: Staff, explanation: str, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """The office cannot solve it and has explained until the customer understood; the head of the centre signs.

    Never simply 'not ours': rules GEN-03, GEN-06, REP-04.
    """
    explanation = checked(
        explanation, field="explanation", at_most=500, needed=_("请写明对业主的解释。"), rule="GEN-03"
    )
    with step(ticket_id, "close_unservable", by=by, at=at, version=version) as taken:
        taken.ticket.response, taken.ticket.explanation = Response.CANNOT, explanation
        taken.say(explanation=explanation)
    return taken.ticket


def follow_up_repair(ticket: Ticket, by: Staff | None, words: str, at: datetime) -> Ticket:
    """Back to handling for a repair that is archived already: a new one that is its rework (rule CBK-12)."""
    return report_repair(
        RepairIntake(
            category=order_of(ticket).category,
            when=WHEN_NOW,
            unit=ticket.unit,
            place=ticket.place,
            description=words,
            reporter=ticket.reporter,
            contact_name=ticket.contact_name,
            contact_phone=ticket.contact_phone,
            channel=ticket.channel,
            not_duplicate=True,
            rework_of=ticket,
        ),
        project=ticket.project,
        by=by,
        at=at,
    )
