"""Telling engineering, agreeing the price, and giving the job to somebody (rules REP-05 to REP-09, REP-13)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from repairs import policies
from repairs.actions.by_rule import caught_up
from repairs.actions.paper import slip_number
from repairs.actions.visits import iso, open_visit, visit_of
from repairs.availability import is_worker, on_shift, why_not, workers_of
from repairs.errors import TechnicianUnavailable
from repairs.models import RepairOrder, TariffItem
from repairs.workflow import order_of
from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.policies import require
from residents.roles import Role
from residents.tenancy import one_act
from tickets.actions import MOST_FEN, notify, withdraw
from tickets.models import Response, SlaClock, Ticket, TicketEvent
from tickets.sla.ladder import holders
from tickets.texts import checked
from tickets.workflow import step


@one_act()
def inform_engineering(
    ticket_id: int, *, by: Staff, at: datetime | None = None, occurred_at: datetime | None = None
) -> Ticket:
    """Log that engineering was told, before a technician is chosen or while a price is agreed (rule REP-06)."""
    with step(ticket_id, "inform", by=by, at=at, occurred_at=occurred_at) as taken:
        order = order_of(taken.ticket)
        order.informed_at = order.informed_at or taken.occurred_at
        order.save(update_fields=("informed_at",))
        notify(
            taken.ticket,
            holders(Role.ENGINEERING_DUTY, project_id=taken.ticket.project_id, at=taken.entered_at),
            kind="informed",
            text=gettext_noop("新报修：%(title)s · %(place)s"),
            title=taken.ticket.title,
            place=taken.ticket.place,
            key=f"informed/{taken.ticket.pk}",
            at=taken.entered_at,
        )
    return taken.ticket


@one_act()
def tell_price(
    ticket_id: int,
    *,
    by: Staff,
    accepted_by: str,
    tariff: TariffItem | None = None,
    amount_fen: int | None = None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> Ticket:
    """Record that the customer was told the tariff and agreed, and who agreed (rule REP-07).

    `tariff` is the item told, the category's own unless given; where the list has none for it, `amount_fen` is what was
    told instead. Without either nothing was told.
    """
    accepted_by = checked(accepted_by, field="accepted_by", at_most=40, needed=_("请填写同意收费的人。"), rule="REP-07")
    with step(ticket_id, "tell_price", by=by, at=at, occurred_at=occurred_at) as taken:
        order = order_of(taken.ticket)
        if tariff is not None and tariff.project_id not in (None, taken.ticket.project_id):
            raise InvalidInput(_("这项收费标准不在本项目内。"), rule="GEN-08", field="tariff")
        order.tariff = tariff or order.category.tariff
        if amount_fen is None:
            amount_fen = order.tariff.price_fen if order.tariff else None
        if amount_fen is None:
            raise InvalidInput(_("请选择收费项目，或填写告知的金额。"), rule="REP-07", field="amount")
        if not 0 < amount_fen <= MOST_FEN:
            raise InvalidInput(_("金额不对，请核对。"), rule="REP-07", field="amount")
        order.price_told_at = taken.occurred_at
        order.price_accepted_by = accepted_by
        order.save(update_fields=("tariff", "price_told_at", "price_accepted_by"))
        taken.say(accepted_by=accepted_by, price_fen=amount_fen)
    return taken.ticket


@one_act()
def correct_warranty(
    ticket_id: int, *, by: Staff, in_warranty: bool, reason: str, at: datetime | None = None
) -> Ticket:
    """Engineering finds that the class was wrong; the form follows, the reason stays (rule REP-05).

    Once a dispatched repair turns out to be outside the warranty, the price must have been told first (rule REP-07).
    What was charged is dropped only by engineering, and never after a receipt: relief is another matter (rule REP-28).
    """
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明更正原因。"), rule="REP-05")
    with step(ticket_id, "correct_warranty", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        if not in_warranty and order.dispatched_at is not None and order.price_told_at is None:
            raise GateClosed(_("改为收费维修前，先告知业主收费标准并登记同意。"), rule="REP-07")
        if not in_warranty and order.completed_at is not None:
            raise GateClosed(_("已经完工，不能再改为收费维修。"), rule="REP-05")
        if in_warranty and order.paid_fen:
            raise GateClosed(_("已经收费，不能再改为保修期内。"), rule="REP-05")
        if in_warranty and order.charge_fen:
            require(by, policies.CORRECT_CHARGED, project_id=taken.ticket.project_id)
        order.in_warranty = in_warranty
        order.warranty_basis = reason[:120]
        order.form = RepairOrder.Form.WORK_ORDER if in_warranty else RepairOrder.Form.REPAIR_ORDER
        if in_warranty:
            order.charge_fen = order.waived_fen = 0
            order.materials.update(is_warranty=True)
        order.save(update_fields=("in_warranty", "warranty_basis", "form", "charge_fen", "waived_fen"))
        taken.say(in_warranty=in_warranty, reason=reason)
    return taken.ticket


DISPATCHED = (
    "visit_no",
    "completed_at",
    "slip_number",
    "slip_printed_at",
    "slip_taken_at",
    "slip_returned_at",
    "dispatched_at",
    "informed_at",
    "dispatch_kind",
)


@one_act()
def dispatch_repair(
    ticket_id: int,
    *,
    by: Staff,
    technician: Staff | None = None,
    oral: bool = False,
    note: str = "",
    override_reason: str = "",
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
    made: Ticket | None = None,
) -> Ticket:
    """Give the job to a technician, or without one to the open pool (rules REP-09, REP-13, REP-34).

    Raises TechnicianUnavailable for somebody off shift, away or of another trade, unless `override_reason` says why;
    GateClosed (REP-07) for a paid job whose price was not told. A dispatched job given to somebody else keeps its
    arrival and start clocks; a rework starts a new visit on a new slip. `made`: the ticket itself, when it
    was made in this same act.
    """
    note = checked(note, field="note", at_most=500)
    override_reason = checked(override_reason, field="override_reason", at_most=200)
    with caught_up(ticket_id, "dispatch", by=by, at=at, occurred_at=occurred_at, version=version, made=made) as taken:
        ticket, order = taken.ticket, order_of(taken.ticket)
        if technician is not None:
            _check_technician(technician, order, ticket, at=taken.occurred_at, override_reason=override_reason)
        visit = (made and order.first_visit) or visit_of(ticket, order.visit_no)
        if visit.finished:
            visit = open_visit(taken, order, window_from=None, window_to=None)
        if ticket.state == "rework":
            order.slip_number = slip_number(ticket)
            order.slip_printed_at = order.slip_taken_at = order.slip_returned_at = None
        visit.technician = technician
        visit.accepted_at, visit.accepted_by_system = None, False
        visit.save(update_fields=("technician", "accepted_at", "accepted_by_system"))
        ticket.assignee = technician
        ticket.is_pooled = technician is None
        if ticket.response == Response.CANNOT:
            # Somebody thought better of the answer (rule GEN-03).
            ticket.response = Response.LATER if visit.window_to else Response.NOW
        order.dispatched_at = taken.occurred_at
        order.informed_at = order.informed_at or taken.occurred_at
        order.dispatch_kind = RepairOrder.DispatchKind.ORAL if oral else RepairOrder.DispatchKind.SLIP
        order.save(update_fields=DISPATCHED)
        taken.say(
            visit=order.visit_no,
            window_to=iso(visit.window_to),
            technician=technician.pk if technician else None,
            given_to=f"{technician.name} {technician.number}" if technician else "",
            oral=oral,
            note=note,
            override_reason=override_reason,
        )
        people = [technician] if technician else _pool(ticket, order, at=taken.occurred_at)
        notify(
            ticket,
            people,
            kind="dispatched",
            text=gettext_noop("新任务：%(title)s · %(place)s"),
            title=ticket.title,
            place=ticket.place,
            key=f"dispatch/{ticket.pk}/{ticket.version}",
            at=taken.entered_at,
        )
    return taken.ticket


TAKE_BACK_WITHIN = timedelta(seconds=10)
"""Eight seconds on the screen, and two for the way."""
TOLD_BY_DISPATCH = ("REP-06", "REP-09", "REP-12")


@one_act()
def take_back_dispatch(ticket_id: int, *, by: Staff, at: datetime | None = None, version: int | None = None) -> Ticket:
    """Take back the dispatch one has just made, while nobody has accepted it; what it told people is withdrawn.

    The clocks that it stopped run on as if there had been none; a breach among them stays, and a new minute starts.
    Raises GateClosed ten seconds after the dispatch, for another person's, and for a reassignment or a rework.
    """
    with step(ticket_id, "take_back", by=by, at=at, version=version) as taken:
        ticket, order = taken.ticket, order_of(taken.ticket)
        made = last_dispatch(ticket)
        if made is None or made.actor_id != by.pk:
            raise GateClosed(_("改派、返修派单和别人派的单不能撤销，请改派。"), rule="REP-09")
        if taken.entered_at > made.entered_at + TAKE_BACK_WITHIN:
            raise GateClosed(_("派单已超过 8 秒，不能撤销，请改派。"), rule="REP-09")
        visit = visit_of(ticket, order.visit_no)
        visit.technician = None
        visit.save(update_fields=("technician",))
        ticket.assignee, ticket.is_pooled = None, False
        if order.informed_at == made.occurred_at:
            order.informed_at = None
        order.dispatched_at = None
        order.save(update_fields=("informed_at", "dispatched_at"))
        stopped = SlaClock.objects.filter(ticket=ticket, rule_code__in=TOLD_BY_DISPATCH, stopped_at=made.occurred_at)
        taken.say(
            visit=order.visit_no,
            since={
                clock.rule_code: iso(clock.started_at if clock.breached_at is None else taken.occurred_at)
                for clock in stopped.order_by("pk")
            },
        )
        withdraw(ticket, kind="dispatched", since=made.entered_at)
    return taken.ticket


def last_dispatch(ticket: Ticket) -> TicketEvent | None:
    """The dispatch that may be taken back: the latest, and neither a reassignment nor a rework's. One statement."""
    made = ticket.events.filter(kind__in=("dispatched", "redispatched")).order_by("-pk").first()
    return made if made is not None and made.data.get("from") == "reported" else None


def _check_technician(
    technician: Staff, order: RepairOrder, ticket: Ticket, *, at: datetime, override_reason: str
) -> None:
    is_ours = technician.company_id == ticket.company_id and technician.is_active
    if not (is_ours and is_worker(technician, ticket.project_id)):
        raise InvalidInput(_("%(name)s 不是本项目的技工。") % {"name": technician.name}, field="technician")
    if override_reason:
        return
    if reason := why_not(technician, order.trade, on_shift(ticket.project_id, at=at)):
        raise TechnicianUnavailable(
            _("%(name)s %(reason)s，请换人，或写明原因仍然派单。") % {"name": technician.name, "reason": reason},
            field="technician",
        )


def _pool(ticket: Ticket, order: RepairOrder, *, at: datetime) -> list[Staff]:
    """Who may take a job from the open pool; with nobody there the engineering duty hears of it (rule REP-06)."""
    shifts = on_shift(ticket.project_id, at=at)
    free = [
        person for person in workers_of(ticket.project_id).order_by("pk") if not why_not(person, order.trade, shifts)
    ]
    return free or holders(Role.ENGINEERING_DUTY, project_id=ticket.project_id, at=at)
