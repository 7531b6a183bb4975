"""What every API view stands on: who asks, in which company, and that an unsafe call happens once.

The company's scope is the one the request's middleware opened, so an API view sees what a page would see.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from residents.errors import DomainError, InvalidInput
from residents.models import IdempotencyKey, Project, Staff
from residents.tenancy import scope_now

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{8,80}")


class StaffAuthentication(SessionAuthentication):
    """The session of a person on the staff, with CSRF protection; 401 for everybody else."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        if getattr(request._request, "staff", None) is None:
            return None
        self.enforce_csrf(request)
        return request._request.user, None

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class IsStaff(BasePermission):
    """Signed in to a company and a member of at least one of its projects."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        staff = getattr(request._request, "staff", None)
        return staff is not None and getattr(request._request, "project", None) is not None


def actor(request: Request) -> Staff:
    """The person who asks. Only behind IsStaff."""
    staff: Staff = request._request.staff  # type: ignore[attr-defined]
    return staff


def project_of(request: Request) -> Project:
    """The project on the person's screen, the default of a call that names none."""
    project: Project = request._request.project  # type: ignore[attr-defined]
    return project


class StillRunning(DomainError):
    """The same call is being answered at this moment."""

    code = "still-running"


class KeyReused(InvalidInput):
    """An Idempotency-Key that has already served another call."""

    code = "idempotency-key-reused"


Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Honour `Idempotency-Key` on an unsafe call: the same key again gets the first answer and has no second effect.

    Kept 24 hours per person. The same key with another method, path or body is refused with 422. A refused call keeps
    nothing, so that it can be corrected and sent again under its key. Without the header the call runs as usual.
    """

    @wraps(handler)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            raise InvalidInput(_("Idempotency-Key 应为 8 到 80 个可见的 ASCII 字符。"))
        call = f"{request.method}\n{request.get_full_path()}\n".encode() + request._request.body
        fingerprint = hashlib.sha256(call).hexdigest()
        with transaction.atomic():
            row, is_first = _claim(actor(request), key, fingerprint)
            if not is_first:
                if row.fingerprint != fingerprint:
                    raise KeyReused(_("这个 Idempotency-Key 已经用于另一次请求。"))
                return Response(row.answer, status=row.status, headers={"Idempotency-Replayed": "true"})
            response = handler(view, request, *args, **kwargs)
            row.status, row.answer = response.status_code, json.loads(JSONRenderer().render(response.data))
            row.save(update_fields=("status", "answer"))
            return response

    return once


def _claim(staff: Staff, key: str, fingerprint: str) -> tuple[IdempotencyKey, bool]:
    """The row of the key, and whether this call made it. A call at the same moment waits for the first to commit."""
    now = scope_now()
    IdempotencyKey.objects.filter(staff=staff, created_at__lt=now - KEPT).delete()
    try:
        return IdempotencyKey.objects.get_or_create(
            staff=staff, key=key, defaults={"fingerprint": fingerprint, "created_at": now}
        )
    except OperationalError as error:  # the lock's time ran out
        raise StillRunning(_("同一个请求正在处理，请稍后再试。")) from error


class ProblemOut(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField(help_text="A stable address of the kind of problem.")
    title = serializers.CharField(help_text="A sentence for the person who asked.")
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="A stable word for programs.")
    rule = serializers.CharField(required=False, help_text="ID of the rule that refuses, such as REP-19.")
    field = serializers.CharField(required=False, help_text="The field at fault.")
    errors = serializers.DictField(  # type: ignore[assignment]  # shadows Serializer.errors, which an output never has
        child=serializers.ListField(child=serializers.CharField()), required=False, help_text="Sentences by field."
    )
    candidates = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="Open tickets that may be the same fault (REP-10)."
    )
