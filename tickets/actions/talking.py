"""Comments, urging, and passing a matter up (rules REP-40, GEN-06)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from residents.models import Staff
from residents.roles import LINE_ABOVE, Role
from tickets import policies
from tickets.actions.notices import notify
from tickets.actions.touching import touch
from tickets.facts import record
from tickets.models import TicketEvent
from tickets.sla.ladder import holders
from tickets.texts import checked


def add_comment(
    ticket_id: int, *, by: Staff, text: str, to_owner: bool = False, at: datetime | None = None
) -> TicketEvent:
    """Write a line on the timeline, internal or visible to the owner (rule REP-40). At most 2,000 characters."""
    text = checked(text, field="text", at_most=2000, needed=_("请先写内容。"))
    policy = policies.COMMENT_TO_OWNER if to_owner else policies.COMMENT
    with touch(ticket_id, policy, by=by, at=at, also_closed=True) as (ticket, entered, occurred):
        audience = TicketEvent.Audience.OWNER if to_owner else TicketEvent.Audience.INTERNAL
        return record(
            ticket, "comment", by=by, entered_at=entered, occurred_at=occurred, data={"text": text}, audience=audience
        )


def urge(ticket_id: int, *, by: Staff, at: datetime | None = None) -> TicketEvent:
    """Chase whoever holds the ticket: the assignee, else the engineering duty manager."""
    with touch(ticket_id, policies.URGE, by=by, at=at) as (ticket, entered, occurred):
        event = record(ticket, "urged", by=by, entered_at=entered, occurred_at=occurred)
        people = [ticket.assignee] if ticket.assignee else []
        if not people:
            people = holders(Role.ENGINEERING_DUTY, project_id=ticket.project_id, at=entered)
        notify(
            ticket,
            people,
            kind="urged",
            text=_("催办：%(title)s · %(place)s") % {"title": ticket.title, "place": ticket.place},
            key=f"event/{event.pk}",
            at=entered,
        )
        return event


def report_up(
    ticket_id: int, *, by: Staff, reason: str, at: datetime | None = None, occurred_at: datetime | None = None
) -> TicketEvent:
    """Pass a matter beyond one's own power to the line above before it grows (rule GEN-06)."""
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明需要上级解决什么。"), rule="GEN-06")
    with touch(ticket_id, policies.REPORT_UP, by=by, at=at, occurred_at=occurred_at) as (ticket, entered, occurred):
        people: dict[int, Staff] = {}
        for role in by.roles_in(ticket.project_id):
            for above in LINE_ABOVE.get(role, ()):
                people.update({p.pk: p for p in holders(above, project_id=ticket.project_id, at=entered)})
        event = record(
            ticket,
            "reported_up",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"reason": reason, "to": [f"{p.name} {p.number}" for p in people.values()]},
        )
        notify(
            ticket,
            list(people.values()),
            kind="reported_up",
            text=_("%(name)s 上报：%(title)s · %(reason)s")
            % {"name": by.name, "title": ticket.title, "reason": reason},
            key=f"event/{event.pk}",
            at=entered,
        )
        return event
