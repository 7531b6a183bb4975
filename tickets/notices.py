"""Lines in people's notice centres, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from residents.models import Project, Staff
from residents.roles import LINE_ABOVE
from tickets.live import publish_on_commit
from tickets.models import Notice, Ticket
from tickets.sla.ladder import holders


def notify(
    ticket: Ticket, people: list[Staff], *, kind: str, text: str, key: str, at: datetime, **facts: str | int
) -> None:
    """Put a line into people's notice centres. The same key again changes nothing.

    `text`: the sentence of the source, marked with gettext_noop, which each reader reads in their own language; its
    names are those of `facts`.
    """
    Notice.objects.bulk_create(
        [
            Notice(
                company_id=ticket.company_id,
                project_id=ticket.project_id,
                staff=person,
                ticket=ticket,
                kind=kind,
                text=text,
                facts=facts,
                dedup_key=key,
                created_at=at,
            )
            for person in people
        ],
        ignore_conflicts=True,
    )
    publish_on_commit(ticket, "notice", staff=[person.pk for person in people])


def withdraw(ticket: Ticket, *, kind: str, since: datetime) -> None:
    """Take the lines of a kind out of people's notice centres again, those put there since that moment."""
    lines = Notice.objects.filter(ticket=ticket, kind=kind, created_at__gte=since)
    people = list(lines.values_list("staff_id", flat=True))
    lines.delete()
    publish_on_commit(ticket, "notice", staff=people)


def others_in_line(roles: Iterable[str], *, by: Staff, project_id: int, at: datetime) -> list[Staff]:
    """Who answers for the roles now beside the person; past the person's own place where nobody else holds it."""
    people: dict[int, Staff] = {}
    seen: set[str] = set()
    line = list(roles)
    while line:
        role = line.pop(0)
        if role in seen:
            continue
        seen.add(role)
        found = [person for person in holders(role, project_id=project_id, at=at) if person.pk != by.pk]
        people.update({person.pk: person for person in found})
        if not found:
            line.extend(LINE_ABOVE.get(role, ()))
    return list(people.values())


def with_deputies(people: list[Staff], *, project_id: int, at: datetime) -> list[Staff]:
    """The people and, for those who are not on duty, whoever decides in their place (rule ROLE-19)."""
    here = Staff.objects.on_duty(project_id=project_id, at=at).values("pk")
    absent = Staff.objects.filter(pk__in=[person.pk for person in people]).exclude(pk__in=here)
    deputies = Staff.objects.filter(pk__in=absent.values("deputy"), is_active=True).order_by("pk")
    return list({person.pk: person for person in (*people, *deputies)}.values())


def notices_of(staff: Staff, project: Project) -> QuerySet[Notice]:
    """The person's notices of the project on screen; company-level people have those of all together (rule GEN-08)."""
    mine = Notice.objects.filter(staff=staff)
    return mine if staff.project_ids is None else mine.filter(project=project)


def acknowledge(staff: Staff, project: Project, *, at: datetime, notice_id: int | None = None) -> None:
    """收到: what waits, or the one notice of it. Stops the alarm for this person, never a clock; safe to repeat."""
    waiting = notices_of(staff, project).filter(acknowledged_at=None)
    if notice_id is not None:
        waiting = waiting.filter(pk=notice_id)
    waiting.update(acknowledged_at=at)
