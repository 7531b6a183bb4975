"""The page of the head of the service centre."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from residents.access import staff_only
from residents.middleware import StaffRequest
from tickets import policies
from tickets.queries import reviews as queries


@require_GET
@staff_only(policies.REVIEW)
def reviews(request: StaffRequest) -> HttpResponse:
    """What waits for a signature, each with what is still missing (rules CBK-04, CBK-06)."""
    rows = queries.rows(request.staff, request.project)
    total = f"{len(rows)}+" if len(rows) == queries.ROWS else str(len(rows))
    return render(request, "tickets/reviews.html", {"rows": rows, "total": total})
