"""Bringing a repair to where a test begins, and looking at everything that a refusal must leave alone.

`repair_in(world, "in_work")` walks the ordinary path of 14 March 2025 by its own verbs:

    10:00:00 reported        10:10:00 in_work              11:30:00 called_back
    10:00:30 dispatched      10:50:00 finished             11:40:00 slip back, completion entered
    10:01:00 accepted        10:51:00 completion_reported  12:00:00 reviewed
    10:04:00 on_site         10:55:00 accepted_ok          12:10:00 archived
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image

from repairs import actions
from repairs.actions import RepairIntake
from repairs.models import MaterialLine, RepairOrder, Visit
from residents.errors import DomainError
from tests.worlds import T, World
from tickets import closing
from tickets.actions import attach, merge_tickets
from tickets.models import (
    Approval,
    Attachment,
    Callback,
    Notice,
    Outbox,
    Promise,
    SlaClock,
    SlaClockInterval,
    SlaFiring,
    Ticket,
    TicketEvent,
    TicketReporter,
)

TABLES: tuple[Any, ...] = (
    Ticket,
    TicketEvent,
    TicketReporter,
    RepairOrder,
    Visit,
    MaterialLine,
    SlaClock,
    SlaClockInterval,
    SlaFiring,
    Outbox,
    Notice,
    Callback,
    Attachment,
    Promise,
    Approval,
)
MOVED: dict[str, Any] = {"reason": "业主改期", "agreed_with": "测试业主"}
"""What is said of a time that the customer counted on."""
ENGINE_EVENTS = ("breached", "escalated", "clock_moved", "clock_corrected")


def stored() -> dict[str, list[dict[str, Any]]]:
    """Every row that an act on a ticket could have written."""
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}


@contextmanager
def refused(error: type[DomainError], rule: str = "", *, field: str = "", saying: str = "") -> Iterator[None]:
    """The block is refused with this error, rule and field, in a Chinese sentence, and stores nothing at all."""
    before = stored()
    with pytest.raises(error) as caught:
        yield
    sentence = str(caught.value.sentence)
    assert caught.value.rule == rule
    assert caught.value.field == field
    assert any("一" <= letter <= "鿿" for letter in sentence)
    assert saying in sentence
    assert stored() == before


def take(world: World, **changes: object) -> RepairIntake:
    """An in-home leak, now, reported by its owner."""
    fields: dict[str, object] = {
        "category": world.leak,
        "unit": world.unit,
        "when": "now",
        "reporter": world.owner,
        "contact_name": world.owner.name,
    }
    return RepairIntake(**{**fields, **changes})  # type: ignore[arg-type]


def lamp(world: World, **changes: object) -> RepairIntake:
    """A street lamp that is out, reported by somebody who passed it."""
    return take(world, **{"category": world.lamp, "unit": None, "place": "1号门路灯", "when": "", **changes})


def report(
    world: World, at: str | datetime = "10:00:00", *, intake: RepairIntake | None = None, **changes: object
) -> Ticket:
    return actions.report_repair(
        intake or take(world, **changes), project=world.project, by=world.front_desk, at=moment(at)
    )


def picture(name: str = "photo.jpg", kind: str = "JPEG", size: tuple[int, int] = (40, 30), **info: Any) -> Any:
    """A real picture as a browser would send it."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **info)
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


def moment(at: str | datetime) -> datetime:
    return T(at) if isinstance(at, str) else at


def sign(world: World, ticket: Ticket, at: str | datetime, purpose: str = "signature", visit_no: int = 0) -> Attachment:
    """A file of the ticket that carries the owner's hand."""
    return attach(ticket.pk, by=world.technician, upload=picture(), purpose=purpose, visit_no=visit_no, at=moment(at))


def finish(world: World, ticket: Ticket, at: str | datetime = "10:50:00", **changes: Any) -> Ticket:
    """Finished properly, not yet told to the desk."""
    facts = {
        "by": world.technician,
        "result": "更换软管",
        "part_spec": "DN15 不锈钢编织 60 cm",
        "is_tested": True,
        "is_cleaned": True,
        "signed_on_paper": True,
        "report": False,
        "at": moment(at),
    }
    return actions.finish_work(ticket.pk, **{**facts, **changes})


def call_back(world: World, ticket: Ticket, at: str | datetime = "11:30:00", **changes: Any) -> Callback:
    """A satisfied customer."""
    facts = {
        "by": world.front_desk,
        "outcome": "reached",
        "person_reached": "测试业主",
        "is_solved": True,
        "satisfaction": 5,
        "at": moment(at),
    }
    return closing.register_callback(ticket.pk, **{**facts, **changes})


