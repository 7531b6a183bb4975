"""The notices of one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from residents.models import Project, Staff
from tickets.models import Notice

ROWS = 50


@dataclass(frozen=True)
class Row:
    id: int
    title: str
    text: str
    at: datetime
    url: str
    level: str
    acknowledged: bool


def notices_of(staff: Staff, project: Project) -> QuerySet[Notice]:
    """The person's notices of the project on screen; company-level people have those of all together (rule GEN-08)."""
    mine = Notice.objects.filter(staff=staff)
    return mine if staff.project_ids is None else mine.filter(project=project)


def unread(staff: Staff) -> dict[int, int]:
    """How many of the person's notices wait for 收到, by project. One statement."""
    waiting = Notice.objects.filter(staff=staff, acknowledged_at=None).order_by()
    return dict(waiting.values_list("project_id").annotate(Count("pk")))


def rows(staff: Staff, project: Project) -> list[Row]:
    """The latest notices, those not yet acknowledged first. One statement."""
    found = notices_of(staff, project).select_related("ticket")
    unread_first = found.order_by(F("acknowledged_at").desc(nulls_first=True), "-pk")
    return [_row(notice) for notice in unread_first[:ROWS]]


def _row(notice: Notice) -> Row:
    ticket = notice.ticket
    return Row(
        id=notice.pk,
        title=notice.sentence,
        text=ticket.short_number if ticket else "",
        at=notice.created_at,
        url=reverse("tickets:detail", args=(ticket.public_id,)) if ticket else reverse("tickets:notices"),
        level=_("升级 %(n)d") % {"n": notice.level} if notice.level else "",
        acknowledged=notice.acknowledged_at is not None,
    )
