"""Pages that go wrong, for the tests of what a request leaves behind."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

from residents.errors import GateClosed
from residents.models import Project
from residents.tenancy import current_company_id


def rename(request: HttpRequest, fate: str) -> HttpResponse:
    """Changes a row, then fails as told."""
    Project.objects.update(name=f"改名 {fate}")
    if fate == "crash":
        raise RuntimeError("crash")
    if fate == "interrupt":
        raise KeyboardInterrupt
    if fate == "refusal":
        raise GateClosed(rule="REP-19")
    return HttpResponse(status=500 if fate == "500" else 200)


def look(request: HttpRequest) -> JsonResponse:
    return JsonResponse(
        {"company": current_company_id(), "projects": list(Project.objects.values_list("name", flat=True))}
    )


urlpatterns = [
    path("rename/<slug:fate>/", rename),
    path("look/", look),
    path("", include("servicedesk.urls")),
]
