"""The pages of every kind of ticket."""

from __future__ import annotations

import uuid

from django.http import HttpResponse

from residents.access import staff_only
from residents.middleware import StaffRequest
from tickets import policies


@staff_only(policies.LIST_TICKETS)
def ticket_list(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def ticket_rows(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def callbacks(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def callback(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def reviews(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def notices(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def acknowledge(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def live_token(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def live_time(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def attachment(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def detail(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def act(request: StaffRequest, public_id: uuid.UUID, action: str) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def comment(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()


@staff_only(policies.LIST_TICKETS)
def attach(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()
