"""The list of tickets."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from residents.access import staff_only
from residents.middleware import StaffRequest
from residents.models import Staff
from residents.tenancy import scope_now
from tickets import policies
from tickets.queries import lists

KEPT = ("tab", "q", "state", "stage", "kind", "technician", "since", "until", "after", "before")


@require_GET
@staff_only(policies.LIST_TICKETS)
def ticket_list(request: StaffRequest) -> HttpResponse:
    """The list with its tabs and filters."""
    context = _rows(request)
    now, tab = scope_now(), context["tab"]
    people = Staff.objects.working_in(request.project.pk).order_by("pinyin", "number")
    asked = context["asked"]
    context |= {
        "tabs": lists.tabs(tab, staff=request.staff, project=request.project, now=now),
        "states": _choices(lists.state_choices(), asked.get("state")),
        "kinds": _choices(lists.kind_choices(), asked.get("kind")),
        "technicians": _choices(((p.number, p.name) for p in people), asked.get("technician")),
        "hidden": [{"name": name, "value": asked[name]} for name in ("tab", "stage") if asked[name]],
        "filtered": any(asked.get(name) for name in KEPT[1:8]),
    }
    return render(request, "tickets/list.html", context)


@require_GET
@staff_only(policies.LIST_TICKETS)
def ticket_rows(request: StaffRequest) -> HttpResponse:
    """The rows alone, for the filters and for what changes by itself."""
    return render(request, "tickets/_rows.html", _rows(request))


def _rows(request: StaffRequest) -> dict[str, Any]:
    now = scope_now()
    asked = {name: request.GET.get(name, "").strip() for name in KEPT}
    tab = asked["tab"] if asked["tab"] in lists.TABS else ("all" if asked["q"] else "todo")
    asked["tab"] = tab
    tickets = lists.in_tab(tab, staff=request.staff, project=request.project, now=now)
    chosen = lists.TicketFilter(asked, queryset=tickets)
    found = lists.listing(chosen.qs, tab=tab, asked=asked, staff=request.staff, project=request.project, now=now)
    return {
        "tab": tab,
        "asked": asked,
        "filter": chosen.form,
        "rows": found.rows,
        "total": found.total,
        "page": found.page,
        "rows_url": lists.address("tickets:rows", asked),
        "clear_url": f"{reverse('tickets:list')}?tab={tab}",
    }


def _choices(pairs: Any, chosen: str | None) -> list[dict[str, Any]]:
    return [{"value": value, "label": label, "selected": value == chosen} for value, label in pairs]
