"""Lines in people's notice centres."""

from __future__ import annotations

from datetime import datetime

from residents.models import Staff
from residents.tenancy import one_act
from tickets.live import publish_on_commit
from tickets.models import Notice, Ticket


def notify(ticket: Ticket, people: list[Staff], *, kind: str, text: str, key: str, at: datetime) -> None:
    """Put a line into people's notice centres. The same key again changes nothing."""
    Notice.objects.bulk_create(
        [
            Notice(
                company_id=ticket.company_id,
                project_id=ticket.project_id,
                staff=person,
                ticket=ticket,
                kind=kind,
                text=text[:200],
                dedup_key=key,
                created_at=at,
            )
            for person in people
        ],
        ignore_conflicts=True,
    )
    publish_on_commit(ticket, "notice", staff=[person.pk for person in people])


def acknowledge(notice_id: int, *, by: Staff, at: datetime) -> Notice:
    """收到: stops the alarm for this person, never the clock. Safe to repeat."""
    with one_act():
        notice = Notice.objects.select_for_update(of=("self",), no_key=True).get(pk=notice_id, staff=by)
        if notice.acknowledged_at is None:
            notice.acknowledged_at = at
            notice.save(update_fields=("acknowledged_at",))
        return notice
