"""Finding the ticket of an address, and answering an act."""

from __future__ import annotations

import json
import uuid

from django.http import HttpResponse
from django.utils import timezone

from residents.errors import NotFound
from residents.middleware import StaffRequest
from tickets.models import Ticket
from tickets.models.ticket import TicketQuerySet


def ticket_or_404(request: StaffRequest, public_id: uuid.UUID, *, tickets: TicketQuerySet | None = None) -> Ticket:
    """The ticket, if the person may know that it exists; the rest of the request has the zone of its project.

    It need not be the project on the screen, and the times of a form are local ones.
    """
    rows = Ticket.objects.all() if tickets is None else tickets
    found = rows.select_related("project").visible_to(request.staff).filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    timezone.activate(found.project.tzinfo)  # the middleware puts its own back
    return found


def is_htmx(request: StaffRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def target(request: StaffRequest) -> str:
    """The id of the part of the page that asked."""
    return request.headers.get("HX-Target", "")


def acted(response: HttpResponse, text: str, *, undo: str = "") -> HttpResponse:
    """Tell the page that something was done: it closes its drawer, fetches its live parts and shows the sentence.

    `undo`: the address that takes it back, offered for eight seconds.
    """
    # ASCII only: a header cannot carry Chinese.
    response["HX-Trigger"] = json.dumps({"acted": {}, "toast": {"text": text, "undo": undo}})
    return response


def number_of(value: str | None) -> int | None:
    """A version or an id from a form or an address; None for anything else."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None
