"""The notices of one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Max, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from residents.models import Project, Staff
from tickets.models import CAUGHT_UP, Notice
from tickets.notices import notices_of

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


def unread(staff: Staff) -> dict[int, int]:
    """How many lines wait for 收到, by project; what an outage has left unread is one line. One statement."""
    counted = (
        Notice.objects.filter(staff=staff, acknowledged_at=None)
        .order_by()
        .values("project_id")
        .annotate(single=Count("pk", filter=~Q(kind=CAUGHT_UP)), piled_up=Count("pk", filter=Q(kind=CAUGHT_UP)))
        .values_list("project_id", "single", "piled_up")
    )
    return {project_id: single + bool(piled_up) for project_id, single, piled_up in counted}


def rows(staff: Staff, project: Project) -> list[Row]:
    """The latest notices, those not yet acknowledged first; what an outage has left unread is one line.

    Two statements.
    """
    found = notices_of(staff, project)
    single = found.exclude(kind=CAUGHT_UP, acknowledged_at=None).select_related("ticket")
    unread_first = single.order_by(F("acknowledged_at").desc(nulls_first=True), "-pk")
    return [*_digest(found), *(_row(notice) for notice in unread_first[:ROWS])]


def _digest(found: QuerySet[Notice]) -> list[Row]:
    """The line for everything that an outage has left unread, or none."""
    piled_up = found.filter(kind=CAUGHT_UP, acknowledged_at=None).aggregate(
        number=Count("pk"), level=Max("level"), at=Max("created_at"), last=Max("pk")
    )
    if not piled_up["number"]:
        return []
    return [
        Row(
            id=piled_up["last"],
            title=_("停机恢复后补报 %(n)d 项") % {"n": piled_up["number"]},
            text="",
            at=piled_up["at"],
            url=f"{reverse('tickets:list')}?tab=near",
            level=_level(piled_up["level"]),
            acknowledged=False,
        )
    ]


def _row(notice: Notice) -> Row:
    ticket = notice.ticket
    return Row(
        id=notice.pk,
        title=notice.sentence,
        text=ticket.short_number if ticket else "",
        at=notice.created_at,
        url=reverse("tickets:detail", args=(ticket.public_id,)) if ticket else reverse("tickets:notices"),
        level=_level(notice.level),
        acknowledged=notice.acknowledged_at is not None,
    )


def _level(number: int) -> str:
    return _("升级 %(n)d") % {"n": number} if number else ""
