"""Repairs, from the first keystroke to the finished work (rulebook 5). The tail to the archive is `tickets.closing`.

Every verb takes `at` (moment of entry, default the database's now()) and `occurred_at` (when it really happened,
default `at`), both aware, and `version` (what the page showed; None skips the check). A refusal stores nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from repairs import policies
from repairs.errors import DuplicateSuspected, TechnicianUnavailable
from repairs.models import MaterialLine, RepairCategory, RepairOrder, TariffItem, Visit
from repairs.warranty import warranty_of
from repairs.workflow import has_signature, order_of
from residents.errors import GateClosed, InvalidInput
from residents.models import DutyShift, Person, Project, Staff, Unit
from residents.policies import require
from residents.roles import Role
from tickets.actions import Reported, existing_for, notify, open_ticket
from tickets.facts import moments, record
from tickets.models import Approval, Attachment, Response, SlaClock, Ticket, TicketReporter
from tickets.workflow import Step, step

WHEN_NOW, WHEN_APPOINTMENT, WHEN_CANNOT = "now", "appointment", "cannot"


@dataclass(frozen=True, kw_only=True)
class RepairIntake:
    """What the desk takes down for a repair. `when` is now, appointment or cannot (rules REP-03, GEN-03)."""

    category: RepairCategory
    when: str = ""
    unit: Unit | None = None
    place: str = ""
    description: str = ""
    window_from: datetime | None = None
    window_to: datetime | None = None
    explanation: str = ""
    reporter: Person | None = None
    contact_name: str = ""
    contact_phone: str = ""
    channel: str = "phone"
    contact_ended_at: datetime | None = None
    is_important: bool = False
    price_told: bool = False
    price_accepted_by: str = ""
    not_duplicate: bool = False
    told_next_day: bool = False
    rework_of: Ticket | None = None
    form_key: uuid.UUID | None = None


@transaction.atomic
def report_repair(
    intake: RepairIntake,
    *,
    project: Project,
    by: Staff | None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> Ticket:
    """Take a repair down (rules REP-03 to REP-05, REP-10, REP-33); starts REP-06, REP-09, REP-11 and REP-12.

    The same `form_key` again returns the ticket already made. Raises InvalidInput with the field at fault, or
    DuplicateSuspected with the open tickets it might repeat.
    """
    if by is not None:
        require(by, policies.REPORT, project_id=project.pk)
    if (made := existing_for(intake.form_key)) is not None:
        return made
    entered, occurred = moments(None, at=at, occurred_at=occurred_at, by_person=by is not None)
    is_public = intake.category.is_public_area
    _check_place(intake, is_public)
    when = _check_when(intake, is_public, entered)
    at_night = by is not None and Role.NIGHT_DUTY in by.roles_in(project.pk)
    if at_night and when == WHEN_APPOINTMENT and not intake.told_next_day:
        raise InvalidInput(_("夜间办不了的报修，要告知业主“次日安排”并登记。"), rule="REP-33", field="told_next_day")
    # The home of somebody who reports a public fault is not where the fault is.
    place = intake.place.strip() if is_public else ""
    place = place or (intake.unit.label if intake.unit else "")
    candidates = (
        []
        if intake.not_duplicate
        else duplicates_of(intake.category, project, unit=None if is_public else intake.unit, place=place)
    )
    if candidates:
        raise DuplicateSuspected(candidates)
    warranty = warranty_of(intake.category, intake.unit, on=occurred.astimezone(project.tzinfo).date())
    ticket = open_ticket(
        "repair",
        Reported(
            title=intake.category.name,
            place=place,
            description=intake.description,
            category=intake.category.code,
            is_public_area=is_public,
            unit=intake.unit,
            reporter=intake.reporter,
            contact_name=intake.contact_name,
            contact_phone=intake.contact_phone,
            channel=intake.channel,
            response={WHEN_NOW: Response.NOW, WHEN_APPOINTMENT: Response.LATER}.get(when, Response.CANNOT),
            explanation=intake.explanation,
            promised_at=intake.window_to,
            is_important=intake.is_important
            or intake.category.is_safety
            or bool(intake.reporter and intake.reporter.is_key_customer),
            form_key=intake.form_key,
        ),
        project=project,
        by=by,
        entered_at=entered,
        occurred_at=occurred,
    )
    if intake.rework_of is not None:
        ticket.rework_of, ticket.is_important = intake.rework_of, True
        ticket.save(update_fields=("rework_of", "is_important"))
    order = RepairOrder(
        company_id=ticket.company_id,
        ticket=ticket,
        category=intake.category,
        in_warranty=warranty.covered,
        warranty_basis=warranty.basis,
        form=RepairOrder.Form.WORK_ORDER if warranty.covered else RepairOrder.Form.REPAIR_ORDER,
        contact_ended_at=intake.contact_ended_at,
        trade=intake.category.trade,
        at_night=at_night,
        told_next_day=intake.told_next_day,
        slip_number=f"{ticket.number}-1",
    )
    if not warranty.covered and intake.price_told:
        order.tariff_id = intake.category.tariff_id
        order.price_told_at = occurred
        order.price_accepted_by = intake.price_accepted_by or intake.contact_name
    order.save(force_insert=True)
    Visit(
        company_id=ticket.company_id,
        ticket=ticket,
        number=1,
        window_from=intake.window_from,
        window_to=intake.window_to,
    ).save(force_insert=True)
    if is_public:
        TicketReporter(
            company_id=ticket.company_id,
            ticket=ticket,
            person=intake.reporter,
            unit=intake.unit,
            name=intake.contact_name or _("巡查发现"),
            phone=intake.contact_phone,
            reported_at=occurred,
        ).save(force_insert=True)
    record(
        ticket,
        "reported",
        by=by,
        entered_at=entered,
        occurred_at=occurred,
        data={
            "visit": 1,
            "window_from": _iso(intake.window_from),
            "window_to": _iso(intake.window_to),
            "contact_ended_at": _iso(intake.contact_ended_at),
            "warranty": warranty.covered,
            "price_told": intake.price_told,
            "not_duplicate": intake.not_duplicate,
            "told_next_day": intake.told_next_day,
        },
        audience="owner",
        actor_label="" if by else "owner",
        is_new=True,
    )
    return ticket


def _check_place(intake: RepairIntake, is_public: bool) -> None:
    if not is_public and intake.unit is None:
        raise InvalidInput(_("户内报修请先选房号。"), rule="REP-04", field="unit")
    if is_public and intake.unit is None and not intake.place.strip():
        raise InvalidInput(_("公共报修请写明位置。"), rule="REP-04", field="place")
    if len(intake.description) > 5000:
        raise InvalidInput(_("描述最多 5000 字，现在 %(n)d 字。") % {"n": len(intake.description)}, field="description")


def _check_when(intake: RepairIntake, is_public: bool, entered: datetime) -> str:
    """The regime of the visit: now, appointment, or the answer that it cannot be done."""
    when = intake.when or (WHEN_NOW if is_public else "")
    if when not in (WHEN_NOW, WHEN_APPOINTMENT, WHEN_CANNOT):
        raise InvalidInput(_("请选择上门时间：立即，或约定时间。"), rule="REP-03", field="when")
    if when == WHEN_APPOINTMENT:
        _check_window(intake.window_from, intake.window_to, entered)
    elif intake.window_to is not None:
        raise InvalidInput(_("选了“立即”就不用再填预约时间。"), rule="REP-03", field="window_to")
    return when


def _check_window(window_from: datetime | None, window_to: datetime | None, entered: datetime) -> None:
    if window_from is None or window_to is None:
        raise InvalidInput(_("请填写预约上门的时间段。"), rule="REP-03", field="window_to")
    if window_to < window_from:
        raise InvalidInput(_("预约结束时间早于开始时间。"), rule="REP-03", field="window_to")
    if window_to <= entered:
        raise InvalidInput(_("预约时间要晚于现在。"), rule="REP-03", field="window_to")


def duplicates_of(
    category: RepairCategory, project: Project, *, unit: Unit | None, place: str, limit: int = 3
) -> list[Ticket]:
    """Open repairs that may be the same fault: same category in the same unit, or at the same public place (REP-10)."""
    same = Ticket.objects.open().filter(project=project, kind="repair", category=category.code)
    same = same.filter(unit=unit) if unit is not None else same.filter(place=place)
    return list(same.order_by("-pk")[:limit])


# Dispatch


@transaction.atomic
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
            list(Staff.objects.holding(Role.ENGINEERING_DUTY, project_id=taken.ticket.project_id)),
            kind="informed",
            text=_("新报修：%(title)s · %(place)s") % {"title": taken.ticket.title, "place": taken.ticket.place},
            key=f"informed/{taken.ticket.pk}",
            at=taken.entered_at,
        )
    return taken.ticket


@transaction.atomic
def tell_price(
    ticket_id: int,
    *,
    by: Staff,
    accepted_by: str,
    tariff: TariffItem | None = None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> Ticket:
    """Record that the customer was told the tariff and agreed, and who agreed (rule REP-07)."""
    if not accepted_by.strip():
        raise InvalidInput(_("请填写同意收费的人。"), rule="REP-07", field="accepted_by")
    with step(ticket_id, "tell_price", by=by, at=at, occurred_at=occurred_at) as taken:
        order = order_of(taken.ticket)
        order.tariff = tariff or order.category.tariff
        order.price_told_at = taken.occurred_at
        order.price_accepted_by = accepted_by
        order.save(update_fields=("tariff", "price_told_at", "price_accepted_by"))
        taken.say(accepted_by=accepted_by, price_fen=order.tariff.price_fen if order.tariff else None)
    return taken.ticket


@transaction.atomic
def correct_warranty(
    ticket_id: int, *, by: Staff, in_warranty: bool, reason: str, at: datetime | None = None
) -> Ticket:
    """Engineering finds that the class was wrong; the form follows, the reason stays (rule REP-05).

    Once a dispatched repair turns out to be outside the warranty, the price must have been told first (rule REP-07).
    """
    if not reason.strip():
        raise InvalidInput(_("请写明更正原因。"), rule="REP-05", field="reason")
    with step(ticket_id, "correct_warranty", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        if not in_warranty and order.dispatched_at is not None and order.price_told_at is None:
            raise GateClosed(_("改为收费维修前，先告知业主收费标准并登记同意。"), rule="REP-07")
        order.in_warranty = in_warranty
        order.warranty_basis = reason[:120]
        order.form = RepairOrder.Form.WORK_ORDER if in_warranty else RepairOrder.Form.REPAIR_ORDER
        order.save(update_fields=("in_warranty", "warranty_basis", "form"))
        taken.say(in_warranty=in_warranty, reason=reason)
    return taken.ticket


@transaction.atomic
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
) -> Ticket:
    """Give the job to a technician, or without one to the open pool (rules REP-09, REP-13, REP-34).

    Raises TechnicianUnavailable for somebody off shift, away or of another trade, unless `override_reason` says why;
    GateClosed (REP-07) for a paid job whose price was not told. A dispatched job given to somebody else keeps its
    arrival and start clocks.
    """
    with step(ticket_id, "dispatch", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        ticket, order = taken.ticket, order_of(taken.ticket)
        if technician is not None:
            _check_technician(technician, order, ticket, at=taken.occurred_at, override_reason=override_reason)
        if ticket.state == "rework":
            _open_visit(taken, order, window_from=None, window_to=None)
        visit = _visit(ticket, order.visit_no)
        visit.technician = technician
        visit.save(update_fields=("technician",))
        ticket.assignee = technician
        ticket.is_pooled = technician is None
        order.dispatched_at = taken.occurred_at
        order.informed_at = order.informed_at or taken.occurred_at
        order.dispatch_kind = RepairOrder.DispatchKind.ORAL if oral else RepairOrder.DispatchKind.SLIP
        order.save(update_fields=("dispatched_at", "informed_at", "dispatch_kind", "visit_no", "completed_at"))
        taken.say(
            visit=order.visit_no,
            window_to=_iso(visit.window_to),
            technician=technician.pk if technician else None,
            to=f"{technician.name} {technician.number}" if technician else _("抢单池"),
            oral=oral,
            note=note,
            override_reason=override_reason,
        )
        people = [technician] if technician else _pool(ticket, order, at=taken.occurred_at)
        notify(
            ticket,
            people,
            kind="dispatched",
            text=_("新任务：%(title)s · %(place)s") % {"title": ticket.title, "place": ticket.place},
            key=f"dispatch/{ticket.pk}/{ticket.version}",
            at=taken.entered_at,
        )
    return taken.ticket


def _check_technician(
    technician: Staff, order: RepairOrder, ticket: Ticket, *, at: datetime, override_reason: str
) -> None:
    if not {Role.TECHNICIAN, Role.NIGHT_DUTY} & technician.roles_in(ticket.project_id):
        raise InvalidInput(_("%(name)s 不是本项目的技工。") % {"name": technician.name}, field="technician")
    if override_reason.strip():
        return
    shift = (
        DutyShift.objects.filter(
            staff=technician, project_id=ticket.project_id, started_at__lte=at, ends_at__gt=at, ended_at=None
        )
        .order_by("-started_at")
        .first()
    )
    if shift is None:
        raise TechnicianUnavailable(
            _("%(name)s 不在班，请换人，或写明原因仍然派单。") % {"name": technician.name}, field="technician"
        )
    if shift.is_away:
        raise TechnicianUnavailable(
            _("%(name)s 暂不接单，请换人，或写明原因仍然派单。") % {"name": technician.name}, field="technician"
        )
    if order.trade != "general" and order.trade not in technician.trades and "general" not in technician.trades:
        raise TechnicianUnavailable(
            _("%(name)s 的工种不符，请换人，或写明原因仍然派单。") % {"name": technician.name}, field="technician"
        )


def _pool(ticket: Ticket, order: RepairOrder, *, at: datetime) -> list[Staff]:
    return list(Staff.objects.holding(Role.TECHNICIAN, project_id=ticket.project_id).on_duty(at=at))


# Acceptance


@transaction.atomic
def accept_repair(
    ticket_id: int,
    *,
    by: Staff,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Take the order (接单), or grab it from the pool (rule REP-15).

    Later than the automatic acceptance it is recorded and moves nothing. Raises InvalidInput when the job is
    somebody else's.
    """
    ticket = Ticket.objects.select_related("project").lock(ticket_id)
    entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=True)
    if ticket.assignee_id not in (None, by.pk):
        raise InvalidInput(_("这一单派给了别人。"), rule="REP-15", field="technician")
    if ticket.state == "dispatched":
        _accept_if_due(ticket, entered=entered, occurred=occurred)
        ticket.refresh_from_db(fields=("state", "version"))
    late = ticket.state == "accepted"
    with step(
        ticket_id,
        "accept_late" if late else "accept",
        by=by,
        at=entered,
        occurred_at=occurred,
        version=None if late else version,
    ) as taken:
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
        if taken.ticket.assignee_id is None:
            taken.ticket.assignee, taken.ticket.is_pooled = by, False
            visit.technician = by
        if not late:
            visit.accepted_at = taken.occurred_at
        visit.save(update_fields=("technician", "accepted_at"))
        taken.say(visit=order.visit_no, window_to=_iso(visit.window_to))
    return taken.ticket


