"""Words and shapes that several pages share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from residents.models import Staff
from tickets.acting import act_url
from tickets.forms import BESIDE
from tickets.kinds import kind_of
from tickets.models import Attachment, SlaClock, Ticket

ICONS = {
    "dashed": "waiting",
    "quarter": "accepted",
    "half": "onsite",
    "three-quarters": "working",
    "dot": "done",
    "ring-tick": "callback",
    "tick": "archived",
    "pause": "paused",
    "cross": "cancelled",
}
"""The symbol of static/img/status.svg for each icon a workflow names."""


@dataclass(frozen=True)
class Status:
    """A ticket's state as pie and word."""

    icon: str
    label: str


@dataclass(frozen=True)
class Shortcut:
    """An act of one row of a list, done by its key."""

    label: str
    key: str
    url: str


@dataclass(frozen=True)
class Photo:
    """A stored picture with its address and a line about it."""

    url: str
    thumb_url: str
    caption: str


@dataclass(frozen=True)
class Tab:
    code: str
    label: str
    url: str
    current: bool
    count: str | int | None = None


def status_of(ticket: Ticket) -> Status:
    state = kind_of(ticket).workflow.state(ticket.state)
    return Status(ICONS[state.icon], str(state.label))


def shortcuts(ticket: Ticket, staff: Staff) -> tuple[Shortcut, ...]:
    """The acts with a key that the person may take now. Asks the database nothing."""
    kind = kind_of(ticket)
    found: list[Shortcut] = []
    for line in kind.workflow.from_state(ticket.state):
        if not line.key or line.action not in kind.forms or line.policy is None:
            continue
        if line.policy.allows(staff, project_id=ticket.project_id):
            found.append(Shortcut(str(line.label), line.key.upper(), act_url(ticket, line.action)))
    if ticket.is_open:
        for code, form in BESIDE.items():
            if form.key and form.policy is not None and form.policy.allows(staff, project_id=ticket.project_id):
                found.append(Shortcut(str(form.label), form.key.upper(), act_url(ticket, code)))
    return tuple(found)


def photo_of(file: Attachment) -> Photo:
    url = reverse("tickets:attachment", args=(file.public_id,))
    when = timezone.localtime(file.taken_at or file.uploaded_at)
    label = Attachment.Purpose(file.purpose).label if file.purpose in Attachment.Purpose.values else ""
    short = {"before": _("前"), "after": _("后")}.get(file.purpose, str(label))
    return Photo(url, url, f"{short} {when:%H:%M}")


def next_clocks(tickets: Iterable[Ticket]) -> dict[int, SlaClock]:
    """The live clock that runs out first, by ticket; of several at once the one armed last. One statement."""
    found: dict[int, SlaClock] = {}
    for clock in SlaClock.objects.live().filter(ticket__in=list(tickets)).order_by("due_at", "-pk"):
        if clock.ticket_id is not None:
            found.setdefault(clock.ticket_id, clock)
    return found


def day_and_time(moment: datetime, now: datetime) -> str:
    """As staff say it: 15:07 today, 昨 16:20, 03-12 09:30 before."""
    local, today = timezone.localtime(moment), timezone.localtime(now).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if (today - local.date()).days == 1:
        return _("昨 %(time)s") % {"time": f"{local:%H:%M}"}
    return f"{local:%m-%d %H:%M}"
