"""What waits for the signature of the head of the service centre."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from residents.models import Project, Staff
from residents.words import listed
from tickets.acting import new_form_key
from tickets.kinds import Condition, kind_of
from tickets.models import Ticket
from tickets.queries.page import for_page

ROWS = 50


@dataclass(frozen=True)
class Row:
    """One ticket to sign; `why_not` names what is still missing."""

    public_id: str
    version: int
    form_key: str
    url: str
    title: str
    place: str
    number: str
    line: str
    gates: list[Condition]
    can_sign: bool
    why_not: str
    error: None = None


def rows(staff: Staff, project: Project) -> list[Row]:
    """Called back and not yet signed, the oldest first. The statements do not grow with the rows."""
    waiting = Ticket.objects.visible_to(staff).filter(project=project, state="called_back")
    return [_row(ticket, staff) for ticket in for_page(waiting).order_by("called_back_at", "pk")[:ROWS]]


def _row(ticket: Ticket, staff: Staff) -> Row:
    gates = kind_of(ticket).conditions(ticket)
    missing = [str(row.label) for row in gates if not row.met]
    why_not = _("还差：%(missing)s") % {"missing": listed(missing)} if missing else ""
    if ticket.accepted_by_id == staff.pk:
        why_not = _("您验收过这张单，请另一位负责人审核。")
    return Row(
        public_id=str(ticket.public_id),
        version=ticket.version,
        form_key=new_form_key(),
        url=reverse("tickets:detail", args=(ticket.public_id,)),
        title=ticket.title,
        place=ticket.place,
        number=ticket.short_number,
        line=_line(ticket),
        gates=gates,
        can_sign=not why_not,
        why_not=why_not,
    )


def _line(ticket: Ticket) -> str:
    parts = []
    if ticket.assignee is not None and ticket.handled_at is not None:
        parts.append(_("%(who)s %(when)s 完工") % {"who": ticket.assignee.name, "when": _when(ticket.handled_at)})
    if ticket.accepted_at is not None:
        who = ticket.accepted_by.name if ticket.accepted_by else _("业主")
        parts.append(_("%(who)s %(when)s 验收") % {"who": who, "when": _when(ticket.accepted_at)})
    if ticket.called_back_at is not None:
        parts.append(_("%(when)s 回访") % {"when": _when(ticket.called_back_at)})
    return " · ".join(parts)


def _when(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%m-%d %H:%M}"
