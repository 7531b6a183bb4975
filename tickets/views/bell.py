"""Notices, and what keeps a page live: the stream's cookie and the server's time."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from residents.access import staff_only
from residents.middleware import StaffRequest
from residents.tenancy import scope_now
from tickets import actions, policies
from tickets.live import COOKIE, SECONDS, stream_token
from tickets.models import SweepRun
from tickets.queries import notices as queries
from tickets.views.shared import is_htmx, number_of

EVENTS_PATH = "/live/"


@require_GET
@staff_only(policies.LIST_TICKETS)
def notices(request: StaffRequest) -> HttpResponse:
    """The bell's list, or the page of all notices."""
    return _notices(request)


def _notices(request: StaffRequest) -> HttpResponse:
    context = {
        "notices": queries.rows(request.staff, request.project),
        "ack_url": reverse("tickets:acknowledge"),
        "in_bell": is_htmx(request),
    }
    return render(request, "tickets/_notices.html" if is_htmx(request) else "tickets/notices.html", context)


@require_POST
@staff_only(policies.LIST_TICKETS)
def acknowledge(request: StaffRequest) -> HttpResponse:
    """收到: one notice, or all of them."""
    chosen = number_of(request.POST.get("notice"))
    actions.acknowledge(request.staff, request.project, at=scope_now(), notice_id=chosen)
    return _notices(request) if is_htmx(request) else HttpResponseRedirect(reverse("tickets:notices"))


@require_GET
@staff_only(policies.LIST_TICKETS)
def live_token(request: StaffRequest) -> HttpResponse:
    """Give the browser the cookie that opens its event stream."""
    answer = JsonResponse({"expires_in": SECONDS})
    answer.set_cookie(
        COOKIE,
        stream_token(request.staff),
        max_age=SECONDS,
        path=EVENTS_PATH,
        httponly=True,
        samesite="Strict",
        secure=settings.HTTPS,
    )
    return answer


@require_GET
@staff_only(policies.LIST_TICKETS)
def live_time(request: StaffRequest) -> JsonResponse:
    """The server's time and when the engine last swept, for countdowns that trust no computer's clock."""
    swept = SweepRun.objects.order_by("-finished_at").values_list("finished_at", flat=True).first()
    return JsonResponse({"now": scope_now().isoformat(), "swept_at": swept.isoformat() if swept else None})
