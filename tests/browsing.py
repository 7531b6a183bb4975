"""Signing people in and counting what a page asks of the database."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from residents.middleware import COMPANY_KEY, PROJECT_KEY
from residents.models import Project, Staff
from tests.worlds import World
from tickets.models import Ticket

BACKEND = "django.contrib.auth.backends.ModelBackend"


def client_of(staff: Staff, project: Project | None = None) -> Client:
    """A browser in which that person is signed in."""
    client = Client()
    client.force_login(staff.account, backend=BACKEND)
    session = client.session
    session[COMPANY_KEY] = staff.company_id
    if project is not None:
        session[PROJECT_KEY] = project.pk
    session.save()
    return client


def htmx(target: str = "") -> dict[str, str]:
    """The headers of a request that htmx sends for one part of a page."""
    return {"HX-Request": "true", **({"HX-Target": target} if target else {})}


def statements(client: Client, url: str, **options: Any) -> int:
    """How many statements a page takes, without the savepoints of the test's own transaction."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, **options).status_code == 200
    return sum(1 for query in queries if not query["sql"].upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")))


def do(client: Client, ticket: Ticket, action: str, *, target: str = "action-form", **fields: Any) -> Any:
    """Post one act of the ticket as the drawer does."""
    ticket.refresh_from_db()
    data = {"version": ticket.version, "form_key": uuid.uuid4().hex, **fields}
    return client.post(f"/tickets/{ticket.public_id}/act/{action}/", data, headers=htmx(target))


def on_duty_now(world: World, *roles: str) -> None:
    """Shifts around the database's own now."""
    from datetime import timedelta

    from residents.tenancy import scope_now

    now = scope_now()
    world.on_duty(*roles, start=now - timedelta(hours=1), end=now + timedelta(hours=8))
