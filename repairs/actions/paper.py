"""The two-part slip on its way (rules REP-12, REP-13, REP-21 to REP-24, GEN-09)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from repairs import policies
from repairs.workflow import has_signature, order_of
from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.tenancy import one_act
from tickets.models import Ticket
from tickets.texts import checked
from tickets.workflow import step


def slip_number(ticket: Ticket) -> str:
    """Serial number of the two-part slip: each round of the work has its own (rule GEN-09)."""
    return f"{ticket.number}-{ticket.rework_count + 1}"


@one_act()
def print_slip(ticket_id: int, *, by: Staff, at: datetime | None = None) -> Ticket:
    """The two-part slip left the printer; a second print is a reprint and says so (rules REP-12, GEN-09)."""
    with step(ticket_id, "print_slip", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        again = order.slip_printed_at is not None
        order.slip_printed_at = order.slip_printed_at or taken.occurred_at
        order.save(update_fields=("slip_printed_at",))
        taken.say(slip=order.slip_number, reprint=again)
    return taken.ticket


@one_act()
def take_slip(ticket_id: int, *, by: Staff, receiver: Staff, cautions: str = "", at: datetime | None = None) -> Ticket:
    """The technician signs for the slip and hears what is known about the customer (rules REP-13, CBK-05)."""
    cautions = checked(cautions, field="cautions", at_most=500)
    with step(ticket_id, "take_slip", by=by, at=at) as taken:
        if not set(policies.ENGINEERING) & receiver.roles_in(taken.ticket.project_id):
            raise InvalidInput(
                _("%(name)s 不是本项目的工程人员。") % {"name": receiver.name}, rule="CBK-05", field="receiver"
            )
        order = order_of(taken.ticket)
        order.slip_taken_at = taken.occurred_at
        order.save(update_fields=("slip_taken_at",))
        taken.say(slip=order.slip_number, receiver=f"{receiver.name} {receiver.number}", cautions=cautions)
    return taken.ticket


@one_act()
def return_slip(
    ticket_id: int,
    *,
    by: Staff,
    part_spec: str = "",
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> Ticket:
    """The signed part is back at the desk (rules REP-21, REP-22); starts REP-24 unless the completion is entered.

    In a home it must carry the owner's signature: attached, or drawn on the phone. Without it the slip is sent back.
    `part_spec`: specification and model of the part, unless the completion has named it already; where no part was
    changed the slip says so too, and nothing is left blank (rule GEN-10).
    """
    part_spec = checked(part_spec, field="part_spec", at_most=200)
    with step(ticket_id, "return_slip", by=by, at=at, occurred_at=occurred_at) as taken:
        order = order_of(taken.ticket)
        if order.slip_returned_at is not None:
            raise InvalidInput(_("作业联已经收回过了。"), rule="REP-21", field="slip")
        if not taken.ticket.is_public_area and not has_signature(taken.ticket):
            raise GateClosed(_("作业联缺业主签字：补签，或上传签过字的作业联。"), rule="REP-22")
        if not order.result:
            raise GateClosed(_("作业联缺处理结果。"), rule="REP-22")
        order.part_spec = part_spec or order.part_spec
        if not order.part_spec:
            raise InvalidInput(_("作业联缺配件规格型号：没有换配件的请写“不涉及”。"), rule="REP-22", field="part_spec")
        order.slip_returned_at = taken.occurred_at
        order.save(update_fields=("slip_returned_at", "part_spec"))
        taken.say(slip=order.slip_number, visit=order.visit_no, part=order.part_spec)
    return taken.ticket


@one_act()
def enter_completion(ticket_id: int, *, by: Staff, part_spec: str = "", at: datetime | None = None) -> Ticket:
    """Type in what the slip says (rule REP-24). The first entry counts; a later one adds to it."""
    part_spec = checked(part_spec, field="part_spec", at_most=200)
    with step(ticket_id, "enter_completion", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        order.completion_entered_at = order.completion_entered_at or taken.entered_at
        order.part_spec = part_spec or order.part_spec
        order.save(update_fields=("completion_entered_at", "part_spec"))
    return taken.ticket
