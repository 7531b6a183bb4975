"""The rows of the visits, which many verbs read and open."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from repairs.models import RepairOrder, Visit
from residents.errors import InvalidInput
from tickets.models import Ticket
from tickets.workflow import Step


def visit_of(ticket: Ticket, number: int) -> Visit:
    return Visit.objects.get(ticket=ticket, number=number)


def open_visit(taken: Step, order: RepairOrder, *, window_from: datetime | None, window_to: datetime | None) -> Visit:
    """The next visit of the ticket. The caller saves the order."""
    order.visit_no += 1
    order.completed_at = None
    return Visit.objects.create(
        company_id=taken.ticket.company_id,
        ticket=taken.ticket,
        number=order.visit_no,
        window_from=window_from,
        window_to=window_to,
    )


def check_window(window_from: datetime | None, window_to: datetime | None, entered: datetime) -> None:
    if window_from is None or window_to is None:
        raise InvalidInput(_("请填写预约上门的时间段。"), rule="REP-03", field="window_to")
    if window_to < window_from:
        raise InvalidInput(_("预约结束时间早于开始时间。"), rule="REP-03", field="window_to")
    if window_to <= entered:
        raise InvalidInput(_("预约时间要晚于现在。"), rule="REP-03", field="window_to")


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
