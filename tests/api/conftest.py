from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from residents.middleware import COMPANY_KEY, PROJECT_KEY
from residents.models import Staff
from tests.worlds import World

TICKETS, REPAIRS, CLOCKS = "/api/v1/tickets/", "/api/v1/repairs/", "/api/v1/sla/clocks/"


class Caller:
    """Somebody of the staff who calls the API with JSON."""

    def __init__(self, world: World, staff: Staff, *, csrf: bool = False) -> None:
        self.client = Client(enforce_csrf_checks=csrf, raise_request_exception=False)
        self.client.force_login(staff.account, backend="django.contrib.auth.backends.ModelBackend")
        session = self.client.session
        session[COMPANY_KEY], session[PROJECT_KEY] = world.company.pk, world.project.pk
        session.save()

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(
            path,
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def act(self, ticket: Any, name: str, body: Any = None, **headers: str) -> Any:
        return self.post(f"{TICKETS}{ticket}/actions/{name}/", body, **headers)


@pytest.fixture
def caller(garden: World) -> Callable[[str], Caller]:
    """A caller by role."""
    return lambda role: Caller(garden, garden.staff[role])


def problem(answer: Any) -> dict[str, Any]:
    """The body of a refusal; fails for anything that is not problem details."""
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body: dict[str, Any] = json.loads(answer.content)
    assert body["status"] == answer.status_code
    assert {"type", "title", "code"} <= body.keys()
    return body
