"""Which published working calendar holds for a project."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import F, Q

from tickets.calendars.days import DayTable
from tickets.calendars.errors import CalendarError
from tickets.calendars.store import load_table
from tickets.models import WorkCalendar


class PublishedHours(NamedTuple):
    """A calendar and the days of its current revision."""

    calendar_id: int
    table: DayTable


def published_hours(project_id: int) -> PublishedHours:
    """The project's own calendar, else the company's. Raises CalendarError when neither is published."""
    row = (
        WorkCalendar.objects.filter(Q(project_id=project_id) | Q(project=None), revision__gt=0)
        .order_by(F("project_id").asc(nulls_last=True))
        .values_list("pk", "revision")
        .first()
    )
    if row is None:
        raise CalendarError("No working calendar is published for this project.")
    return PublishedHours(row[0], load_table(row[0], row[1]))
