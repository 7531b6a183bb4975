"""The two-part slip as it is printed: what is known, and blanks for what is written on site (rules REP-12, GEN-09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import segno
from django.utils import timezone
from django.utils.translation import gettext as _

from repairs.kind import current_visit, window_text
from repairs.workflow import order_of
from residents.models.staff import Trade
from residents.privacy import masked
from residents.words import in_clauses, yuan
from tickets.intake import CHANNELS
from tickets.kinds import kind_of
from tickets.models import Ticket, TicketEvent

MATERIAL_ROWS = 3
"""Lines of the material table: what was used so far, then blanks."""
BLANK = "____:____"


@dataclass(frozen=True)
class Part:
    """One of the two parts: the stub stays at the desk, the other goes with the work and comes back."""

    name: str
    where: str


@dataclass(frozen=True)
class MaterialLine:
    name: str = ""
    quantity: str = ""
    price: str = ""


@dataclass(frozen=True)
class Slip:
    """What both parts say. `qr`: the ticket's address as a picture. `print_no`: 1 for the first print."""

    parts: Sequence[Part]
    form_name: str
    project: str
    hotline: str
    number: str
    kind: str
    reported: str
    place: str
    contact: str
    phone: str
    matter: str
    caution: str
    agreed: str
    trade: str
    technician: str
    in_warranty: bool
    dispatched: str
    arrived: str
    started: str
    finished: str
    result: str
    price_told: bool
    tariff: str
    materials: Sequence[MaterialLine]
    total: str
    owner: str
    print_no: int
    printed: str
    qr: str

    @property
    def reprint_no(self) -> int:
        """How often it was printed again; 0 on the first print."""
        return self.print_no - 1


def slip_of(ticket: Ticket, *, address: str) -> Slip:
    """The slip of the ticket's current round, as just printed. Times in the zone that is active.

    `address` is where the QR code leads. The ticket is read by `tickets.queries.page.for_page`.
    """
    order, visit = order_of(ticket), current_visit(ticket)
    prints = list(
        TicketEvent.objects.filter(ticket=ticket, kind="slip_printed", data__slip=order.slip_number)
        .select_related("actor")
        .order_by("pk")
    )
    last = prints[-1] if prints else None
    bill = kind_of(ticket).bill(ticket)
    used = [MaterialLine(name, quantity, yuan(fen)) for name, quantity, _borne, fen in bill.lines]
    scope = _("公共报修") if ticket.is_public_area else _("户内报修")
    return Slip(
        parts=(
            Part(_("第一联 存根"), _("客户服务中心留存归档")),
            Part(_("第二联 执行"), _("责任部门，完工交回")),
        ),
        form_name=str(order.get_form_display()),
        project=ticket.project.name,
        hotline=ticket.project.hotline,
        number=order.slip_number,
        kind=_("%(scope)s（返修）") % {"scope": scope} if ticket.rework_count or ticket.rework_of_id else scope,
        reported=f"{timezone.localtime(ticket.reported_at):%Y-%m-%d %H:%M} {CHANNELS.get(ticket.channel, '')}".strip(),
        place=ticket.place,
        contact=ticket.contact_name or (ticket.reporter.name if ticket.reporter else ""),
        phone=masked(ticket.contact_phone or (ticket.reporter.phone if ticket.reporter else "")),
        matter=in_clauses(part for part in (ticket.title, ticket.description) if part),
        caution=ticket.reporter.care_note if ticket.reporter else "",
        agreed=window_text(visit) or _("立即"),
        trade=str(Trade(order.trade).label),
        technician=f"{ticket.assignee.name} {ticket.assignee.number}" if ticket.assignee else "",
        in_warranty=order.in_warranty,
        dispatched=_time(order.dispatched_at),
        arrived=_time(visit.arrived_at if visit else None),
        started=_time(visit.started_at if visit else None),
        finished=_time(order.completed_at),
        result=order.result,
        price_told=order.price_told_at is not None,
        tariff=f"{order.tariff.name} {yuan(order.tariff.price_fen)} / {order.tariff.per}" if order.tariff else "",
        materials=[*used, *[MaterialLine()] * (MATERIAL_ROWS - len(used))],
        total=yuan(bill.total_fen) if used else "",
        owner=f"{ticket.owner.name} {ticket.owner.number}" if ticket.owner else "",
        print_no=len(prints),
        printed=f"{timezone.localtime(last.occurred_at):%m-%d %H:%M} {last.actor.name if last.actor else ''}"
        if last
        else "",
        qr=segno.make_qr(address, error="m").svg_data_uri(border=0),
    )


def _time(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%m-%d %H:%M}" if moment else BLANK
