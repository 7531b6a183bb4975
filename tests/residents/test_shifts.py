"""The shift that starts at sign-in, as the frame of every page names it."""

from __future__ import annotations

import pytest
from django.test import Client

from residents.models import DutyShift
from tests.worlds import World

PASSWORD = "correct-horse"


@pytest.mark.django_db
def test_a_shift_is_named_in_the_language_of_whoever_looks(garden: World) -> None:
    client = Client()
    client.post("/login/", {"number": "garden/supervisor", "password": PASSWORD, "shift": "late"})
    assert DutyShift.objects.get(staff=garden.supervisor).name == "late"

    shown = []
    for language in ("zh-hans", "zh-hant", "en"):
        client.post("/me/language/", {"language": language})
        shown.append(client.get("/tickets/").context["staff"]["shift_label"]())

    assert shown == ["晚班", "晚班", "Evening"]
