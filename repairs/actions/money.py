"""Relief and receipt of a paid repair (rules REP-28, REP-36)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from repairs.workflow import order_of
from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.tenancy import one_act
from tickets.models import Approval, Ticket
from tickets.texts import checked
from tickets.workflow import step


@one_act()
def waive_fee(ticket_id: int, *, by: Staff, amount_fen: int, at: datetime | None = None) -> Ticket:
    """Reduce what the customer owes, only by what the estate manager has granted (rules REP-28, ROLE-10).

    `amount_fen` is the relief of all rounds together; what a receipt was given for is not waived any more.
    """
    if amount_fen < 0:
        raise InvalidInput(_("金额不对，请核对。"), rule="REP-28", field="amount")
    with step(ticket_id, "waive_fee", by=by, at=at) as taken:
        granted = (
            Approval.objects.filter(
                ticket=taken.ticket, subject="fee_relief", decision=Approval.Decision.GRANTED
            ).aggregate(most=Max("amount_fen"))["most"]
            or 0
        )
        if amount_fen > granted:
            raise GateClosed(_("减免费用要先由项目经理批准，且不超过批准的金额。"), rule="REP-28")
        order = order_of(taken.ticket)
        if amount_fen > order.charge_fen - order.paid_fen:
            raise InvalidInput(_("减免金额超过应收金额。"), rule="REP-28", field="amount")
        order.waived_fen = amount_fen
        order.save(update_fields=("waived_fen",))
        taken.say(amount_fen=amount_fen)
    return taken.ticket


@one_act()
def take_fee(ticket_id: int, *, by: Staff, receipt_number: str, at: datetime | None = None) -> Ticket:
    """Register the receipt for everything that is still owed; with nothing owed its number is corrected (REP-36)."""
    receipt_number = checked(
        receipt_number, field="receipt_number", at_most=30, needed=_("请填写收据号。"), rule="REP-36"
    )
    with step(ticket_id, "take_fee", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        taken.say(receipt=receipt_number, amount_fen=order.owed_fen)
        order.receipt_number, order.paid_fen = receipt_number, order.payable_fen
        order.save(update_fields=("receipt_number", "paid_fen"))
    return taken.ticket
