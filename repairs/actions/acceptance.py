"""Taking an order, and giving it back (rule REP-15)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from repairs.actions.by_rule import catch_up, caught_up
from repairs.actions.people import check_own_job
from repairs.actions.visits import iso, visit_of
from repairs.models import Visit
from repairs.workflow import order_of
from residents.errors import InvalidInput, StaleVersion
from residents.models import Staff
from residents.roles import Role
from residents.tenancy import one_act
from tickets.actions import notify
from tickets.errors import IllegalTransition
from tickets.facts import moments
from tickets.models import SlaClock, Ticket
from tickets.sla.engine import correct
from tickets.sla.ladder import holders
from tickets.texts import checked
from tickets.workflow import Step, step


@one_act()
def accept_repair(
    ticket_id: int,
    *,
    by: Staff,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Take the order (接单), or grab it from the pool (rule REP-15); taking it is signing for the slip (CBK-05).

    Later than the automatic acceptance it is recorded once and moves nothing; if it really came before, REP-15 counts
    as met. Raises InvalidInput when the job is somebody else's.
    """
    ticket = Ticket.objects.select_related("project").lock(ticket_id)
    entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=True)
    if ticket.assignee_id not in (None, by.pk):
        raise InvalidInput(_("这一单派给了别人。"), rule="REP-15", field="technician")
    if ticket.state == "dispatched":
        if version is not None and version != ticket.version:
            raise StaleVersion
        catch_up(ticket, entered=entered, occurred=occurred)
        ticket.refresh_from_db(fields=("state",))
    late = ticket.state == "accepted"
    with step(ticket_id, "accept_late" if late else "accept", by=by, at=entered, occurred_at=occurred) as taken:
        order = order_of(taken.ticket)
        visit = visit_of(taken.ticket, order.visit_no)
        if late:
            _accept_late(taken, visit)
        else:
            visit.accepted_at = taken.occurred_at
        if taken.ticket.assignee_id is None:
            taken.ticket.assignee, taken.ticket.is_pooled = by, False
            visit.technician = by
        visit.save(update_fields=("technician", "accepted_at"))
        order.slip_taken_at = order.slip_taken_at or taken.occurred_at
        order.save(update_fields=("slip_taken_at",))
        taken.say(visit=order.visit_no, window_to=iso(visit.window_to))
    return taken.ticket


def _accept_late(taken: Step, visit: Visit) -> None:
    """After the automatic acceptance: once per dispatch, and a hand that was in time clears REP-15 (rule GEN-02)."""
    ticket = taken.ticket
    if ticket.assignee_id is not None:
        since = ticket.events.filter(kind__in=("dispatched", "redispatched")).order_by("-pk").first()
        taken_by_hand = ticket.events.filter(kind="accepted_by_hand", pk__gt=since.pk if since else 0)
        if not visit.accepted_by_system or taken_by_hand.exists():
            raise IllegalTransition(_("已经接过单了。"))
    clock = SlaClock.objects.filter(ticket=ticket, rule_code="REP-15").order_by("-pk").first()
    if clock is not None and visit.accepted_by_system and taken.occurred_at <= clock.due_at:
        correct(clock, at=taken.entered_at, really=taken.occurred_at)


@one_act()
def return_repair(
    ticket_id: int,
    *,
    by: Staff,
    reason: str,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Give the job back to the desk with a reason; a new dispatch clock starts, accepted clocks run on (table c)."""
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明退单原因。"), rule="REP-15")
    with caught_up(ticket_id, "return", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        check_own_job(taken)
        taken.ticket.assignee, taken.ticket.is_pooled = None, False
        taken.say(reason=reason, visit=order_of(taken.ticket).visit_no)
        notify(
            taken.ticket,
            holders(Role.FRONT_DESK, project_id=taken.ticket.project_id, at=taken.entered_at),
            kind="returned",
            text=gettext_noop("退单：%(title)s · %(reason)s"),
            title=taken.ticket.title,
            reason=reason,
            key=f"returned/{taken.ticket.pk}/{taken.ticket.version}",
            at=taken.entered_at,
        )
    return taken.ticket
