"""One log line per request, under an id that the browser, the proxy and the log share."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

logger = structlog.get_logger("servicedesk.request")

HEADER = "X-Request-ID"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_QUIET = {"/healthz", "/readyz"}


class RequestLogMiddleware:
    """Takes the proxy's X-Request-ID or makes one, and logs method, route, status and milliseconds.

    The route is the URL pattern, never the path or the query string, which may name a person or a home.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            if request.path not in _QUIET:
                logger.info(
                    "request",
                    method=request.method,
                    route=request.resolver_match.route if request.resolver_match else "-",
                    status=response.status_code,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )
        return response
