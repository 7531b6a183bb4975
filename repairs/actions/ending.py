"""Ending early, and coming back after the archive (rules GEN-03, GEN-06, REP-04, CBK-12)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from repairs.actions.intake import WHEN_NOW, RepairIntake, report_repair
from repairs.actions.visits import iso
from repairs.workflow import order_of
from residents.errors import InvalidInput
from residents.models import Staff
from residents.tenancy import one_act
from tickets.models import Callback, Response, Ticket
from tickets.texts import checked
from tickets.workflow import step


@one_act()
def cancel_repair(
    ticket_id: int,
    *,
    by: Staff,
    reason: str,
    withdrawn_by: str,
    method: str = Callback.Method.PHONE,
    confirmed_at: datetime | None = None,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The customer withdraws before work starts: why, and the call that confirmed it (table c).

    `withdrawn_by` said so in that call, by phone or at the door, at `confirmed_at` (default the moment of entry); a
    message confirms nothing (rule CBK-11).
    """
    needed = _("请写明撤回原因和撤回人。")
    if method not in (Callback.Method.PHONE, Callback.Method.VISIT):
        raise InvalidInput(_("请选择怎样和业主确认的。"), field="method")
    reason = checked(reason, field="reason", at_most=500, needed=needed)
    withdrawn_by = checked(withdrawn_by, field="withdrawn_by", at_most=40, needed=needed)
    with step(ticket_id, "cancel", by=by, at=at, version=version) as taken:
        confirmed_at = confirmed_at or taken.entered_at
        if not taken.ticket.reported_at <= confirmed_at <= taken.entered_at:
            raise InvalidInput(_("确认时间要在报修之后、现在之前。"), rule="GEN-01", field="confirmed_at")
        taken.say(reason=reason, withdrawn_by=withdrawn_by, method=method, confirmed_at=iso(confirmed_at))
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
