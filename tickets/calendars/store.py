"""Calendars in the database: importing the national days, publishing a revision, reading one as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from residents.errors import InvalidInput
from residents.tenancy import current_company_id, scope_now
from tickets.calendars.days import Day, DayTable, validate
from tickets.calendars.errors import CalendarError, InvalidHours, NoOpenHours
from tickets.calendars.national import Difference, NationalRecord, diff, national_days
from tickets.calendars.weekly import Override, WeeklyHours, build_days
from tickets.calendars.zones import local_wall, zone_named
from tickets.models import CalendarDay, CalendarOverride, NationalDay, WorkCalendar

MANUAL = "manual"
"""Source of a national day that a person entered from a notice; an import leaves it alone."""

# A table of five years takes about a megabyte, and reading one again costs some ten milliseconds.
_TABLES_KEPT = 64

# Revisions this process has written and not yet seen committed: after a rollback their number is given again.
_unsettled: set[tuple[int | None, int, int]] = set()


def load_table(calendar_id: int, revision: int) -> DayTable:
    """The published days of one revision, kept by the process because a revision never changes.

    Reads in the open company scope. Raises CalendarError if that company has no such revision.
    """
    # The company is part of the key, so that a table read in one scope is never handed out in another.
    key = (current_company_id(), calendar_id, revision)
    return _read_table(*key) if key in _unsettled else _kept_table(*key)


@transaction.atomic
def publish_revision(calendar: WorkCalendar, *, at: datetime | None = None) -> int:
    """Publish the days from 1 January of last year to 31 December in three years, and return their revision.

    They follow the weekly hours, the company's overrides and the national days; years that the national table does not
    have are imported first. If nothing changed, the current revision stays: safe to repeat. Open clocks keep the
    revision they were computed on until they are re-armed. `at` is the moment of publishing, by default the database's.
    Raises InvalidInput for hours that overlap or never open and for an unknown zone; then nothing is stored.
    """
    calendar = WorkCalendar.objects.select_for_update(of=("self",), no_key=True).get(pk=calendar.pk)
    moment = at or scope_now()
    try:
        table = _planned(calendar, at=moment)
        validate(table, at=moment)
    except NoOpenHours as closed:
        raise InvalidInput(
            _("未来一年内没有任何上班时间，按工作日计算的时限将永远不会到期。"), field="weekly_hours"
        ) from closed
    except InvalidHours as wrong:
        raise InvalidInput(_("上班时间填写有误：时段重叠，或结束早于开始。"), field="weekly_hours") from wrong
    except CalendarError as unknown:
        raise InvalidInput(_("时区不存在。"), field="zone") from unknown
    if _same_days(_published_days(calendar.pk, calendar.revision), table.days):
        return calendar.revision
    key = (current_company_id(), calendar.pk, table.revision)
    _unsettled.add(key)
    transaction.on_commit(lambda: _unsettled.discard(key))
    CalendarDay.objects.bulk_create(
        [
            CalendarDay(
                company_id=calendar.company_id,
                calendar=calendar,
                revision=table.revision,
                day=day.day,
                is_workday=day.is_workday,
                provisional=day.provisional,
                source=day.source,
                zone=table.zone,
                opens_at=[opens for opens, _closes in day.segments],
                closes_at=[closes for _opens, closes in day.segments],
                seconds_before=seconds_before,
                workdays_before=workdays_before,
            )
            for day, seconds_before, workdays_before in table.sums()
        ],
        batch_size=500,
    )
    calendar.revision = table.revision
    calendar.save(update_fields=("revision",))
    return table.revision


@transaction.atomic
def import_national(years: Iterable[int]) -> list[Difference]:
    """Store the national days of these years; return the stored days whose working changed, as before and after.

    Days entered by hand stay. Calendars see the new days with their next revision. Safe to repeat.
    """
    wanted = set(years)
    if not wanted:
        return []
    stored = {
        row.day: NationalRecord(row.day, row.working, row.name, row.source, row.provisional)
        for row in NationalDay.objects.filter(day__year__in=wanted)
    }
    imported = [
        record
        for record in national_days(min(wanted), max(wanted))
        if record.day.year in wanted and not _by_hand(stored.get(record.day))
    ]
    NationalDay.objects.bulk_create(
        [NationalDay(**record._asdict()) for record in imported],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["working", "name", "source", "provisional"],
        batch_size=500,
    )
    return [
        change for change in diff(stored.values(), imported) if change.left is not None and change.right is not None
    ]


def _by_hand(record: NationalRecord | None) -> bool:
    return record is not None and record.source == MANUAL


def _planned(calendar: WorkCalendar, *, at: datetime) -> DayTable:
    """The next revision as it would be published, not stored."""
    this_year = local_wall(at, zone_named(calendar.zone)).year
    first, last = date(this_year - 1, 1, 1), date(this_year + 3, 12, 31)
    hours = WeeklyHours.parse(calendar.weekly_hours)
    overrides = CalendarOverride.objects.filter(calendar=calendar, day__range=(first, last))
    days = build_days(
        first,
        last,
        hours,
        zone=calendar.zone,
        national=_national(first, last),
        overrides=[Override(row.day, row.working, row.name) for row in overrides],
    )
    return DayTable.build(days, zone=calendar.zone, revision=calendar.revision + 1)


def _national(first: date, last: date) -> dict[date, NationalRecord]:
    rows = NationalDay.objects.filter(day__range=(first, last))
    # A year may hold nothing but a few days that somebody entered ahead of its notice.
    complete = {year for year, days in rows.values_list("day__year").annotate(Count("day")) if days >= 365}
    import_national(set(range(first.year, last.year + 1)) - complete)
    return {row.day: NationalRecord(row.day, row.working, row.name, row.source, row.provisional) for row in rows.all()}


def _same_days(published: Sequence[Day], planned: Sequence[Day]) -> bool:
    """Whether every day has the same hours and certainty; where the knowledge came from does not matter."""
    return [day[:4] for day in published] == [day[:4] for day in planned]


def _published_days(calendar_id: int, revision: int) -> list[Day]:
    rows = (
        CalendarDay.objects.filter(calendar_id=calendar_id, revision=revision)
        .order_by("day")
        .values_list("day", "is_workday", "provisional", "opens_at", "closes_at", "source")
    )
    return [
        Day(day, is_workday, provisional, tuple(zip(opens_at, closes_at, strict=True)), source)
        for day, is_workday, provisional, opens_at, closes_at, source in rows
    ]


def _read_table(company_id: int | None, calendar_id: int, revision: int) -> DayTable:
    days = _published_days(calendar_id, revision)
    if not days:
        raise CalendarError(f"Company {company_id} has no revision {revision} of calendar {calendar_id}.")
    rows = CalendarDay.objects.filter(calendar_id=calendar_id, revision=revision)
    # The calendar may have moved to another zone since; what was published then is read as it was.
    zone, zone_now = rows.values_list("zone", "calendar__zone")[0]
    return DayTable.build(days, zone=zone or zone_now, revision=revision)


_kept_table = lru_cache(maxsize=_TABLES_KEPT)(_read_table)
