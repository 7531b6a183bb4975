"""The technician's pages on the phone."""

from __future__ import annotations

import uuid

from django.http import HttpResponse

from repairs.policies import SEE_PHONE_PAGES
from residents.access import staff_only
from residents.middleware import StaffRequest


@staff_only(SEE_PHONE_PAGES)
def tech_list(request: StaffRequest) -> HttpResponse:
    return HttpResponse()


@staff_only(SEE_PHONE_PAGES)
def tech_job(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    return HttpResponse()


@staff_only(SEE_PHONE_PAGES)
def duty_state(request: StaffRequest) -> HttpResponse:
    return HttpResponse()
