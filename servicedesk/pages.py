"""The pages for what no view answered: nothing there, not allowed, a form that is too old, and our own mistake."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF check failed: nearly always a page left open since before the last sign-in."""
    return _page(request, 403, {"error": {"sentence": _("这一页打开得太久了。请返回并刷新，再提交一次。")}})


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs no database, no session and no person: any of them may be what failed."""
    return _page(request, 500)


def _page(request: HttpRequest, status: int, context: dict[str, object] | None = None) -> HttpResponse:
    shown = {"request_id": getattr(request, "request_id", ""), "error": None, "back_url": "", **(context or {})}
    return HttpResponse(render_to_string(f"errors/{status}.html", shown), status=status)
