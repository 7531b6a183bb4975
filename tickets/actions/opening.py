"""A matter is taken down: the row, its number, and that nothing of others gets onto it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from residents.errors import InvalidInput, NotAllowed
from residents.models import Person, Project, Staff, Unit
from tickets.kinds import kind
from tickets.models import Response, Ticket
from tickets.texts import checked


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What the desk knows when a matter is taken, whatever its kind. Times are aware."""

    title: str
    place: str
    description: str = ""
    category: str = ""
    is_public_area: bool = False
    unit: Unit | None = None
    reporter: Person | None = None
    contact_name: str = ""
    contact_phone: str = ""
    channel: str = "phone"
    response: str = Response.NOW
    explanation: str = ""
    promised_at: datetime | None = None
    is_important: bool = False
    form_key: uuid.UUID | None = None


def existing_for(form_key: uuid.UUID | None) -> Ticket | None:
    """The ticket the same form has already made, if it was submitted before. One narrow statement if not."""
    if form_key is None:
        return None
    made = Ticket.objects.filter(form_key=form_key).values_list("pk", flat=True)[:1]
    return Ticket.objects.get(pk=made[0]) if made else None


def open_ticket(
    kind_code: str, intake: Reported, *, project: Project, by: Staff | None, entered_at: datetime, occurred_at: datetime
) -> Ticket:
    """Insert the row and give it a number. The kind's own verb adds its record and the first event.

    Raises InvalidInput when the three-way answer is incomplete (rule GEN-03), a text cannot be stored, or the home or
    the person belongs to another project (rule GEN-08). Needs an open transaction.
    """
    check_belonging(intake, project, by)
    description = checked(intake.description, field="description", at_most=5000)
    place = checked(intake.place, field="place", at_most=80)
    explanation = checked(intake.explanation, field="explanation", at_most=500)
    if intake.response == Response.CANNOT and not explanation:
        raise InvalidInput(_("答复“不能办”要写明对业主的解释。"), rule="GEN-03", field="explanation")
    if intake.response == Response.LATER and intake.promised_at is None:
        raise InvalidInput(_("约定以后办，要填写承诺时间。"), rule="GEN-03", field="promised_at")
    if intake.promised_at is not None and intake.promised_at <= entered_at:
        raise InvalidInput(_("承诺时间要晚于现在。"), rule="GEN-04", field="promised_at")
    ticket = Ticket(
        company_id=project.company_id,
        project=project,
        number=next_number(project, kind(kind_code).number_prefix, at=entered_at),
        kind=kind_code,
        state=kind(kind_code).workflow.initial,
        title=intake.title,
        description=description,
        category=intake.category,
        is_public_area=intake.is_public_area,
        unit=intake.unit,
        place=place,
        reporter=intake.reporter,
        contact_name=checked(intake.contact_name, field="contact_name", at_most=40),
        contact_phone=checked(intake.contact_phone, field="contact_phone", at_most=20),
        channel=checked(intake.channel, field="channel", at_most=12),
        response=intake.response,
        explanation=explanation,
        is_important=intake.is_important,
        owner=by,
        reported_at=occurred_at,
        entered_at=entered_at,
        last_step_at=occurred_at,
        form_key=intake.form_key,
    )
    ticket.insert()
    return ticket


def check_belonging(intake: Reported, project: Project, by: Staff | None) -> None:
    """Nothing of another project or company gets onto a ticket, whoever built the request (rule GEN-08)."""
    if by is not None and by.company_id != project.company_id:
        raise NotAllowed(rule="GEN-08")
    if intake.unit is not None and intake.unit.project_id != project.pk:
        raise InvalidInput(_("这个房号不在本项目内。"), rule="GEN-08", field="unit")
    person = intake.reporter
    if person is not None and not person.occupancies.filter(unit__project=project).exists():
        raise InvalidInput(_("这位业户不在本项目内。"), rule="GEN-08", field="reporter")


def next_number(project: Project, prefix: str, *, at: datetime) -> str:
    """GD-20260317-042: prefix, local day, counter of the project and day. One statement; gaps allowed, repeats not."""
    day = at.astimezone(project.tzinfo).date()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tickets_ticketcounter (company_id, project_id, prefix, day, last) VALUES (%s, %s, %s, %s, 1) "
            "ON CONFLICT (company_id, project_id, prefix, day) "
            "DO UPDATE SET last = tickets_ticketcounter.last + 1 RETURNING last",
            [project.company_id, project.pk, prefix, day],
        )
        counter: int = cursor.fetchone()[0]
    return f"{prefix}-{day:%Y%m%d}-{counter:03d}"
