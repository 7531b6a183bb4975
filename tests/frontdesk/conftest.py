from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from residents.tenancy import scope_now
from tests.worlds import SHANGHAI, World

PASSWORD = "correct-horse"
HTMX = {"HX-Request": "true"}


@dataclass
class Desk:
    """A clerk's browser in front of the garden's console; requests run at the database's real time."""

    world: World
    client: Client

    def form(self, **changes: Any) -> dict[str, Any]:
        """The six strokes' form: a leak in 3-1-2502, now, dispatched."""
        fields = {
            "form_key": str(uuid.uuid4()),
            "kind": "repair",
            "scope": "indoor",
            "unit_q": "3-1-2502",
            "category": "kitchen-leak",
            "visit": "now",
            "channel": "phone",
            "submit_as": "dispatch",
            **changes,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def submit(self, **changes: Any) -> Any:
        return self.client.post("/desk/intake/", self.form(**changes), headers=HTMX)

    def submit_without_script(self, **changes: Any) -> Any:
        return self.client.post("/desk/intake/", self.form(**changes))

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, query, headers=HTMX)


def working(world: World, role: str, *, until: int) -> None:
    """A shift that has begun and ends at the next local `until` o'clock: 17 is the day's, 8 the night's."""
    now = scope_now()
    end = now.astimezone(SHANGHAI).replace(hour=until, minute=0, second=0, microsecond=0)
    world.on_duty(role, start=now - timedelta(hours=1), end=end if end > now else end + timedelta(days=1))


@pytest.fixture
def sign_in(garden: World) -> Callable[[str], Client]:
    """A browser of whoever holds a role, on the day shift whatever the hour unless another shift runs."""

    def enter(role: str) -> Client:
        if not garden.staff[role].shifts.exists():
            working(garden, role, until=17)
        client = Client()
        answer = client.post("/login/", {"number": f"garden/{role}", "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return enter


@pytest.fixture
def desk(garden: World, sign_in: Callable[[str], Client]) -> Desk:
    """The clerk at the console, with a plumber on duty since an hour ago."""
    now = scope_now()
    garden.on_duty("technician", start=now - timedelta(hours=1), end=now + timedelta(hours=8))
    return Desk(garden, sign_in("front_desk"))
