"""Repairs, from the first keystroke to the finished work (rulebook 5). The tail to the archive is `tickets.closing`.

Every verb takes `at` (moment of entry, default the database's now()) and `occurred_at` (when it really happened,
default `at`), both aware, and `version` (what the page showed; None skips the check). A refusal stores nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from repairs import policies
from repairs.errors import DuplicateSuspected, TechnicianUnavailable
from repairs.models import MaterialLine, RepairCategory, RepairOrder, TariffItem, Visit
from repairs.warranty import warranty_of
from repairs.workflow import has_signature, order_of
from residents.errors import GateClosed, InvalidInput, NotAllowed, StaleVersion
from residents.models import DutyShift, Person, Project, Staff, Unit
from residents.models.staff import Trade
from residents.policies import require
from residents.roles import Role
from tickets.actions import MOST_FEN, Reported, existing_for, notify, open_ticket
from tickets.errors import IllegalTransition
from tickets.facts import moments, record
from tickets.models import Approval, Attachment, Response, SlaClock, Ticket, TicketReporter
from tickets.policies import DESK
from tickets.sla.engine import breach_now, correct
from tickets.sla.ladder import holders
from tickets.texts import checked
from tickets.workflow import Step, step

WHEN_NOW, WHEN_APPOINTMENT, WHEN_CANNOT = "now", "appointment", "cannot"
PATROL = "patrol"
"""Channel of a fault that our own people found: no customer waits for a reply (rule REP-37)."""


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


def report_repair(
    intake: RepairIntake,
    *,
    project: Project,
    by: Staff | None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> Ticket:
    """Take a repair down (rules REP-03 to REP-05, REP-10, REP-33); starts REP-06, REP-09, REP-11 and REP-12.

    The same `form_key` again, even at the same moment, returns the ticket already made. Raises InvalidInput with the
    field at fault, or DuplicateSuspected with the open tickets it might repeat.
    """
    if by is not None:
        require(by, policies.REPORT, project_id=project.pk)
    if (made := _made_by(intake.form_key, project)) is not None:
        return made
    try:
        with transaction.atomic():
            return _take_down(intake, project=project, by=by, at=at, occurred_at=occurred_at)
    except IntegrityError:
        # The same form sent twice at once: the other submit has committed by now, or it was another constraint.
        if (made := _made_by(intake.form_key, project)) is None:
            raise
        return made


def _made_by(form_key: uuid.UUID | None, project: Project) -> Ticket | None:
    made = existing_for(form_key)
    if made is not None and made.project_id != project.pk:
        raise NotAllowed(rule="GEN-08")
    return made


def _take_down(
    intake: RepairIntake,
    *,
    project: Project,
    by: Staff | None,
    at: datetime | None,
    occurred_at: datetime | None,
) -> Ticket:
    entered, occurred = moments(None, at=at, occurred_at=occurred_at, by_person=by is not None)
    is_public = intake.category.is_public_area
    _check_ours(intake, project)
    _check_place(intake, is_public)
    when = _check_when(intake, is_public, entered)
    at_night = by is not None and _is_on_night_duty(by, project, at=entered)
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
    name = intake.contact_name.strip() or (intake.reporter.name if intake.reporter else "")
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
        warranty_basis=warranty.basis[:120],
        form=RepairOrder.Form.WORK_ORDER if warranty.covered else RepairOrder.Form.REPAIR_ORDER,
        contact_ended_at=intake.contact_ended_at,
        trade=intake.category.trade,
        at_night=at_night,
        told_next_day=intake.told_next_day,
        slip_number=_slip_number(ticket),
    )
    if not warranty.covered and intake.price_told:
        order.tariff_id = intake.category.tariff_id
        order.price_told_at = occurred
        order.price_accepted_by = checked(
            intake.price_accepted_by or name,
            field="price_accepted_by",
            at_most=40,
            needed=_("请填写同意收费的人。"),
            rule="REP-07",
        )
    order.save(force_insert=True)
    Visit(
        company_id=ticket.company_id,
        ticket=ticket,
        number=1,
        window_from=intake.window_from,
        window_to=intake.window_to,
    ).save(force_insert=True)
    if is_public and name and intake.channel != PATROL:
        TicketReporter(
            company_id=ticket.company_id,
            ticket=ticket,
            person=intake.reporter,
            unit=intake.unit,
            name=name,
            phone=intake.contact_phone.strip(),
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


def _slip_number(ticket: Ticket) -> str:
    """Serial number of the two-part slip: each round of the work has its own (rule GEN-09)."""
    return f"{ticket.number}-{ticket.rework_count + 1}"


def _is_on_night_duty(by: Staff, project: Project, *, at: datetime) -> bool:
    """Whether the person takes the repair as the night duty: by the running shift, without one by the role alone."""
    roles = by.roles_in(project.pk)
    if Role.NIGHT_DUTY not in roles:
        return False
    on = set(_shifts(by, project.pk, at=at).values_list("role", flat=True))
    return Role.NIGHT_DUTY in on if on else Role.FRONT_DESK not in roles


def _shifts(staff: Staff, project_id: int, *, at: datetime) -> Any:
    """The shifts of a person that ran at that moment, the latest first."""
    return (
        DutyShift.objects.filter(staff=staff, project_id=project_id, started_at__lte=at, ends_at__gt=at)
        .filter(Q(ended_at=None) | Q(ended_at__gt=at))
        .order_by("-started_at")
    )


def _check_ours(intake: RepairIntake, project: Project) -> None:
    """Category and earlier ticket are of this company and project; home and person are checked by the core (GEN-08)."""
    if intake.category.company_id != project.company_id:
        raise InvalidInput(_("请从列表里选一个事项。"), rule="GEN-08", field="category")
    if intake.rework_of is None and not intake.category.is_active:
        raise InvalidInput(_("这个事项已停用，请另选。"), rule="REP-04", field="category")
    if intake.rework_of is not None and intake.rework_of.project_id != project.pk:
        raise InvalidInput(_("要关联的工单不在本项目内。"), rule="GEN-08", field="rework_of")


def _check_place(intake: RepairIntake, is_public: bool) -> None:
    if not is_public and intake.unit is None:
        raise InvalidInput(_("户内报修请先选房号。"), rule="REP-04", field="unit")
    if is_public and intake.unit is None and not intake.place.strip():
        raise InvalidInput(_("公共报修请写明位置。"), rule="REP-04", field="place")


def _check_when(intake: RepairIntake, is_public: bool, entered: datetime) -> str:
    """The regime of the visit: now, appointment, or the answer that it cannot be done."""
    when = intake.when or (WHEN_NOW if is_public else "")
    if when not in (WHEN_NOW, WHEN_APPOINTMENT, WHEN_CANNOT):
        raise InvalidInput(_("请选择上门时间：立即，或约定时间。"), rule="REP-03", field="when")
    if when == WHEN_APPOINTMENT:
        _check_window(intake.window_from, intake.window_to, entered)
    elif intake.window_from is not None or intake.window_to is not None:
        raise InvalidInput(_("没有选“约定时间”，请不要填预约时间。"), rule="REP-03", field="window_to")
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
            holders(Role.ENGINEERING_DUTY, project_id=taken.ticket.project_id, at=taken.entered_at),
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
    accepted_by = checked(accepted_by, field="accepted_by", at_most=40, needed=_("请填写同意收费的人。"), rule="REP-07")
    with step(ticket_id, "tell_price", by=by, at=at, occurred_at=occurred_at) as taken:
        order = order_of(taken.ticket)
        if tariff is not None and tariff.project_id not in (None, taken.ticket.project_id):
            raise InvalidInput(_("这项收费标准不在本项目内。"), rule="GEN-08", field="tariff")
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
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明更正原因。"), rule="REP-05")
    with step(ticket_id, "correct_warranty", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        if not in_warranty and order.dispatched_at is not None and order.price_told_at is None:
            raise GateClosed(_("改为收费维修前，先告知业主收费标准并登记同意。"), rule="REP-07")
        if not in_warranty and order.completed_at is not None:
            raise GateClosed(_("已经完工，不能再改为收费维修。"), rule="REP-05")
        order.in_warranty = in_warranty
        order.warranty_basis = reason[:120]
        order.form = RepairOrder.Form.WORK_ORDER if in_warranty else RepairOrder.Form.REPAIR_ORDER
        if in_warranty:
            order.charge_fen = order.waived_fen = 0
            order.materials.update(is_warranty=True)
        order.save(update_fields=("in_warranty", "warranty_basis", "form", "charge_fen", "waived_fen"))
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
    arrival and start clocks; a rework starts a new visit on a new slip.
    """
    note = checked(note, field="note", at_most=500)
    override_reason = checked(override_reason, field="override_reason", at_most=200)
    with _caught_up(ticket_id, "dispatch", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        ticket, order = taken.ticket, order_of(taken.ticket)
        if technician is not None:
            _check_technician(technician, order, ticket, at=taken.occurred_at, override_reason=override_reason)
        visit = _visit(ticket, order.visit_no)
        if visit.finished:
            visit = _open_visit(taken, order, window_from=None, window_to=None)
        if ticket.state == "rework":
            order.slip_number = _slip_number(ticket)
            order.slip_printed_at = order.slip_taken_at = order.slip_returned_at = None
        visit.technician = technician
        visit.accepted_at, visit.accepted_by_system = None, False
        visit.save(update_fields=("technician", "accepted_at", "accepted_by_system"))
        ticket.assignee = technician
        ticket.is_pooled = technician is None
        order.dispatched_at = taken.occurred_at
        order.informed_at = order.informed_at or taken.occurred_at
        order.dispatch_kind = RepairOrder.DispatchKind.ORAL if oral else RepairOrder.DispatchKind.SLIP
        order.save()
        taken.say(
            visit=order.visit_no,
            window_to=_iso(visit.window_to),
            technician=technician.pk if technician else None,
            given_to=f"{technician.name} {technician.number}" if technician else _("抢单池"),
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
    is_ours = technician.company_id == ticket.company_id and technician.is_active
    if not (is_ours and {Role.TECHNICIAN, Role.NIGHT_DUTY} & technician.roles_in(ticket.project_id)):
        raise InvalidInput(_("%(name)s 不是本项目的技工。") % {"name": technician.name}, field="technician")
    if override_reason:
        return
    shift = _shifts(technician, ticket.project_id, at=at).first()
    if shift is None:
        raise TechnicianUnavailable(
            _("%(name)s 不在班，请换人，或写明原因仍然派单。") % {"name": technician.name}, field="technician"
        )
    if shift.is_away:
        raise TechnicianUnavailable(
            _("%(name)s 暂不接单，请换人，或写明原因仍然派单。") % {"name": technician.name}, field="technician"
        )
    if not _has_trade(technician, order.trade):
        raise TechnicianUnavailable(
            _("%(name)s 的工种不符，请换人，或写明原因仍然派单。") % {"name": technician.name}, field="technician"
        )


def _has_trade(technician: Staff, trade: str) -> bool:
    return trade == Trade.GENERAL or bool({trade, Trade.GENERAL} & set(technician.trades))


def _pool(ticket: Ticket, order: RepairOrder, *, at: datetime) -> list[Staff]:
    """Who may take a job from the open pool: on duty, not away, of the trade."""
    free = Staff.objects.holding(Role.TECHNICIAN, project_id=ticket.project_id).filter(
        shifts__started_at__lte=at, shifts__ends_at__gt=at, shifts__ended_at=None, shifts__is_away=False
    )
    return [person for person in free.order_by("pk") if _has_trade(person, order.trade)]


# What the rules did meanwhile


@contextmanager
def _caught_up(
    ticket_id: int,
    action: str,
    *,
    by: Staff,
    at: datetime | None,
    occurred_at: datetime | None = None,
    version: int | None = None,
    data: dict[str, Any] | None = None,
) -> Iterator[Step]:
    """`step`, after what the rules made of the ticket by then: the sweep may be a moment behind a person's hand.

    An order not accepted in time counts as accepted at due (REP-15), a window nobody came in as missed (REP-20). The
    result never depends on which came first. `version` is compared before that.
    """
    with transaction.atomic():
        ticket = Ticket.objects.select_related("project").lock(ticket_id)
        entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=True)
        if version is not None and version != ticket.version:
            raise StaleVersion
        locked = None if _catch_up(ticket, entered=entered, occurred=occurred) else ticket
        with step(ticket_id, action, by=by, at=entered, occurred_at=occurred, data=data, locked=locked) as taken:
            yield taken


def _catch_up(ticket: Ticket, *, entered: datetime, occurred: datetime) -> bool:
    """Whether the ticket is no longer as it was read."""
    overdue = SlaClock.objects.live().filter(
        ticket=ticket, rule_code__in=("REP-15", "REP-20", "REP-20.again"), due_at__lt=occurred
    )
    if not overdue.exists():
        return False
    for clock in overdue.select_related("rule").order_by("due_at"):
        (auto_accept if clock.rule_code == "REP-15" else miss_visit)(clock, at=entered)
    return True


def _own_job(taken: Step) -> None:
    """A technician acts on the own job or one that nobody has; the desk and the engineering leaders on any."""
    assert taken.by is not None
    leaders = {*DESK, Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR}
    if taken.ticket.assignee_id in (None, taken.by.pk) or leaders & taken.by.roles_in(taken.ticket.project_id):
        return
    raise InvalidInput(_("这一单派给了别人。"), rule="REP-15", field="technician")


def _worker(taken: Step) -> int:
    """Who does the work of a step, whoever types it in: the events of the work carry it (rules CBK-04, ROLE-18)."""
    assert taken.by is not None
    return taken.ticket.assignee_id or taken.by.pk


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
        _catch_up(ticket, entered=entered, occurred=occurred)
        ticket.refresh_from_db(fields=("state",))
    late = ticket.state == "accepted"
    with step(ticket_id, "accept_late" if late else "accept", by=by, at=entered, occurred_at=occurred) as taken:
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
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
        taken.say(visit=order.visit_no, window_to=_iso(visit.window_to))
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


def auto_accept(clock: SlaClock, *, at: datetime) -> None:
    """Effect of REP-15 at due: the order counts as accepted at that moment. Safe to repeat."""
    assert clock.ticket_id is not None
    ticket = Ticket.objects.lock(clock.ticket_id)
    current = SlaClock.objects.live().select_related("rule").filter(pk=clock.pk).first()
    if ticket.state != "dispatched" or current is None:
        return
    # Told by a late hand before the sweep came by: the automatic acceptance is the breach of REP-15.
    breach_now(current, at=at)
    with step(ticket.pk, "auto_accept", by=None, at=at, occurred_at=clock.due_at) as taken:
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
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明退单原因。"), rule="REP-15")
    with _caught_up(ticket_id, "return", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _own_job(taken)
        taken.ticket.assignee, taken.ticket.is_pooled = None, False
        taken.say(reason=reason, visit=order_of(taken.ticket).visit_no)
        notify(
            taken.ticket,
            holders(Role.FRONT_DESK, project_id=taken.ticket.project_id, at=taken.entered_at),
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
    """Agree a time, or another one before the old has passed; the on-demand clocks give way (rules REP-20, GEN-02).

    After a missed window only once the apology is on record, and then for a visit of its own; so also for a rework.
    """
    reason = checked(reason, field="reason", at_most=500)
    with _caught_up(ticket_id, "set_appointment", by=by, at=at, version=version) as taken:
        _own_job(taken)
        _check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        visit = old = _visit(taken.ticket, order.visit_no)
        old_end = _iso(old.window_to)
        if old.missed_at is not None and old.apologised_at is None:
            raise GateClosed(_("上次预约失约：先向业主说明原因并致歉，再约新时间。"), rule="REP-20")
        if old.missed_at is not None or old.finished:
            visit = _open_visit(taken, order, window_from=window_from, window_to=window_to)
            visit.technician, visit.accepted_at = taken.ticket.assignee, old.accepted_at
            visit.accepted_by_system = old.accepted_by_system
            order.save(update_fields=("visit_no", "completed_at"))
        visit.window_from, visit.window_to = window_from, window_to
        visit.save()
        taken.say(
            visit=visit.number,
            ended_visit=old.number,
            window_from=_iso(window_from),
            window_to=_iso(window_to),
            old=old_end,
            reason=reason,
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
    reason = checked(reason, field="reason", at_most=200, needed=_("请写明失约原因。"), rule="REP-20")
    with _caught_up(ticket_id, "apologise", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        missed = Visit.objects.filter(ticket=taken.ticket, missed_at__isnull=False, apologised_at=None)
        visit = missed.order_by("number").first()
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
    reason = checked(reason, field="reason", at_most=200, needed=_("请写明失约原因。"), rule="REP-20")
    with _caught_up(ticket_id, "reappoint", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _check_window(window_from, window_to, taken.entered_at)
        order = order_of(taken.ticket)
        missed = _visit(taken.ticket, order.visit_no)
        missed.apologised_at, missed.miss_reason = taken.occurred_at, reason
        missed.save(update_fields=("apologised_at", "miss_reason"))
        visit = _open_visit(taken, order, window_from=window_from, window_to=window_to)
        visit.accepted_at, visit.technician = taken.occurred_at, taken.ticket.assignee
        visit.save(update_fields=("accepted_at", "technician"))
        order.save(update_fields=("visit_no", "completed_at"))
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
    if method not in ("scan", "manual", "phone"):
        raise InvalidInput(_("请选择到场登记方式。"), field="method")
    ticket = Ticket.objects.select_related("project").lock(ticket_id)
    entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=True)
    is_technician = bool({Role.TECHNICIAN, Role.NIGHT_DUTY} & by.roles_in(ticket.project_id))
    if ticket.state == "dispatched" and is_technician and ticket.assignee_id in (None, by.pk):
        accept_repair(ticket_id, by=by, at=entered, occurred_at=occurred, version=version)
        version = None
    with _caught_up(ticket_id, "arrive", by=by, at=entered, occurred_at=occurred, version=version) as taken:
        _own_job(taken)
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
        if taken.ticket.assignee_id is None and is_technician:
            taken.ticket.assignee, taken.ticket.is_pooled = by, False
            visit.technician = by
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
        taken.say(visit=order.visit_no, method=method, technician=_worker(taken))
    return taken.ticket


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
        _own_job(taken)
        order = order_of(taken.ticket)
        visit = _visit(taken.ticket, order.visit_no)
        visit.started_at = taken.occurred_at
        visit.save(update_fields=("started_at",))
        taken.say(visit=order.visit_no, technician=_worker(taken))
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
    """Leave before it is finished: only with the owner's written consent and an agreed next time, both (rule REP-19).

    `consent` is a file of this ticket and visit, attached as such; one consent is good for one departure.
    """
    reason = checked(reason, field="reason", at_most=500)
    with step(ticket_id, "leave_early", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _own_job(taken)
        if consent is None or not _is_consent(consent, taken.ticket):
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
        order.save(update_fields=("visit_no", "completed_at"))
        taken.say(
            visit=visit.number,
            ended_visit=left.number,
            window_from=_iso(window_from),
            window_to=_iso(window_to),
            reason=reason,
            technician=_worker(taken),
        )
    return taken.ticket


def _is_consent(file: Attachment, ticket: Ticket) -> bool:
    return (
        file.ticket_id == ticket.pk
        and file.purpose == Attachment.Purpose.CONSENT
        and file.visit_no in (0, order_of(ticket).visit_no)
        and not Visit.objects.filter(ticket=ticket, consent=file).exists()
    )


@transaction.atomic
def leave_site(ticket_id: int, *, by: Staff, at: datetime | None = None, occurred_at: datetime | None = None) -> Ticket:
    """Log the departure; refused while the repair is not finished (rule REP-18)."""
    with step(ticket_id, "leave", by=by, at=at, occurred_at=occurred_at) as taken:
        _own_job(taken)
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
    result = checked(result, field="result", at_most=1000, needed=_("请填写处理结果。"), rule="REP-22")
    part_spec = checked(part_spec, field="part_spec", at_most=200)
    _check_charges(materials, labour_fen)
    with step(ticket_id, "finish", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _own_job(taken)
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
        taken.say(
            visit=order.visit_no,
            result=result,
            charge_fen=order.charge_fen,
            signed_on_paper=signed_on_paper,
            technician=_worker(taken),
        )
    if report:
        # The desk hears of it when it is entered, whenever the work itself ended.
        return report_completion(ticket_id, by=by, at=taken.entered_at)
    return taken.ticket


def _check_charges(materials: tuple[Material, ...], labour_fen: int) -> None:
    for material in materials:
        checked(material.name, field="materials", at_most=60, needed=_("请填写材料名称。"), rule="REP-22")
        if not 0 < material.quantity < 1_000_000 or not 0 <= material.price_fen <= MOST_FEN:
            raise InvalidInput(_("材料的数量或单价不对，请核对。"), rule="REP-22", field="materials")
    if labour_fen < 0 or labour_fen + sum(m.quantity * m.price_fen for m in materials) > MOST_FEN:
        raise InvalidInput(_("费用金额不对，请核对。"), rule="REP-36", field="labour")


@transaction.atomic
def report_completion(
    ticket_id: int,
    *,
    by: Staff,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The desk hears that it is done; the ten minutes to acceptance start and the specialist is told (rule REP-25).

    `occurred_at` is when the desk was told, which may be before it is typed in.
    """
    with step(ticket_id, "report_completion", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _own_job(taken)
        order = order_of(taken.ticket)
        order.completion_reported_at = taken.occurred_at
        order.save(update_fields=("completion_reported_at",))
        taken.say(visit=order.visit_no)
        notify(
            taken.ticket,
            holders(Role.SPECIALIST, project_id=taken.ticket.project_id, at=taken.entered_at),
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
    cautions = checked(cautions, field="cautions", at_most=500)
    with step(ticket_id, "take_slip", by=by, at=at) as taken:
        if not set(policies.ENGINEERING) & receiver.roles_in(taken.ticket.project_id):
            raise InvalidInput(
                _("%(name)s 不是本项目的工程人员。") % {"name": receiver.name}, rule="CBK-05", field="receiver"
            )
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
        if order.slip_returned_at is not None:
            raise InvalidInput(_("作业联已经收回过了。"), rule="REP-21", field="slip")
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
    """Type in what the slip says (rule REP-24). The first entry counts; a later one adds to it."""
    part_spec = checked(part_spec, field="part_spec", at_most=200)
    with step(ticket_id, "enter_completion", by=by, at=at) as taken:
        order = order_of(taken.ticket)
        order.completion_entered_at = order.completion_entered_at or taken.entered_at
        order.part_spec = part_spec or order.part_spec
        order.save(update_fields=("completion_entered_at", "part_spec"))
    return taken.ticket


# Money


@transaction.atomic
def waive_fee(ticket_id: int, *, by: Staff, amount_fen: int, at: datetime | None = None) -> Ticket:
    """Reduce what the customer owes, only by what the estate manager has granted (rules REP-28, ROLE-10). In fen."""
    if amount_fen < 0:
        raise InvalidInput(_("金额不对，请核对。"), rule="REP-28", field="amount")
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
    receipt_number = checked(
        receipt_number, field="receipt_number", at_most=30, needed=_("请填写收据号。"), rule="REP-36"
    )
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
    needed = _("请写明撤回原因和撤回人。")
    reason = checked(reason, field="reason", at_most=500, needed=needed)
    withdrawn_by = checked(withdrawn_by, field="withdrawn_by", at_most=40, needed=needed)
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
    explanation = checked(
        explanation, field="explanation", at_most=500, needed=_("请写明对业主的解释。"), rule="GEN-03"
    )
    with step(ticket_id, "close_unservable", by=by, at=at, version=version) as taken:
        taken.ticket.response, taken.ticket.explanation = Response.CANNOT, explanation
        taken.say(explanation=explanation)
    return taken.ticket


def follow_up_repair(ticket: Ticket, by: Staff | None, words: str, at: datetime) -> Ticket:
    """Back to handling for a repair that is archived already: a new one that is its rework (rule CBK-12)."""
    return report_repair(
        RepairIntake(
            category=order_of(ticket).category,
            when=WHEN_NOW,
            unit=ticket.unit,
            place=ticket.place,
            description=words,
            reporter=ticket.reporter,
            contact_name=ticket.contact_name,
            contact_phone=ticket.contact_phone,
            channel=ticket.channel,
            not_duplicate=True,
            rework_of=ticket,
        ),
        project=ticket.project,
        by=by,
        at=at,
    )


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