def _papers(world: World, ticket: Ticket) -> None:
    if not ticket.is_public_area:
        sign(world, ticket, "11:40:00", purpose="slip")
    actions.return_slip(ticket.pk, by=world.front_desk, at=T("11:40:00"))


WALK: tuple[tuple[str, Callable[[World, Ticket], object]], ...] = (
    (
        "dispatched",
        lambda w, t: actions.dispatch_repair(t.pk, by=w.front_desk, technician=w.technician, at=T("10:00:30")),
    ),
    ("accepted", lambda w, t: actions.accept_repair(t.pk, by=w.technician, at=T("10:01:00"))),
    ("on_site", lambda w, t: actions.arrive(t.pk, by=w.technician, at=T("10:04:00"))),
    ("in_work", lambda w, t: actions.start_work(t.pk, by=w.technician, at=T("10:10:00"))),
    ("finished", finish),
    ("completion_reported", lambda w, t: actions.report_completion(t.pk, by=w.technician, at=T("10:51:00"))),
    ("accepted_ok", lambda w, t: closing.accept_result(t.pk, by=w.specialist, at=T("10:55:00"))),
    ("called_back", call_back),
    ("papers", _papers),
    ("reviewed", lambda w, t: closing.review_ticket(t.pk, by=w.centre_head, at=T("12:00:00"))),
    ("archived", lambda w, t: closing.archive_ticket(t.pk, by=w.front_desk, at=T("12:10:00"))),
)


def on_duty(world: World) -> None:
    """Shifts for the people of the path, 08:00 to 17:30."""
    world.on_duty("front_desk", "technician", "technician_2", "specialist")


def repair_in(world: World, state: str, *, intake: RepairIntake | None = None, **changes: Any) -> Ticket:
    """A repair that has just come to a state, with the people of the path on duty."""
    if not world.front_desk.shifts.exists():
        on_duty(world)
    if state == "duplicate":
        stays = report(world, "09:50:00", intake=intake, **changes)
        ticket = report(world, intake=take(world, not_duplicate=True))
        merge_tickets(ticket.pk, into_id=stays.pk, by=world.front_desk, at=T("10:00:20"))
        return Ticket.objects.get(pk=ticket.pk)
    if state == "missed_visit":
        changes |= {"when": "appointment", "window_from": T("10:02:00"), "window_to": T("10:03:00")}
    ticket = report(world, intake=intake, **changes)
    if state == "closed_unservable":
        actions.close_unservable(ticket.pk, by=world.centre_head, explanation="已说明", at=T("10:00:20"))
    elif state == "cancelled":
        actions.cancel_repair(
            ticket.pk, by=world.front_desk, reason="自己修好了", withdrawn_by="业主", at=T("10:00:20")
        )
    elif state == "missed_visit":
        _walk(world, ticket, "accepted")
        actions.miss_visit(SlaClock.objects.get(ticket=ticket, rule_code="REP-20"), at=T("10:03:05"))
    elif state == "rework":
        _walk(world, ticket, "completion_reported")
        closing.reject_result(ticket.pk, by=world.specialist, reason="还在滴水", at=T("10:55:00"))
    elif state != "reported":
        _walk(world, ticket, state)
    return Ticket.objects.select_related("repair").get(pk=ticket.pk)


def redo(world: World, ticket: Ticket) -> None:
    """From rework back to in_work, at 11:05."""
    actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:56"))
    actions.accept_repair(ticket.pk, by=world.technician, at=T("10:56:30"))
    actions.arrive(ticket.pk, by=world.technician, at=T("11:00"))
    actions.start_work(ticket.pk, by=world.technician, at=T("11:05"))


def _walk(world: World, ticket: Ticket, until: str) -> None:
    for state, take_step in WALK:
        take_step(world, ticket)
        if state == until:
            return
    raise LookupError(until)


def clock(ticket: Ticket, code: str) -> SlaClock:
    """The latest clock of a rule on a ticket."""
    return SlaClock.objects.filter(ticket=ticket, rule_code=code).latest("pk")


def kinds_since(ticket: Ticket, pk: int) -> list[str]:
    """Kinds of the events that acts have written after one, those of the clocks left out."""
    events = TicketEvent.objects.filter(ticket=ticket, pk__gt=pk).exclude(kind__in=ENGINE_EVENTS)
    return list(events.order_by("pk").values_list("kind", flat=True))


def refused_by_the_database(constraint: str, change: Callable[[], Any]) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        change()
