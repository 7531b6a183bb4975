"""Agreeing a time, and making up for one that was missed (rule REP-20)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from repairs.actions.by_rule import caught_up
from repairs.actions.people import check_own_job
from repairs.actions.visits import check_window, iso, open_visit, visit_of
from repairs.models import Visit
from repairs.workflow import order_of
from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.tenancy import one_act
from tickets.models import SlaClock, Ticket
from tickets.texts import checked


@one_act()
def set_appointment(
    ticket_id: int,
    *,
    by: Staff,
    window_from: datetime,
    window_to: datetime,
    reason: str = "",
    agreed_with: str = "",
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Agree a time, or another one before the old has passed; the on-demand clocks give way (rules REP-20, GEN-02).

    Where the customer was promised another time, or somebody at once, `reason` and `agreed_with` are required: what the
    customer was told, and who of them agreed (rule GEN-04). After a missed window only once the apology is on record,
    and then for a visit of its own; so also for a rework.
    """
    reason = checked(reason, field="reason", at_most=500)
    agreed_with = checked(agreed_with, field="agreed_with", at_most=40)
    with caught_up(ticket_id, "set_appointment", by=by, at=at, version=version) as taken:
        check_own_job(taken)
        check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        visit = old = visit_of(taken.ticket, order.visit_no)
        old_end = iso(old.window_to)
        if old.missed_at is not None and old.apologised_at is None:
            raise GateClosed(_("上次预约失约：先向业主说明原因并致歉，再约新时间。"), rule="REP-20")
        if moves_a_promise(taken.ticket, old):
            if not reason:
                raise InvalidInput(_("请写明改约原因。"), rule="GEN-04", field="reason")
            if not agreed_with:
                raise InvalidInput(_("请先联系业主，并填写同意改约的人。"), rule="GEN-04", field="agreed_with")
        if old.missed_at is not None or old.finished:
            visit = open_visit(taken, order, window_from=window_from, window_to=window_to)
            visit.technician, visit.accepted_at = taken.ticket.assignee, old.accepted_at
            visit.accepted_by_system = old.accepted_by_system
            order.save(update_fields=("visit_no", "completed_at"))
        visit.window_from, visit.window_to = window_from, window_to
        visit.save()
        taken.say(
            visit=visit.number,
            ended_visit=old.number,
            window_from=iso(window_from),
            window_to=iso(window_to),
            old=old_end,
            reason=reason,
            agreed_with=agreed_with,
        )
    return taken.ticket


def moves_a_promise(ticket: Ticket, visit: Visit) -> bool:
    """Whether a new time for the visit takes back one that the customer counts on: a window, or 'at once'."""
    if visit.missed_at is not None or visit.finished:
        return False
    on_demand = SlaClock.objects.live().filter(ticket=ticket, rule_code__in=("REP-16", "REP-17"))
    return visit.window_to is not None or on_demand.exists()


@one_act()
def apologise(
    ticket_id: int,
    *,
    by: Staff,
    reason: str,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Log the apology call for a missed visit whose technician came after all, with the reason found (rule REP-20)."""
    reason = checked(reason, field="reason", at_most=200, needed=_("请写明失约原因。"), rule="REP-20")
    with caught_up(ticket_id, "apologise", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        missed = Visit.objects.filter(ticket=taken.ticket, missed_at__isnull=False, apologised_at=None)
        visit = missed.order_by("number").first()
        if visit is None:
            raise GateClosed(_("没有失约的上门，不需要登记致歉。"), rule="REP-20")
        visit.apologised_at, visit.miss_reason = taken.occurred_at, reason
        visit.save(update_fields=("apologised_at", "miss_reason"))
        taken.say(visit=visit.number, reason=reason)
    return taken.ticket


@one_act()
def reappoint(
    ticket_id: int,
    *,
    by: Staff,
    reason: str,
    window_from: datetime,
    window_to: datetime,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Find the reason, apologise, and agree the next time after a missed visit (rule REP-20)."""
    reason = checked(reason, field="reason", at_most=200, needed=_("请写明失约原因。"), rule="REP-20")
    with caught_up(ticket_id, "reappoint", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        missed = visit_of(taken.ticket, order.visit_no)
        missed.apologised_at, missed.miss_reason = taken.occurred_at, reason
        missed.save(update_fields=("apologised_at", "miss_reason"))
        visit = open_visit(taken, order, window_from=window_from, window_to=window_to)
        visit.accepted_at, visit.technician = taken.occurred_at, taken.ticket.assignee
        visit.save(update_fields=("accepted_at", "technician"))
        order.save(update_fields=("visit_no", "completed_at"))
        taken.say(
            visit=visit.number,
            ended_visit=missed.number,
            window_from=iso(window_from),
            window_to=iso(window_to),
            reason=reason,
        )
    return taken.ticket
