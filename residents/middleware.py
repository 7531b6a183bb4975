"""One transaction per request, in the scope of the company the person signed in to."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

import structlog
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import timezone, translation

from residents.models import Project, Staff
from residents.signed_in import projects_of, staff_of
from residents.tenancy import company_scope

COMPANY_KEY, PROJECT_KEY = "company", "project"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class StaffRequest(HttpRequest):
    """A request of somebody signed in: who, and which of their projects is on the screen."""

    staff: Staff
    project: Project


class CompanyScopeMiddleware:
    """Opens the company's scope around the view and sets `request.staff` and `request.project`, None for strangers.

    Templates are rendered inside. A failed view reaches a middleware as a 500 response and a refused one as a 4xx, not
    as an exception, so their transaction is rolled back here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.staff, request.project = None, None  # type: ignore[attr-defined]
        company_id = request.session.get(COMPANY_KEY)
        if company_id is None or not request.user.is_authenticated:
            return self._answer(request)
        with company_scope(company_id):
            acting = request.method not in SAFE_METHODS
            request_id = structlog.contextvars.get_contextvars().get("request_id", "")
            staff = staff_of(request.user, acting=acting, request_id=request_id)
            if staff is not None:
                return self._answer_staff(request, staff)
        # Left the company since signing in: the session dies with the membership, and nothing of the company is open.
        logout(request)
        return self._answer(request)

    def _answer_staff(self, request: HttpRequest, staff: Staff) -> HttpResponse:
        request.staff = staff  # type: ignore[attr-defined]
        request.projects = projects_of(staff)  # type: ignore[attr-defined]
        request.project = self._project(request)  # type: ignore[attr-defined]
        zone = request.project.zone if request.project else "Asia/Shanghai"  # type: ignore[attr-defined]
        with timezone.override(zoneinfo.ZoneInfo(zone)), translation.override(staff.account.language):
            request.LANGUAGE_CODE = translation.get_language()
            response = self._answer(request)
        if response.status_code >= 500 or getattr(request, "is_refused", False):
            transaction.set_rollback(True)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
            response = response.render()
        return response

    @staticmethod
    def _project(request: HttpRequest) -> Project | None:
        projects: list[Project] = request.projects  # type: ignore[attr-defined]
        chosen = request.session.get(PROJECT_KEY)
        return next((p for p in projects if p.pk == chosen), projects[0] if projects else None)
