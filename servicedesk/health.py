"""Is this process alive, and is the service ready: asked by people, health checks and load balancers."""

from __future__ import annotations

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

SWEEP_MAY_BE = 30  # seconds since the last finished sweep; the console's footer turns red at the same age


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process can answer at all. Touches nothing else, so a restart never follows a database outage."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers the web role, Redis answers and a sweep ended lately; else 503 and what fails."""
    findings = {"database": _database(), "redis": _redis(), "sweep": _sweep()}
    failing = sorted(name for name, (is_well, _) in findings.items() if not is_well)
    body = {"ready": not failing, "failing": failing, **{name: detail for name, (_, detail) in findings.items()}}
    return JsonResponse(body, status=503 if failing else 200)


def _database() -> tuple[bool, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return False, type(error).__name__
    return True, "ok"


def _redis() -> tuple[bool, str]:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
            client.ping()
    except redis.RedisError as error:
        return False, type(error).__name__
    return True, "ok"


def _sweep() -> tuple[bool, float | str]:
    """Seconds since the last sweep ended, by the database's clock. The table has no company: one engine serves all."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM now() - max(finished_at)) FROM tickets_sweeprun")
            (age,) = cursor.fetchone()
    except DatabaseError as error:
        return False, type(error).__name__
    if age is None:
        return False, "never"
    return float(age) <= SWEEP_MAY_BE, round(float(age), 1)
