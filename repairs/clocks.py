"""The clocks of a repair: the REP rows of the rulebook's table (a)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from repairs.workflow import order_of
from tickets.calendars.bases import Basis
from tickets.closing import REOPENED
from tickets.models import Response, SlaClock, Ticket, TicketEvent
from tickets.sla.definitions import HOUR, MINUTE, Condition, Definition, Moment, Step, gen_07


def visit_scope(ticket: Ticket, event: TicketEvent) -> Sequence[str]:
    """One clock per visit of the ticket; events about a visit carry its number."""
    return (f"ticket:{ticket.pk}/visit:{event.data['visit']}",)


def _ended_visit_scope(ticket: Ticket, event: TicketEvent) -> Sequence[str]:
    # A new appointment ends the visit before it and opens its own.
    return (f"ticket:{ticket.pk}/visit:{event.data.get('ended_visit') or event.data['visit']}",)


def _apology_scope(ticket: Ticket, event: TicketEvent) -> Sequence[str]:
    return (f"ticket:{ticket.pk}/apology:{event.data.get('ended_visit') or event.data['visit']}",)


def _reporter_scopes(ticket: Ticket, event: TicketEvent) -> Sequence[str]:
    if event.kind in ("reporter_replied", "reporter_added"):
        return (f"ticket:{ticket.pk}/reporter:{event.data['reporter']}",)
    waiting = ticket.reporters.filter(replied_at=None).order_by("pk").values_list("pk", flat=True)
    return [f"ticket:{ticket.pk}/reporter:{pk}" for pk in waiting]


def _in_home(ticket: Ticket, event: TicketEvent) -> bool:
    return not ticket.is_public_area


def _public(ticket: Ticket, event: TicketEvent) -> bool:
    return ticket.is_public_area


def _public_and_fixed(ticket: Ticket, event: TicketEvent) -> bool:
    return ticket.is_public_area and ticket.handled_at is not None


def _fixed_and_reported(ticket: Ticket, event: TicketEvent) -> datetime | None:
    """A reply is owed from the completion, to somebody who reports it afterwards from then on."""
    return max(ticket.handled_at or event.occurred_at, event.occurred_at)


def _important_and_fixed(ticket: Ticket, event: TicketEvent) -> bool:
    if not ticket.is_important or ticket.handled_at is None:
        return False
    if event.kind != "edited":
        return True
    # One clock for each completion: taking the flag off and putting it on again begins nothing anew (rule GEN-02).
    begun = SlaClock.objects.filter(ticket=ticket, rule_code="REP-27", started_at=ticket.handled_at)
    return bool(event.data["new"].get("is_important")) and not begun.exists()


def _completed(ticket: Ticket, event: TicketEvent) -> datetime | None:
    return ticket.handled_at


def _slip_left_the_desk(ticket: Ticket, event: TicketEvent) -> bool:
    # Sent to the phone it is as good as printed; told by word of mouth it is not (rule REP-34).
    return event.kind == "slip_printed" or not event.data.get("oral")


def window_to(ticket: Ticket, event: TicketEvent) -> datetime | None:
    """End of the agreed window that the event names, or None for a visit 'now'."""
    value = event.data.get("window_to")
    return datetime.fromisoformat(value) if value else None


def _now_in_home(ticket: Ticket, event: TicketEvent) -> bool:
    return not ticket.is_public_area and window_to(ticket, event) is None


def _start_due_from(ticket: Ticket, event: TicketEvent) -> datetime:
    """With an appointment the work start counts from the moment arrival is due, else from the acceptance (REP-17)."""
    return window_to(ticket, event) or event.occurred_at


def _to_be_done(ticket: Ticket, event: TicketEvent) -> bool:
    """Answered "cannot" (GEN-03) it is not taken on: nobody is sent and nothing printed unless somebody decides so.

    Engineering is told and the entry is timed all the same, whatever the answer.
    """
    return event.kind != "reported" or ticket.response != Response.CANNOT


def _owed_again(code: str) -> Condition:
    """Beside its other starts: a dispatch that ended the clock was taken back."""
    return lambda ticket, event: event.kind != TAKEN_BACK or code in event.data["since"]


def _as_before(code: str, anchor: Moment) -> Moment:
    """`anchor`; after a dispatch taken back the moment from which the clock had counted, as if it had run on."""
    return lambda ticket, event: (
        datetime.fromisoformat(event.data["since"][code]) if event.kind == TAKEN_BACK else anchor(ticket, event)
    )


def _saved_or_contact_ended(ticket: Ticket, event: TicketEvent) -> datetime:
    """In a home the earlier of the two, for a public fault the filling of the work order (ambiguity A-36)."""
    ended = event.data.get("contact_ended_at")
    if not ended or ticket.is_public_area:
        return event.entered_at
    return min(event.entered_at, datetime.fromisoformat(ended))


def _entered(ticket: Ticket, event: TicketEvent) -> datetime:
    return event.entered_at


def _saved(ticket: Ticket, event: TicketEvent) -> datetime:
    return event.entered_at if event.kind == "reported" else event.occurred_at


def _first_time(ticket: Ticket, event: TicketEvent) -> bool:
    return order_of(ticket).missed_count == 0


def _missed_before(ticket: Ticket, event: TicketEvent) -> bool:
    return order_of(ticket).missed_count > 0


def _already_entered(ticket: Ticket, event: TicketEvent) -> bool:
    return event.kind == "completion_entered" or order_of(ticket).completion_entered_at is not None


MORNING = 8 * HOUR + 1
"""From 23:59:59 to 08:00:00."""
TAKEN_BACK = "dispatch_taken_back"
APPOINTED = ("reported", "appointment_set", "suspended", "reappointed")


def _appointment(code: str, *told: str, when: object) -> Definition:
    return Definition(
        code=code,
        kind="repair",
        label=_("预约"),
        basis=Basis.C24,
        value=0,
        starts=APPOINTED,
        stops=("arrived", "reappointed"),
        cancels=("suspended",),
        moves=("appointment_set",),
        when=when,  # type: ignore[arg-type]
        scopes=visit_scope,
        stop_scopes=_ended_visit_scope,
        due=window_to,
        responsible="technician",
        ladder=(
            Step(0, -0.2, ("responsible",), 0, 30 * MINUTE),
            Step(1, 0, ("responsible", *told), effect="repairs.miss_visit"),
            *gen_07(seconds=None)[2:],
        ),
        amber=30 * MINUTE,
        lane=0,
    )


CLOCKS = (
    Definition(
        code="REP-02",
        kind="repair",
        label=_("回复报事人"),
        basis=Basis.EOD,
        value=0,
        starts=("work_finished", "reporter_added", "merged_in"),
        stops=("reporter_replied",),
        cancels=REOPENED,
        when=_public_and_fixed,
        scopes=_reporter_scopes,
        anchor=_fixed_and_reported,
        responsible="front_desk",
        # The day ends at midnight; the supervisor is told at eight, the leaders when that has had its time.
        ladder=(
            Step(0, -0.2, ("responsible",)),
            Step(1, 0, ("responsible",)),
            Step(1, 1.0, ("supervisor",), MORNING, MORNING),
            Step(2, 1.0, ("centre_head", "estate_manager"), MORNING + 4 * HOUR, MORNING + 4 * HOUR),
            Step(3, 1.0, ("company",), 24 * HOUR, 24 * HOUR),
        ),
        amber=HOUR,
        lane=1,
    ),
    Definition(
        code="REP-06",
        kind="repair",
        label=_("告知工程"),
        basis=Basis.C24,
        value=MINUTE,
        starts=("reported", TAKEN_BACK),
        stops=("engineering_informed", "dispatched"),
        when=_owed_again("REP-06"),
        anchor=_as_before("REP-06", _saved_or_contact_ended),
        responsible="front_desk",
        ladder=gen_07("supervisor", "engineering_duty", seconds=MINUTE),
        amber=30,
    ),
    Definition(
        code="REP-09",
        kind="repair",
        label=_("派单"),
        basis=Basis.C24,
        value=MINUTE,
        starts=("reported", "returned", TAKEN_BACK, *REOPENED),
        stops=("dispatched",),
        when=lambda ticket, event: _to_be_done(ticket, event) and _owed_again("REP-09")(ticket, event),
        anchor=_as_before("REP-09", _saved),
        responsible="front_desk",
        ladder=gen_07(seconds=MINUTE),
        amber=30,
    ),
    Definition(
        code="REP-11",
        kind="repair",
        label=_("录入"),
        basis=Basis.C24,
        value=2 * HOUR,
        starts=("reported",),
        stops=("reported",),
        stop_at=_entered,
        responsible="front_desk",
        ladder=gen_07(seconds=2 * HOUR),
        lane=1,
    ),
    Definition(
        code="REP-12",
        kind="repair",
        label=_("打单"),
        basis=Basis.C24,
        value=5 * MINUTE,
        starts=("reported", TAKEN_BACK),
        stops=("slip_printed", "dispatched"),
        when=lambda ticket, event: _to_be_done(ticket, event) and _owed_again("REP-12")(ticket, event),
        stops_when=_slip_left_the_desk,
        anchor=_as_before("REP-12", _entered),
        responsible="front_desk",
        ladder=gen_07(seconds=5 * MINUTE),
        amber=2 * MINUTE,
    ),
    Definition(
        code="REP-15",
        kind="repair",
        label=_("接单"),
        basis=Basis.C24,
        value=MINUTE,
        starts=("dispatched", "redispatched"),
        stops=("accepted",),
        # What was accepted by rule was not accepted in time: the clock ends as the breach it is.
        cancels=("returned", "auto_accepted", TAKEN_BACK),
        restarts=True,
        responsible="technician",
        # The automatic acceptance is the breach itself: the duty manager is told once and the ladder ends.
        ladder=(Step(1, 0, ("engineering_duty",), effect="repairs.auto_accept"),),
        amber=30,
    ),
    Definition(
        code="REP-16",
        kind="repair",
        label=_("到场"),
        basis=Basis.C24,
        value=5 * MINUTE,
        starts=("accepted", "auto_accepted"),
        stops=("arrived",),
        cancels=("appointment_set", "suspended"),
        when=_now_in_home,
        scopes=visit_scope,
        stop_scopes=_ended_visit_scope,
        responsible="technician",
        # The front desk is told too: it calls the customer.
        ladder=gen_07("engineering_duty", "supervisor", "front_desk", seconds=5 * MINUTE),
        amber=2 * MINUTE,
    ),
    Definition(
        code="REP-17",
        kind="repair",
        label=_("开工"),
        basis=Basis.C24,
        value=30 * MINUTE,
        starts=("accepted", "auto_accepted", "appointment_set", "suspended", "reappointed"),
        stops=("work_started",),
        cancels=("appointment_set", "suspended", "reappointed"),
        when=lambda ticket, event: not ticket.is_public_area and ticket.state == "accepted",
        scopes=visit_scope,
        stop_scopes=_ended_visit_scope,
        anchor=_start_due_from,
        responsible="technician",
        ladder=gen_07("engineering_duty", "supervisor", seconds=30 * MINUTE),
        amber=10 * MINUTE,
    ),
    _appointment("REP-20", "supervisor", when=_first_time),
    _appointment("REP-20.again", "supervisor", "estate_manager", when=_missed_before),
    Definition(
        code="REP-20.apology",
        kind="repair",
        label=_("致歉改约"),
        basis=Basis.C24,
        value=15 * MINUTE,
        starts=("visit_missed",),
        # A visit that was in time but entered late owed no call: the arrival itself stops the clock, before its due.
        stops=("apology_logged", "reappointed", "miss_withdrawn"),
        scopes=_apology_scope,
        responsible="front_desk",
        ladder=gen_07(seconds=15 * MINUTE),
        amber=5 * MINUTE,
    ),
    Definition(
        code="REP-21",
        kind="repair",
        label=_("交单"),
        basis=Basis.EOS,
        value=0,
        starts=("work_finished",),
        stops=("slip_returned",),
        cancels=REOPENED,
        responsible="technician",
        ladder=gen_07("trade_supervisor", seconds=None),
        amber=HOUR,
        lane=1,
    ),
    Definition(
        code="REP-24",
        kind="repair",
        label=_("完工录入"),
        basis=Basis.C24,
        value=2 * HOUR,
        starts=("slip_returned",),
        stops=("completion_entered", "slip_returned"),
        stops_when=_already_entered,
        cancels=REOPENED,
        stop_at=lambda ticket, event: event.entered_at if event.kind == "completion_entered" else event.occurred_at,
        responsible="front_desk",
        ladder=gen_07(seconds=2 * HOUR),
        amber=30 * MINUTE,
        lane=1,
    ),
    Definition(
        code="REP-25",
        kind="repair",
        label=_("验收"),
        basis=Basis.C24,
        value=10 * MINUTE,
        starts=("completion_reported",),
        stops=("result_accepted", "result_rejected"),
        when=_in_home,
        responsible="specialist",
        ladder=gen_07("supervisor", "centre_head", seconds=10 * MINUTE),
        amber=3 * MINUTE,
    ),
    Definition(
        code="REP-25.public",
        kind="repair",
        label=_("核验"),
        basis=Basis.C24,
        value=10 * MINUTE,
        starts=("completion_reported",),
        stops=("result_accepted", "result_rejected"),
        when=_public,
        responsible="specialist",
        # In public areas the ten minutes only warn (rule REP-41).
        ladder=(Step(0, -0.2, ("responsible",)), Step(0, 0, ("responsible",))),
        is_advisory=True,
        amber=3 * MINUTE,
    ),
    Definition(
        code="REP-26",
        kind="repair",
        label=_("回访"),
        basis=Basis.C24,
        value=24 * HOUR,
        starts=("work_finished",),
        stops=("callback_done", "callback_negative"),
        cancels=("result_rejected",),
        responsible="front_desk",
        ladder=gen_07(seconds=24 * HOUR),
        amber=HOUR,
        lane=1,
    ),
    Definition(
        code="REP-27",
        kind="repair",
        label=_("二次回访"),
        basis=Basis.MON,
        value=1,
        starts=("work_finished", "edited"),
        stops=("second_callback_done",),
        cancels=REOPENED,
        when=_important_and_fixed,
        anchor=_completed,
        restarts=True,
        outlives=True,
        responsible="front_desk",
        ladder=gen_07(seconds=None),
        amber=24 * HOUR,
        lane=2,
    ),
)