def _accept_if_due(ticket: Ticket, *, entered: datetime, occurred: datetime) -> None:
    """The sweep may be a moment behind: what is accepted by hand too late was accepted by rule before."""
    clock = SlaClock.objects.live().filter(ticket=ticket, rule_code="REP-15").first()
    if clock is not None and occurred > clock.due_at:
        auto_accept(clock, at=entered)


def auto_accept(clock: SlaClock, *, at: datetime) -> None:
    """Effect of REP-15 at due: the order counts as accepted at that moment. Safe to repeat."""
    assert clock.ticket_id is not None
    ticket = Ticket.objects.lock(clock.ticket_id)
    if ticket.state != "dispatched" or not SlaClock.objects.live().filter(pk=clock.pk).exists():
        return
    if clock.breached_at is None:
        # Told by a late hand before the sweep came by: the automatic acceptance is the breach of REP-15.
        from tickets.sla.engine import breach_now

        breach_now(clock, at=at)
    with step(ticket.pk, "accept", by=None, at=at, occurred_at=clock.due_at) as taken:
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
        visit.accepted_at, visit.accepted_by_system = taken.occurred_at, True
        visit.save(update_fields=("accepted_at", "accepted_by_system"))
        taken.say(visit=order.visit_no, window_to=_iso(visit.window_to), automatic=True)


