"""What can be wrong with a calendar. Plain exceptions: the arithmetic knows neither people nor pages."""

from __future__ import annotations

from datetime import datetime


class CalendarError(ValueError):
    """A calendar that cannot be built, or a question it cannot answer."""


class InvalidHours(CalendarError):
    """Office hours that overlap, end before they begin, or name no weekday."""


class NoOpenHours(CalendarError):
    """A calendar that is closed for a whole year: nothing measured on it would ever be due."""


class BeyondHorizon(CalendarError):
    """The answer lies outside the published days. `begins` and `horizon` are aware; the horizon is exclusive."""

    def __init__(self, begins: datetime, horizon: datetime) -> None:
        self.begins, self.horizon = begins, horizon
        super().__init__(f"The calendar is published from {begins.isoformat()} up to {horizon.isoformat()}.")
