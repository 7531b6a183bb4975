"""What every page's frame shows: navigation by role, project, person, server time, unacknowledged notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from frontdesk.policies import SEE_DESK
from repairs.policies import SEE_PHONE_PAGES
from residents.duty import shift_name
from residents.models import DutyShift, Project, Staff
from residents.policies import Policy
from residents.roles import Role
from residents.tenancy import scope_now
from tickets import policies
from tickets.queries.notices import unread


@dataclass(frozen=True)
class Place:
    """An entry of the rail: for whom, where, with which icon."""

    label: Promise
    url_name: str
    icon: str
    allowed: Policy


RAIL = (
    Place(_("服务台"), "frontdesk:console", "phone", SEE_DESK),
    Place(_("任务"), "repairs:tech_list", "tool", SEE_PHONE_PAGES),
    Place(_("工单"), "tickets:list", "list", policies.LIST_TICKETS),
    Place(_("回访"), "tickets:callbacks", "rotate", policies.CALL_BACK),
    Place(_("审核"), "tickets:reviews", "clipboard-check", policies.REVIEW),
)
TECHNICIAN_ONLY = frozenset({Role.TECHNICIAN})


def landing_page(staff: Staff, project_id: int) -> str:
    """Where a person begins: technicians on the phone page, the desk at the console, everybody else at the list."""
    roles = staff.roles_in(project_id)
    if roles and roles <= TECHNICIAN_ONLY:
        return reverse("repairs:tech_list")
    if SEE_DESK.allows(staff, project_id=project_id):
        return reverse("frontdesk:console")
    return reverse("tickets:list")


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor of base.html and phone.html; next to nothing for strangers.

    What costs a statement or a walk over the rail is a function that a template calls: a part of a page asks for none.
    """
    staff: Staff | None = getattr(request, "staff", None)
    project = getattr(request, "project", None)
    if staff is None or project is None:
        return {"server_now": scope_now(), "theme": ""}
    waiting = cache(lambda: unread(staff))
    return {
        "nav": cache(lambda: _rail(request.path, staff, project)),
        "projects": [
            {"id": p.pk, "name": p.name, "unread": partial(_unread_in, waiting, p)}
            for p in request.projects  # type: ignore[attr-defined]
        ],
        "project": {"id": project.pk, "name": project.name},
        "staff": {
            "number": staff.number,
            "name": staff.name,
            "initial": staff.name[:1],
            "role_label": next((label for code, label in Role.choices if code in staff.roles_in(project.pk)), ""),
            "shift_label": cache(lambda: _shift(staff, project)),
        },
        "server_now": scope_now(),
        "theme": staff.account.theme,
        "unread_notices": lambda: _unread_shown(staff, project, waiting()),
        "unread_elsewhere": lambda: sum(waiting().values()) - _unread_shown(staff, project, waiting()),
    }


def _unread_in(waiting: Callable[[], dict[int, int]], project: Project) -> int:
    return waiting().get(project.pk, 0)


def _unread_shown(staff: Staff, project: Project, waiting: dict[int, int]) -> int:
    """What the bell counts: the notices that it lists."""
    return sum(waiting.values()) if staff.project_ids is None else waiting.get(project.pk, 0)


def _rail(path: str, staff: Staff, project: Project) -> list[dict[str, Any]]:
    places = [place for place in RAIL if place.allowed.allows(staff, project_id=project.pk)]
    urls = [reverse(place.url_name) for place in places]
    # The callbacks lie below the tickets: the longest address that fits is where the person is.
    current = max((url for url in urls if path.startswith(url)), key=len, default="")
    return [
        {"label": place.label, "url": url, "icon": place.icon, "active": url == current, "badge": 0, "late": False}
        for place, url in zip(places, urls, strict=True)
    ]


def _shift(staff: Staff, project: Project) -> str:
    """The name of the running shift, or ""."""
    now = scope_now()
    running = DutyShift.objects.filter(
        staff=staff, project=project, ended_at=None, started_at__lte=now, ends_at__gt=now
    )
    return shift_name(running.order_by("-started_at").values_list("name", flat=True).first() or "")
