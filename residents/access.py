"""The door of a page: signed in, of the right role, and inside a project."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from residents.errors import NotAllowed
from residents.policies import Policy, require

View = Callable[..., HttpResponseBase]


def staff_only(allowed: Policy | None = None) -> Callable[[View], View]:
    """Send strangers to the sign-in page (401 for htmx and fetch), refuse roles outside the policy with 403.

    Every page view carries this; a test walks the site map and fails on one that does not.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            staff = getattr(request, "staff", None)
            project = getattr(request, "project", None)
            if staff is None:
                if request.headers.get("HX-Request"):
                    return HttpResponse(status=401)
                return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={quote(request.get_full_path())}")
            if project is None:
                raise NotAllowed
            if allowed is not None:
                require(staff, allowed, project_id=project.pk)
            return view(request, *args, **kwargs)

        guarded.is_guarded = True  # type: ignore[attr-defined]
        return guarded

    return decorate
