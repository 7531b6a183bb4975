"""At the door, at work, and leaving before it is finished (rules REP-16 to REP-20)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from repairs.actions.acceptance import accept_repair
from repairs.actions.by_rule import caught_up
from repairs.actions.people import check_own_job, worker_of
from repairs.actions.visits import check_window, iso, open_visit, visit_of
from repairs.availability import is_worker
from repairs.models import UNFINISHED, Visit
from repairs.workflow import order_of
from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.tenancy import one_act
from tickets.facts import moments, record
from tickets.models import Attachment, Ticket
from tickets.texts import checked
from tickets.workflow import step


@one_act()
def arrive(
    ticket_id: int,
    *,
    by: Staff,
    method: str = "scan",
    technician: Staff | None = None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The technician is at the door (rules REP-16, REP-20). `method`: scan, manual or phone.

    A job that nobody has goes to who came: the one who enters it, or `technician`, whom the desk names when it is
    phoned in. The work has a doer from here on, who does not accept it himself (rules REP-22, CBK-04).
    An order not yet accepted is accepted by arriving. Arriving after the agreed window is a missed visit first;
    arriving within it but entered later takes the miss back, while the record of the breach stays.
    """
    if method not in ("scan", "manual", "phone"):
        raise InvalidInput(_("请选择到场登记方式。"), field="method")
    ticket = Ticket.objects.select_related("project").lock(ticket_id)
    entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=True)
    is_technician = is_worker(by, ticket.project_id)
    if ticket.state == "dispatched" and is_technician and ticket.assignee_id in (None, by.pk):
        accept_repair(ticket_id, by=by, at=entered, occurred_at=occurred, version=version)
        version = None
    with caught_up(ticket_id, "arrive", by=by, at=entered, occurred_at=occurred, version=version) as taken:
        check_own_job(taken)
        order = order_of(taken.ticket)
        visit = visit_of(taken.ticket, order.visit_no)
        came = technician or (by if is_technician else None)
        if taken.ticket.assignee_id is None:
            if came is None or not is_worker(came, taken.ticket.project_id):
                raise InvalidInput(_("这一单还没有技工：请选择到场的技工。"), rule="REP-22", field="technician")
            taken.ticket.assignee, taken.ticket.is_pooled = came, False
            visit.technician = came
        elif technician is not None and technician.pk != taken.ticket.assignee_id:
            raise InvalidInput(_("这一单派给了别人。"), rule="REP-15", field="technician")
        if taken.ticket.assignee_id == by.pk:
            order.slip_taken_at = order.slip_taken_at or taken.occurred_at
        visit.arrived_at, visit.arrival_method = taken.occurred_at, method
        in_time = visit.window_to is None or taken.occurred_at <= visit.window_to
        if visit.missed_at is not None and in_time:
            visit.missed_at = None
            order.missed_count -= 1
            record(
                taken.ticket,
                "miss_withdrawn",
                by=by,
                entered_at=taken.entered_at,
                occurred_at=taken.occurred_at,
                data={"visit": visit.number},
            )
        order.save(update_fields=("missed_count", "slip_taken_at"))
        visit.save(update_fields=("arrived_at", "arrival_method", "missed_at", "technician"))
        taken.say(visit=order.visit_no, method=method, technician=worker_of(taken))
    return taken.ticket


@one_act()
def start_work(
    ticket_id: int,
    *,
    by: Staff,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Work begins (rule REP-17)."""
    with step(ticket_id, "start", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        check_own_job(taken)
        order = order_of(taken.ticket)
        visit = visit_of(taken.ticket, order.visit_no)
        visit.started_at = taken.occurred_at
        visit.save(update_fields=("started_at",))
        taken.say(visit=order.visit_no, technician=worker_of(taken))
    return taken.ticket


@one_act()
def leave_early(
    ticket_id: int,
    *,
    by: Staff,
    consent: Attachment | None,
    window_from: datetime | None,
    window_to: datetime | None,
    reason: str = "",
    outcome: str = "",
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Leave before it is finished: only with the owner's written consent and an agreed next time, both (rule REP-19).

    `consent` is a file of this ticket and visit, attached as such; one consent is good for one departure. `outcome`:
    what is missing, if it is one of those words.
    """
    reason = checked(reason, field="reason", at_most=500)
    if outcome and outcome not in UNFINISHED:
        raise InvalidInput(_("请选择还差什么。"), rule="REP-19", field="outcome")
    with step(ticket_id, "leave_early", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        check_own_job(taken)
        if consent is None or not _is_consent(consent, taken.ticket):
            raise GateClosed(_("暂离现场要有业主的书面同意（照片或签字）。"), rule="REP-19")
        if window_from is None or window_to is None:
            raise GateClosed(_("暂离现场要约好下次上门时间。"), rule="REP-19")
        check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        left = visit_of(taken.ticket, order.visit_no)
        left.left_at, left.consent = taken.occurred_at, consent
        left.save(update_fields=("left_at", "consent"))
        visit = open_visit(taken, order, window_from=window_from, window_to=window_to)
        visit.accepted_at = taken.occurred_at
        visit.technician = left.technician
        visit.save(update_fields=("accepted_at", "technician"))
        order.save(update_fields=("visit_no", "completed_at"))
        taken.say(
            visit=visit.number,
            ended_visit=left.number,
            window_from=iso(window_from),
            window_to=iso(window_to),
            reason=reason,
            outcome=outcome,
            technician=worker_of(taken),
        )
    return taken.ticket


def _is_consent(file: Attachment, ticket: Ticket) -> bool:
    return (
        file.ticket_id == ticket.pk
        and file.purpose == Attachment.Purpose.CONSENT
        and file.visit_no in (0, order_of(ticket).visit_no)
        and not Visit.objects.filter(ticket=ticket, consent=file).exists()
    )


@one_act()
def leave_site(ticket_id: int, *, by: Staff, at: datetime | None = None, occurred_at: datetime | None = None) -> Ticket:
    """Log the departure; refused while the repair is not finished (rule REP-18)."""
    with step(ticket_id, "leave", by=by, at=at, occurred_at=occurred_at) as taken:
        check_own_job(taken)
        visit = visit_of(taken.ticket, order_of(taken.ticket).visit_no)
        visit.left_at = taken.occurred_at
        visit.save(update_fields=("left_at",))
        taken.say(visit=visit.number)
    return taken.ticket
