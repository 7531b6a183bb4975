"""Calendars as rows: what is published, what a change does, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import transaction

from residents.errors import InvalidInput
from residents.models import Company, Project
from residents.tenancy import company_scope
from tests.tickets.calendars.builders import at
from tickets.calendars.days import Due
from tickets.calendars.errors import CalendarError
from tickets.calendars.store import MANUAL, import_national, load_table, publish_revision
from tickets.models import CalendarDay, CalendarOverride, NationalDay, WorkCalendar

pytestmark = pytest.mark.django_db

NEW_YEAR_2026 = at("2026-01-02 10:00")


@pytest.fixture
def company() -> Iterator[Company]:
    """A company whose scope is open during the test."""
    company = Company.objects.create(code="calendar-tests", name="甲物业")
    with company_scope(company.pk):
        yield company


@pytest.fixture
def calendar(company: Company) -> WorkCalendar:
    return WorkCalendar.objects.create(name="办公时间")


def test_a_published_calendar_answers_as_computed(calendar: WorkCalendar) -> None:
    revision = publish_revision(calendar, at=NEW_YEAR_2026)

    table = load_table(calendar.pk, revision)

    calendar.refresh_from_db()
    assert calendar.revision == revision == 1
    assert (table.days[0].day, table.days[-1].day) == (date(2025, 1, 1), date(2029, 12, 31))
    assert table.add_workdays(at("2026-02-13 17:30"), 2) == Due(at("2026-02-24 17:30"), False, 1)
    assert table.add_workdays(at("2029-05-10 10:00"), 2).provisional


def test_published_days_hold_the_sums_of_all_days_before_them(calendar: WorkCalendar) -> None:
    revision = publish_revision(calendar, at=NEW_YEAR_2026)
    table = load_table(calendar.pk, revision)

    row = CalendarDay.objects.get(calendar=calendar, revision=revision, day=date(2026, 2, 24))

    assert row.seconds_before == table.position(at("2026-02-24 00:00"))
    assert row.seconds_before == row.workdays_before * 27_000
    assert list(zip(row.opens_at, row.closes_at, strict=True)) == [
        (at("2026-02-24 08:30"), at("2026-02-24 12:00")),
        (at("2026-02-24 13:30"), at("2026-02-24 17:30")),
    ]


def test_publishing_without_a_change_keeps_the_revision(calendar: WorkCalendar) -> None:
    first = publish_revision(calendar, at=NEW_YEAR_2026)

    again = publish_revision(calendar, at=at("2026-06-30 10:00"))

    assert again == first
    assert set(CalendarDay.objects.values_list("revision", flat=True)) == {first}


def test_a_make_up_workday_of_the_company_moves_dues_earlier_in_a_new_revision(calendar: WorkCalendar) -> None:
    first = publish_revision(calendar, at=NEW_YEAR_2026)
    CalendarOverride.objects.create(calendar=calendar, day=date(2026, 3, 8), working=True, name="迎检加班")

    second = publish_revision(calendar, at=NEW_YEAR_2026)

    friday = at("2026-03-06 10:00")
    assert (first, second) == (1, 2)
    assert load_table(calendar.pk, first).add_workdays(friday, 1) == Due(at("2026-03-09 17:30"), False, 1)
    assert load_table(calendar.pk, second).add_workdays(friday, 1) == Due(at("2026-03-08 17:30"), False, 2)


def test_a_holiday_entered_from_a_notice_moves_dues_later_and_survives_an_import(calendar: WorkCalendar) -> None:
    publish_revision(calendar, at=NEW_YEAR_2026)
    NationalDay.objects.filter(day=date(2026, 3, 9)).update(working=False, name="临时放假", source=MANUAL)

    changes = import_national([2026])
    revision = publish_revision(calendar, at=NEW_YEAR_2026)

    assert changes == []
    assert NationalDay.objects.get(day=date(2026, 3, 9)).source == MANUAL
    assert load_table(calendar.pk, revision).add_workdays(at("2026-03-06 10:00"), 1).at == at("2026-03-10 17:30")


def test_an_import_corrects_what_a_wrong_import_left_and_says_so() -> None:
    import_national([2026])
    NationalDay.objects.filter(day=date(2026, 2, 14)).update(working=False)

    changes = import_national([2026])

    assert [tuple(change) for change in changes] == [(date(2026, 2, 14), False, True)]
    assert NationalDay.objects.get(day=date(2026, 2, 14)).working
    assert import_national([2026]) == []
    assert NationalDay.objects.count() == 365


def test_days_entered_ahead_of_a_year_do_not_stand_for_the_year(calendar: WorkCalendar) -> None:
    NationalDay.objects.create(day=date(2028, 2, 5), working=True, name="调休上班", source=MANUAL)

    revision = publish_revision(calendar, at=NEW_YEAR_2026)

    days = {day.day: day.is_workday for day in load_table(calendar.pk, revision).days}
    assert days[date(2028, 2, 5)]
    assert not days[date(2028, 10, 2)]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"weekly_hours": []}, "weekly_hours"),
        ({"weekly_hours": [["0", "09:00", "12:00"], ["0", "11:00", "18:00"]]}, "weekly_hours"),
        ({"zone": "Asia/Nowhere"}, "zone"),
    ],
    ids=["never open", "overlapping", "unknown zone"],
)
def test_a_calendar_that_makes_no_sense_is_refused_and_nothing_is_stored(
    calendar: WorkCalendar, changed: dict[str, object], field: str
) -> None:
    WorkCalendar.objects.filter(pk=calendar.pk).update(**changed)

    with pytest.raises(InvalidInput) as refused:
        publish_revision(calendar, at=NEW_YEAR_2026)

    calendar.refresh_from_db()
    assert refused.value.field == field
    assert calendar.revision == 0
    assert not CalendarDay.objects.exists()
    assert not NationalDay.objects.exists()


def test_a_revision_that_was_rolled_back_is_not_remembered(calendar: WorkCalendar) -> None:
    CalendarOverride.objects.create(calendar=calendar, day=date(2026, 3, 8), working=True, name="迎检加班")
    with transaction.atomic():
        load_table(calendar.pk, publish_revision(calendar, at=NEW_YEAR_2026))
        transaction.set_rollback(True)
    CalendarOverride.objects.all().delete()

    revision = publish_revision(calendar, at=NEW_YEAR_2026)

    assert revision == 1
    assert load_table(calendar.pk, revision).add_workdays(at("2026-03-06 10:00"), 1).at == at("2026-03-09 17:30")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_committed_table_is_kept_by_the_process_and_by_no_other_company() -> None:
    first, second = (Company.objects.create(code=code, name=code) for code in ("first", "second"))
    with company_scope(first.pk):
        calendar = WorkCalendar.objects.create(name="办公时间", project=None)
        revision = publish_revision(calendar, at=NEW_YEAR_2026)
    with company_scope(first.pk):
        table = load_table(calendar.pk, revision)
        assert load_table(calendar.pk, revision) is table

    with company_scope(second.pk), pytest.raises(CalendarError):
        load_table(calendar.pk, revision)


def test_a_project_may_have_hours_of_its_own(company: Company, calendar: WorkCalendar) -> None:
    project = Project.objects.create(code="001", name="香樟苑")
    own = WorkCalendar.objects.create(project=project, name="香樟苑", weekly_hours=[["0", "09:00", "12:00"]])

    revision = publish_revision(own, at=NEW_YEAR_2026)

    # Open on Mondays alone, and on make-up workdays with Monday's hours.
    assert load_table(own.pk, revision).add_workdays(at("2026-02-09 10:00"), 1).at == at("2026-02-14 12:00")


def test_a_revision_nobody_published_is_refused(calendar: WorkCalendar) -> None:
    with pytest.raises(CalendarError):
        load_table(calendar.pk, 9)
