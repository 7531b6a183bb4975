"""Comments, urging, and passing a matter up (rules REP-40, GEN-06)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from residents.errors import GateClosed
from residents.models import Staff
from residents.roles import LINE_ABOVE, Role
from tickets import policies
from tickets.actions.touching import touch
from tickets.errors import IllegalTransition
from tickets.facts import record
from tickets.models import Ticket, TicketEvent
from tickets.notices import notify, others_in_line
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
            text=gettext_noop("催办：%(title)s · %(place)s"),
            title=ticket.title,
            place=ticket.place,
            key=f"event/{event.pk}",
            at=entered,
        )
        return event


def report_up(
    ticket_id: int, *, by: Staff, reason: str, at: datetime | None = None, occurred_at: datetime | None = None
) -> TicketEvent:
    """Pass a matter beyond one's own power to the line above before it grows; a decision is owed (rule GEN-06).

    Raises GateClosed when there is nobody to pass it to.
    """
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明需要上级解决什么。"), rule="GEN-06")
    with touch(ticket_id, policies.REPORT_UP, by=by, at=at, occurred_at=occurred_at) as (ticket, entered, occurred):
        line = [above for role in sorted(by.roles_in(ticket.project_id)) for above in LINE_ABOVE.get(role, ())]
        people = others_in_line(line, by=by, project_id=ticket.project_id, at=entered)
        if not people:
            raise GateClosed(_("没有找到可以上报的人，请联系公司安排上级。"), rule="GEN-06")
        event = record(
            ticket,
            "reported_up",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"reason": reason, "to": [f"{p.name} {p.number}" for p in people]},
        )
        notify(
            ticket,
            people,
            kind="reported_up",
            text=gettext_noop("%(name)s 上报：%(title)s · %(reason)s"),
            name=by.name,
            title=ticket.title,
            reason=reason,
            key=f"event/{event.pk}",
            at=entered,
        )
        return event


def open_reports(ticket: Ticket) -> list[TicketEvent]:
    """What was passed up and waits for a decision, the oldest first. One statement."""
    passed = ticket.events.filter(kind__in=("reported_up", "report_answered")).select_related("actor")
    events = list(passed.order_by("pk"))
    answered = {event.data["report"] for event in events if event.kind == "report_answered"}
    return [event for event in events if event.kind == "reported_up" and event.pk not in answered]


def answer_report(event_id: int, *, by: Staff, decision: str, at: datetime | None = None) -> TicketEvent:
    """The superior decides how a matter passed up is handled and who does it; who asked is told (rule GEN-06)."""
    decision = checked(decision, field="decision", at_most=500, needed=_("请写明怎样处理、由谁办。"), rule="GEN-06")
    asked = TicketEvent.objects.select_related("actor").get(pk=event_id, kind="reported_up")
    with touch(asked.ticket_id, policies.ANSWER_REPORT, by=by, at=at, also_closed=True) as (ticket, entered, occurred):
        if asked.pk not in {event.pk for event in open_reports(ticket)}:
            raise IllegalTransition(_("这次上报已经有决定了。"))
        if asked.actor_id == by.pk:
            raise GateClosed(_("不能自己答复自己的上报。"), rule="ROLE-18")
        event = record(
            ticket,
            "report_answered",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"report": asked.pk, "decision": decision},
        )
        notify(
            ticket,
            [asked.actor] if asked.actor else [],
            kind="report_answered",
            text=gettext_noop("%(name)s 的决定：%(title)s · %(decision)s"),
            name=by.name,
            title=ticket.title,
            decision=decision,
            key=f"event/{event.pk}",
            at=entered,
        )
        return event
