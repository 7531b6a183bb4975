"""Taking a repair down (rules REP-03 to REP-05, REP-10, REP-33)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from repairs import policies
from repairs.actions.paper import slip_number
from repairs.actions.visits import check_window, iso
from repairs.errors import DuplicateSuspected
from repairs.models import RepairCategory, RepairOrder, Visit
from repairs.warranty import warranty_of
from residents.errors import InvalidInput, NotAllowed
from residents.models import Person, Project, Staff, Unit
from residents.night import is_on_night_duty
from residents.policies import require
from residents.roles import Role
from tickets.actions import Reported, existing_for, notify, open_ticket
from tickets.facts import moments, record
from tickets.models import Response, Ticket, TicketReporter
from tickets.models.ticket import TicketQuerySet
from tickets.sla.ladder import holders
from tickets.texts import checked

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

    Answered "cannot" it starts neither REP-09 nor REP-12; the head of the centre, who has to agree, is told (GEN-06).

    The same `form_key` again, even at the same moment, returns the ticket already made. Raises InvalidInput with the
    field at fault, or DuplicateSuspected with the open tickets it might repeat.
    """
    if (made := made_by(intake.form_key, project)) is not None:
        return made
    try:
        with transaction.atomic():
            return take_down(intake, project=project, by=by, at=at, occurred_at=occurred_at)
    except IntegrityError:
        # The same form sent twice at once: the other submit has committed by now, or it was another constraint.
        if (made := made_by(intake.form_key, project)) is None:
            raise
        return made


def made_by(form_key: uuid.UUID | None, project: Project) -> Ticket | None:
    """The ticket this form has made before. Raises NotAllowed for one of another project (rule GEN-08)."""
    made = existing_for(form_key)
    if made is not None and made.project_id != project.pk:
        raise NotAllowed(rule="GEN-08")
    return made


def take_down(
    intake: RepairIntake,
    *,
    project: Project,
    by: Staff | None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> Ticket:
    """`report_repair` for a caller that has looked for the form key: the same key again raises IntegrityError.

    Needs an open transaction.
    """
    if by is not None:
        require(by, policies.REPORT, project_id=project.pk)
    entered, occurred = moments(None, at=at, occurred_at=occurred_at, by_person=by is not None)
    is_public = intake.category.is_public_area
    _check_ours(intake, project)
    _check_place(intake, is_public)
    when = _check_when(intake, is_public, entered)
    at_night = by is not None and is_on_night_duty(by, project, at=entered)
    if at_night and when == WHEN_APPOINTMENT and not intake.told_next_day:
        raise InvalidInput(_("夜间办不了的报修，要告知业主“次日安排”并登记。"), rule="REP-33", field="told_next_day")
    # The home of somebody who reports a public fault is not where the fault is.
    place = intake.place.strip() if is_public else ""
    place = place or (intake.unit.label if intake.unit else "")
    candidates = [] if intake.not_duplicate else duplicates_of(intake.category, project, unit=intake.unit, place=place)
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
        warranty_basis=warranty.source,
        form=RepairOrder.Form.WORK_ORDER if warranty.covered else RepairOrder.Form.REPAIR_ORDER,
        contact_ended_at=intake.contact_ended_at,
        trade=intake.category.trade,
        at_night=at_night,
        told_next_day=intake.told_next_day,
        slip_number=slip_number(ticket),
    )
    if not warranty.covered and intake.price_told:
        if intake.category.tariff_id is None:
            raise InvalidInput(
                _("这个事项没有收费标准：先登记，再在工单里写明告知的金额。"), rule="REP-07", field="price_told"
            )
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
    order.first_visit = Visit(
        company_id=ticket.company_id,
        ticket=ticket,
        number=1,
        window_from=intake.window_from,
        window_to=intake.window_to,
    )
    order.first_visit.save(force_insert=True)
    phone = intake.contact_phone.strip()
    if is_public and (name or phone) and intake.channel != PATROL:
        TicketReporter(
            company_id=ticket.company_id,
            ticket=ticket,
            person=intake.reporter,
            unit=intake.unit,
            name=name,
            phone=phone,
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
            "window_from": iso(intake.window_from),
            "window_to": iso(intake.window_to),
            "contact_ended_at": iso(intake.contact_ended_at),
            "warranty": warranty.covered,
            "price_told": intake.price_told,
            "not_duplicate": intake.not_duplicate,
            "told_next_day": intake.told_next_day,
        },
        audience="owner",
        actor_label="" if by else "owner",
        is_new=True,
    )
    if when == WHEN_CANNOT:
        notify(
            ticket,
            holders(Role.CENTRE_HEAD, project_id=project.pk, at=entered),
            kind="cannot",
            text=gettext_noop("答复不能办，待确认：%(title)s · %(reason)s"),
            title=ticket.title,
            reason=ticket.explanation,
            key=f"cannot/{ticket.pk}",
            at=entered,
        )
    return ticket


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
        check_window(intake.window_from, intake.window_to, entered)
    elif intake.window_from is not None or intake.window_to is not None:
        raise InvalidInput(_("没有选“约定时间”，请不要填预约时间。"), rule="REP-03", field="window_to")
    return when


def duplicates_of(
    category: RepairCategory, project: Project, *, unit: Unit | None, place: str, limit: int = 3
) -> list[Ticket]:
    """Open repairs that may be the same fault (rule REP-10)."""
    return list(same_fault(category, project, unit=unit, place=place).open().order_by("-pk")[:limit])


def same_fault(category: RepairCategory, project: Project, *, unit: Unit | None, place: str) -> TicketQuerySet:
    """Repairs of the category there, open or not."""
    return Ticket.objects.same_fault(
        project=project,
        kind="repair",
        category=category.code,
        is_public_area=category.is_public_area,
        unit=unit,
        place=place,
    )
