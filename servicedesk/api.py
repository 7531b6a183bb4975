"""The API's site map, its description, and problem details for every refusal (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import exceptions
from rest_framework.routers import SimpleRouter

from repairs.api import RepairViewSet
from residents.api import IsStaff
from residents.errors import DomainError, NotFound
from servicedesk.refusals import problem_details
from tickets.api import ClockViewSet, TicketViewSet

SENTENCES = {
    400: ("malformed", _("请求无法解析。")),
    401: ("signed-out", _("请先登录。")),
    403: ("not-allowed", _("您没有这项权限。")),
    405: ("method", _("这个地址不支持这种请求方法。")),
    406: ("format", _("没有您要的格式。")),
    415: ("media-type", _("请以 application/json 发送。")),
    422: ("invalid", _("填写有误，请检查。")),
}


def problem(error: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """The answer for whatever an API view raised; None leaves a fault of ours to be a 500.

    What the view had changed is rolled back with the request.
    """
    answer = _answer(error)
    if answer is not None:
        context["request"]._request.is_refused = True
    return answer


def _answer(error: Exception) -> JsonResponse | None:
    if isinstance(error, DomainError):
        candidates = [
            {"id": str(ticket.public_id), "number": ticket.number} for ticket in getattr(error, "candidates", ())
        ]
        return problem_details(error, **({"candidates": candidates} if candidates else {}))
    if isinstance(error, Http404):
        return problem_details(NotFound())
    if isinstance(error, PermissionDenied):
        return _plain(403)
    if isinstance(error, RecursionError):  # a body nested thousands deep
        return _plain(400)
    if isinstance(error, exceptions.ValidationError):
        return _plain(422, errors=dict(_by_field(error.detail)))
    if isinstance(error, exceptions.NotFound):
        return problem_details(NotFound())
    if isinstance(error, exceptions.APIException):
        answer = _plain(error.status_code)
        if scheme := getattr(error, "auth_header", None):
            answer["WWW-Authenticate"] = scheme
        return answer
    return None


def _plain(status: int, **members: Any) -> JsonResponse:
    code, sentence = SENTENCES.get(status, ("refused", _("请求被拒绝。")))
    body = {"type": f"/problems/{code}", "title": str(sentence), "status": status, "code": code, **members}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def _by_field(detail: Any, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Sentences by field; those of a nested field by its path: materials.0.name."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _by_field(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(detail, list) and any(isinstance(inner, dict) for inner in detail):
        for index, inner in enumerate(detail):
            yield from _by_field(inner, f"{prefix}.{index}" if prefix else str(index))
    elif detail:
        yield prefix or "body", [str(sentence) for sentence in detail]


class StaffScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """How the description speaks of the session."""

    target_class = "residents.api.StaffAuthentication"


class SchemaView(SpectacularAPIView):
    """The OpenAPI description, for people on the staff."""

    permission_classes = [IsStaff]


class DocsView(SpectacularSwaggerSplitView):
    """The description as a page to try things on; every file comes from this server."""

    permission_classes = [IsStaff]
    template_name = "api/docs.html"
    url_name = "schema"


router = SimpleRouter(use_regex_path=False)
router.register("tickets", TicketViewSet, basename="ticket")
router.register("repairs", RepairViewSet, basename="repair")
router.register("sla/clocks", ClockViewSet, basename="clock")

urlpatterns = [
    path("v1/", include((router.urls, "api"))),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
