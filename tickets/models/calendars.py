from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from residents.audit import audited
from residents.tenancy import CompanyForeignKey, CompanyModel


def default_hours() -> list[list[str]]:
    """Monday to Friday 8:30 to 12:00 and 13:30 to 17:30, as [weekday, opens, closes]; Monday is 0."""
    return [[str(day), *span] for day in range(5) for span in (("08:30", "12:00"), ("13:30", "17:30"))]


class NationalDay(models.Model):
    """A day of the national calendar. The same for every company, so it has none."""

    day = models.DateField(primary_key=True)
    working = models.BooleanField()
    name = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=40)
    provisional = models.BooleanField(default=False)
    """No notice of the State Council is known for the year yet: make-up workdays may still come."""

    web_may: ClassVar[str] = "SELECT, INSERT, UPDATE"

    class Meta:
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


@audited()
class WorkCalendar(CompanyModel):
    """Working hours of a company or of one of its projects. `revision` names the published set of days."""

    project = CompanyForeignKey("residents.Project", null=True, blank=True, related_name="calendars")
    name = models.CharField(max_length=40)
    zone = models.CharField(max_length=40, default="Asia/Shanghai")
    weekly_hours = models.JSONField(default=default_hours)
    """Rows [weekday 0-6, "HH:MM", "HH:MM"]; a make-up workday uses Monday's."""
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="tickets_workcalendar_company_id"),
            models.UniqueConstraint(
                fields=["company", "project"],
                name="tickets_workcalendar_project",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.name


@audited()
class CalendarOverride(CompanyModel):
    """A day on which a company departs from the national calendar."""

    calendar = CompanyForeignKey("tickets.WorkCalendar", related_name="overrides")
    day = models.DateField()
    working = models.BooleanField()
    name = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "calendar", "day"], name="tickets_override_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class CalendarDay(CompanyModel):
    """One published day with its open segments and the prefix sums before it; written once per revision."""

    calendar = CompanyForeignKey("tickets.WorkCalendar", related_name="days")
    revision = models.PositiveIntegerField()
    day = models.DateField()
    is_workday = models.BooleanField()
    provisional = models.BooleanField(default=False)
    source = models.CharField(max_length=40, blank=True)
    zone = models.CharField(max_length=40, blank=True)
    """That of the calendar when the revision was published; empty where only the calendar's own is known."""
    opens_at = ArrayField(models.DateTimeField(), default=list)
    closes_at = ArrayField(models.DateTimeField(), default=list)
    """Half-open segments [opens_at[i], closes_at[i]) as instants, so that days of a clock change are 23 or 25 hours."""
    seconds_before = models.BigIntegerField()
    """Open seconds of all earlier days of the revision."""
    workdays_before = models.IntegerField()

    append_only: ClassVar[bool] = True

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "calendar", "revision", "day"],
                name="tickets_calendarday_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id} r{self.revision} {self.day}"

    @property
    def date(self) -> date:
        return self.day