@transaction.atomic
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
    if not reason.strip():
        raise InvalidInput(_("请写明退单原因。"), rule="REP-15", field="reason")
    with step(ticket_id, "return", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        taken.ticket.assignee, taken.ticket.is_pooled = None, False
        taken.say(reason=reason, visit=order_of(taken.ticket).visit_no)
        notify(
            taken.ticket,
            list(
                Staff.objects.holding(Role.FRONT_DESK, project_id=taken.ticket.project_id).on_duty(at=taken.entered_at)
            ),
            kind="returned",
            text=_("退单：%(title)s · %(reason)s") % {"title": taken.ticket.title, "reason": reason},
            key=f"returned/{taken.ticket.pk}/{taken.ticket.version}",
            at=taken.entered_at,
        )
    return taken.ticket


# Appointments


@transaction.atomic
def set_appointment(
    ticket_id: int,
    *,
    by: Staff,
    window_from: datetime,
    window_to: datetime,
    reason: str = "",
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Agree a time, or another one before the old has passed; the on-demand clocks give way (rules REP-20, GEN-02)."""
    with step(ticket_id, "set_appointment", by=by, at=at, version=version) as taken:
        _check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
        old = _iso(visit.window_to)
        visit.window_from, visit.window_to = window_from, window_to
        visit.save(update_fields=("window_from", "window_to"))
        taken.say(
            visit=order.visit_no, window_from=_iso(window_from), window_to=_iso(window_to), old=old, reason=reason
        )
    return taken.ticket


def miss_visit(clock: SlaClock, *, at: datetime) -> None:
    """Effect of REP-20 at due: nobody came in the window; the apology clock starts. Safe to repeat."""
    assert clock.ticket_id is not None
    ticket = Ticket.objects.select_related("project").lock(clock.ticket_id)
    number = int(clock.scope.rsplit(":", 1)[1])
    visit = _visit(ticket, number)
    if visit.arrived_at is not None or visit.missed_at is not None or ticket.closed_at is not None:
        return
    with step(ticket.pk, "miss_visit", by=None, at=at, occurred_at=clock.due_at) as taken:
        visit.missed_at = clock.due_at
        visit.save(update_fields=("missed_at",))
        order = order_of(taken.ticket)
        order.missed_count += 1
        order.save(update_fields=("missed_count",))
        taken.say(visit=number)


@transaction.atomic
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
    if not reason.strip():
        raise InvalidInput(_("请写明失约原因。"), rule="REP-20", field="reason")
    with step(ticket_id, "apologise", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        visit = Visit.objects.filter(ticket=taken.ticket, missed_at__isnull=False).order_by("-number").first()
        if visit is None:
            raise GateClosed(_("没有失约的上门，不需要登记致歉。"), rule="REP-20")
        visit.apologised_at, visit.miss_reason = taken.occurred_at, reason
        visit.save(update_fields=("apologised_at", "miss_reason"))
        taken.say(visit=visit.number, reason=reason)
    return taken.ticket


@transaction.atomic
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
    if not reason.strip():
        raise InvalidInput(_("请写明失约原因。"), rule="REP-20", field="reason")
    with step(ticket_id, "reappoint", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        missed = _visit(taken.ticket, order.visit_no)
        missed.apologised_at, missed.miss_reason = taken.occurred_at, reason
        missed.save(update_fields=("apologised_at", "miss_reason"))
        visit = _open_visit(taken, order, window_from=window_from, window_to=window_to)
        visit.accepted_at = taken.occurred_at
        visit.save(update_fields=("accepted_at",))
        order.save(update_fields=("visit_no",))
        taken.say(
            visit=visit.number,
            ended_visit=missed.number,
            window_from=_iso(window_from),
            window_to=_iso(window_to),
            reason=reason,
        )
    return taken.ticket


# On site


@transaction.atomic
def arrive(
    ticket_id: int,
    *,
    by: Staff,
    method: str = "scan",
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The technician is at the door (rules REP-16, REP-20). `method`: scan, manual or phone.

    An order not yet accepted is accepted by arriving. Arriving after the agreed window is a missed visit first;
    arriving within it but entered later takes the miss back, while the record of the breach stays.
    """
    ticket = Ticket.objects.select_related("project").lock(ticket_id)
    entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=True)
    if ticket.state == "dispatched" and ticket.assignee_id == by.pk:
        accept_repair(ticket_id, by=by, at=entered, occurred_at=occurred, version=version)
        version = None
    if ticket.state in ("accepted", "dispatched"):
        _miss_if_due(ticket, entered=entered, occurred=occurred)
    with step(ticket_id, "arrive", by=by, at=entered, occurred_at=occurred, version=version) as taken:
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
        visit.arrived_at, visit.arrival_method = taken.occurred_at, method
        in_time = visit.window_to is None or taken.occurred_at <= visit.window_to
        if visit.missed_at is not None and in_time:
            visit.missed_at = None
            order.missed_count -= 1
            order.save(update_fields=("missed_count",))
            record(
                taken.ticket,
                "miss_withdrawn",
                by=by,
                entered_at=taken.entered_at,
                occurred_at=taken.occurred_at,
                data={"visit": visit.number},
            )
        visit.save(update_fields=("arrived_at", "arrival_method", "missed_at"))
        taken.say(visit=order.visit_no, method=method)
    return taken.ticket


def _miss_if_due(ticket: Ticket, *, entered: datetime, occurred: datetime) -> None:
    clock = SlaClock.objects.live().filter(ticket=ticket, rule_code__in=("REP-20", "REP-20.again")).first()
    if clock is not None and occurred > clock.due_at:
        miss_visit(clock, at=entered)


@transaction.atomic
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
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
        visit.started_at = taken.occurred_at
        visit.save(update_fields=("started_at",))
        taken.say(visit=order.visit_no)
    return taken.ticket


@transaction.atomic
def leave_early(
    ticket_id: int,
    *,
    by: Staff,
    consent: Attachment | None,
    window_from: datetime | None,
    window_to: datetime | None,
    reason: str = "",
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Leave before it is finished: only with the owner's written consent and an agreed next time, both (rule REP-19)."""
    with step(ticket_id, "leave_early", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        if consent is None or consent.ticket_id != taken.ticket.pk:
            raise GateClosed(_("暂离现场要有业主的书面同意（照片或签字）。"), rule="REP-19")
        if window_from is None or window_to is None:
            raise GateClosed(_("暂离现场要约好下次上门时间。"), rule="REP-19")
        _check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        left = _visit(taken.ticket, order.visit_no)
        left.left_at, left.consent = taken.occurred_at, consent
        left.save(update_fields=("left_at", "consent"))
        visit = _open_visit(taken, order, window_from=window_from, window_to=window_to)
        visit.accepted_at = taken.occurred_at
        visit.technician = left.technician
        visit.save(update_fields=("accepted_at", "technician"))
        order.save(update_fields=("visit_no",))
        taken.say(
            visit=visit.number,
            ended_visit=left.number,
            window_from=_iso(window_from),
            window_to=_iso(window_to),
            reason=reason,
        )
    return taken.ticket


@transaction.atomic
def leave_site(ticket_id: int, *, by: Staff, at: datetime | None = None, occurred_at: datetime | None = None) -> Ticket:
    """Log the departure; refused while the repair is not finished (rule REP-18)."""
    with step(ticket_id, "leave", by=by, at=at, occurred_at=occurred_at) as taken:
        visit = _visit(taken.ticket, order_of(taken.ticket).visit_no)
        visit.left_at = taken.occurred_at
        visit.save(update_fields=("left_at",))
        taken.say(visit=visit.number)
    return taken.ticket


@dataclass(frozen=True, kw_only=True)
class Material:
    """A material used: quantity in its own unit, price of one in fen."""

    name: str
    quantity: float = 1
    price_fen: int = 0


@transaction.atomic
def finish_work(
    ticket_id: int,
    *,
    by: Staff,
    result: str,
    is_tested: bool,
    is_cleaned: bool,
    part_spec: str = "",
    materials: tuple[Material, ...] = (),
    labour_fen: int = 0,
    signed_on_paper: bool = False,
    report: bool = True,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Finished: the customer has tried it, the place is clean, it is signed (rules REP-18, REP-22, REP-23).

    In a home the owner's signature of this visit must be attached, unless `signed_on_paper` says it stands on the
    slip that comes back. Starts REP-21, REP-26, for public areas REP-02, for important needs REP-27, all from when the
    work was finished. `report` tells the desk in the same act, as finishing on the phone does. Money in fen.
    """
    if not result.strip():
        raise InvalidInput(_("请填写处理结果。"), rule="REP-22", field="result")
    with step(ticket_id, "finish", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        ticket, order = taken.ticket, order_of(taken.ticket)
        if not is_tested:
            raise GateClosed(_("请业主试用（公共部位请测试）后再完工。"), rule="REP-23")
        if not is_cleaned:
            raise GateClosed(_("清理现场后再完工。"), rule="REP-23")
        if not (ticket.is_public_area or signed_on_paper or has_signature(ticket)):
            raise GateClosed(_("差业主签字。"), rule="REP-23")
        order.result, order.part_spec = result, part_spec
        order.is_tested, order.is_cleaned = True, True
        order.completed_at = ticket.handled_at = taken.occurred_at
        order.completion_entered_at = None
        if by.roles_in(ticket.project_id) & {Role.TECHNICIAN, Role.NIGHT_DUTY}:
            # Finished on the phone: the completion is in the system already.
            order.completion_entered_at = taken.entered_at
        order.charge_fen = (
            0 if order.in_warranty else labour_fen + sum(round(m.quantity * m.price_fen) for m in materials)
        )
        order.save()
        MaterialLine.objects.bulk_create(
            MaterialLine(
                company_id=ticket.company_id,
                order=order,
                name=m.name,
                quantity=m.quantity,
                price_fen=m.price_fen,
                is_warranty=order.in_warranty,
            )
            for m in materials
        )
        visit = _visit(ticket, order.visit_no)
        visit.finished = True
        visit.save(update_fields=("finished",))
        taken.say(visit=order.visit_no, result=result, charge_fen=order.charge_fen, signed_on_paper=signed_on_paper)
    if report:
        return report_completion(ticket_id, by=by, at=taken.entered_at, occurred_at=taken.occurred_at)
    return taken.ticket


@transaction.atomic
def report_completion(
    ticket_id: int,
    *,
    by: Staff,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The desk hears that it is done; the ten minutes to acceptance start and the specialist is told (rule REP-25)."""
    with step(ticket_id, "report_completion", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        order = order_of(taken.ticket)
        order.completion_reported_at = taken.entered_at
        order.save(update_fields=("completion_reported_at",))
        # The desk knows it from the moment it is entered, whenever the work itself ended.
        taken.occurred_at = taken.entered_at
        taken.say(visit=order.visit_no)
        notify(
            taken.ticket,
            list(
                Staff.objects.holding(Role.SPECIALIST, project_id=taken.ticket.project_id).on_duty(at=taken.entered_at)
            ),
            kind="completed",
            text=_("待验收：%(title)s · %(place)s") % {"title": taken.ticket.title, "place": taken.ticket.place},
            key=f"completed/{taken.ticket.pk}/{taken.ticket.version}",
            at=taken.entered_at,
        )
    return taken.ticket


# Paper


@transaction.atomic
def print_slip(ticket_id: int, *, by: Staff, at: datetime | None = None) -> Ticket:
    """The two-part slip left the printer; a second print is a reprint and says so (rules REP-12, GEN-09)."""
    with step(ticket_id, "print_slip", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        again = order.slip_printed_at is not None
        order.slip_printed_at = order.slip_printed_at or taken.occurred_at
        order.save(update_fields=("slip_printed_at",))
        taken.say(slip=order.slip_number, reprint=again)
    return taken.ticket


@transaction.atomic
def take_slip(ticket_id: int, *, by: Staff, receiver: Staff, cautions: str = "", at: datetime | None = None) -> Ticket:
    """The technician signs for the slip and hears what is known about the customer (rules REP-13, REP-14, CBK-05)."""
    with step(ticket_id, "take_slip", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        order.slip_taken_at = taken.occurred_at
        order.save(update_fields=("slip_taken_at",))
        taken.say(slip=order.slip_number, receiver=f"{receiver.name} {receiver.number}", cautions=cautions)
    return taken.ticket


@transaction.atomic
def return_slip(
    ticket_id: int, *, by: Staff, at: datetime | None = None, occurred_at: datetime | None = None
) -> Ticket:
    """The signed part is back at the desk (rules REP-21, REP-22); starts REP-24 unless the completion is entered.

    In a home it must carry the owner's signature: attached, or drawn on the phone. Without it the slip is sent back.
    """
    with step(ticket_id, "return_slip", by=by, at=at, occurred_at=occurred_at) as taken:
        order = order_of(taken.ticket)
        if not taken.ticket.is_public_area and not has_signature(taken.ticket):
            raise GateClosed(_("作业联缺业主签字：补签，或上传签过字的作业联。"), rule="REP-22")
        if not order.result:
            raise GateClosed(_("作业联缺处理结果。"), rule="REP-22")
        order.slip_returned_at = taken.occurred_at
        order.save(update_fields=("slip_returned_at",))
        taken.say(slip=order.slip_number, visit=order.visit_no)
    return taken.ticket


@transaction.atomic
def enter_completion(ticket_id: int, *, by: Staff, part_spec: str = "", at: datetime | None = None) -> Ticket:
    """Type in what the slip says (rule REP-24)."""
    with step(ticket_id, "enter_completion", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        order.completion_entered_at = taken.entered_at
        order.part_spec = part_spec or order.part_spec
        order.save(update_fields=("completion_entered_at", "part_spec"))
    return taken.ticket


# Money


@transaction.atomic
def waive_fee(ticket_id: int, *, by: Staff, amount_fen: int, at: datetime | None = None) -> Ticket:
    """Reduce what the customer owes, only by what the estate manager has granted (rules REP-28, ROLE-10). In fen."""
    with step(ticket_id, "waive_fee", by=by, at=at) as taken:
        granted = (
            Approval.objects.filter(
                ticket=taken.ticket, subject="fee_relief", decision=Approval.Decision.GRANTED
            ).aggregate(most=Max("amount_fen"))["most"]
            or 0
        )
        if amount_fen > granted:
            raise GateClosed(_("减免费用要先由项目经理批准，且不超过批准的金额。"), rule="REP-28")
        order = order_of(taken.ticket)
        if amount_fen > order.charge_fen:
            raise InvalidInput(_("减免金额超过应收金额。"), rule="REP-28", field="amount")
        order.waived_fen = amount_fen
        order.save(update_fields=("waived_fen",))
        taken.say(amount_fen=amount_fen)
    return taken.ticket


@transaction.atomic
def take_fee(ticket_id: int, *, by: Staff, receipt_number: str, at: datetime | None = None) -> Ticket:
    """Register the receipt of a paid repair (rule REP-36)."""
    if not receipt_number.strip():
        raise InvalidInput(_("请填写收据号。"), rule="REP-36", field="receipt_number")
    with step(ticket_id, "take_fee", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        order.receipt_number = receipt_number
        order.save(update_fields=("receipt_number",))
        taken.say(receipt=receipt_number, amount_fen=order.payable_fen)
    return taken.ticket


# Ending early


@transaction.atomic
def cancel_repair(
    ticket_id: int,
    *,
    by: Staff,
    reason: str,
    withdrawn_by: str,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The customer withdraws before work starts: why, who, confirmed by a call (table c)."""
    if not reason.strip() or not withdrawn_by.strip():
        raise InvalidInput(_("请写明撤回原因和撤回人。"), field="reason")
    with step(ticket_id, "cancel", by=by, at=at, version=version) as taken:
        taken.say(reason=reason, withdrawn_by=withdrawn_by)
    return taken.ticket


@transaction.atomic
def close_unservable(
    ticket_id: int, *, by: Staff, explanation: str, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """The office cannot solve it and has explained until the customer understood; the head of the centre signs.

    Never simply 'not ours': rules GEN-03, GEN-06, REP-04.
    """
    if not explanation.strip():
        raise InvalidInput(_("请写明对业主的解释。"), rule="GEN-03", field="explanation")
    with step(ticket_id, "close_unservable", by=by, at=at, version=version) as taken:
        taken.ticket.response, taken.ticket.explanation = Response.CANNOT, explanation
        taken.say(explanation=explanation)
    return taken.ticket


# Shared


def _visit(ticket: Ticket, number: int) -> Visit:
    return Visit.objects.get(ticket=ticket, number=number)


def _open_visit(taken: Step, order: RepairOrder, *, window_from: datetime | None, window_to: datetime | None) -> Visit:
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


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def effect(verb: Any) -> Any:
    """An outbox effect from a verb of a clock: it happens at the moment its step fired."""

    def perform(clock: SlaClock, fired_at: datetime) -> None:
        with transaction.atomic():
            verb(clock, at=fired_at)

    return perform
