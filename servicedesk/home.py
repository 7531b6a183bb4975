from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET

from residents.access import staff_only
from residents.middleware import StaffRequest
from servicedesk.shell import landing_page


@require_GET
@staff_only()
def home(request: StaffRequest) -> HttpResponse:
    """The first page of the person's role."""
    return HttpResponseRedirect(landing_page(request.staff, request.project.pk))
