from tickets.models.calendars import (
    CalendarDay,
    CalendarOverride,
    NationalDay,
    WorkCalendar,
)
from tickets.models.engine import (
    CAUGHT_UP,
    ClockState,
    Notice,
    Outbox,
    SlaClock,
    SlaClockInterval,
    SlaFiring,
    SlaRule,
    SweepRun,
)
from tickets.models.records import (
    Approval,
    Attachment,
    Callback,
    Promise,
    TicketReporter,
)
from tickets.models.ticket import Response, Ticket, TicketCounter, TicketEvent

__all__ = [
    "CAUGHT_UP",
    "Approval",
    "Attachment",
    "CalendarDay",
    "CalendarOverride",
    "Callback",
    "ClockState",
    "NationalDay",
    "Notice",
    "Outbox",
    "Promise",
    "Response",
    "SlaClock",
    "SlaClockInterval",
    "SlaFiring",
    "SlaRule",
    "SweepRun",
    "Ticket",
    "TicketCounter",
    "TicketEvent",
    "TicketReporter",
    "WorkCalendar",
]
