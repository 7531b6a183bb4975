"""Turning a refusal of the domain into an answer: a page, a line on the page that asked, or problem details."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from residents.errors import DomainError

TEMPLATES = {403: "errors/403.html", 404: "errors/404.html", 409: "errors/409.html", 422: "errors/422.html"}


class RefusalMiddleware:
    """Answers a DomainError that a view let through; what the view had changed before is rolled back with the request.

    For htmx the sentence goes to the page's own place for problems and everything typed stays where it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        request.is_refused = True  # type: ignore[attr-defined]  # the transaction is rolled back once this is rendered
        return refusal(request, exception)


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer for one refusal, with its own status."""
    if request.path.startswith("/api/"):
        return problem_details(error)
    context = {"error": error}
    if request.headers.get("HX-Request"):
        response = render(request, "errors/_problem.html", context, status=error.status)
        response["HX-Retarget"] = "#problems"
        response["HX-Reswap"] = "innerHTML"
        return response
    return render(request, TEMPLATES.get(error.status, "errors/409.html"), context, status=error.status)


def problem_details(error: DomainError, **members: object) -> JsonResponse:
    """RFC 9457, with the rule, the field and further members beside the standard ones."""
    body: dict[str, object] = {
        "type": f"/problems/{error.code}",
        "title": str(error.sentence),
        "status": error.status,
        "code": error.code,
    }
    if error.rule:
        body["rule"] = error.rule
    if error.field:
        body["field"] = error.field
    body.update(members)
    return JsonResponse(body, status=error.status, content_type="application/problem+json")
