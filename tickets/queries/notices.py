"""The notices of one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from residents.models import Staff
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


def rows(staff: Staff) -> list[Row]:
    """The latest notices, those not yet acknowledged first. One statement."""
    found = Notice.objects.filter(staff=staff).select_related("ticket")
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
