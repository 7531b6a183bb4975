"""The shift that starts at sign-in, as the frame of every page names it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from residents.duty import start_shift
from residents.models import DutyShift
from residents.tenancy import scope_now
from tests.browsing import client_of
from tests.worlds import T, World


@pytest.mark.django_db
def test_a_shift_is_named_in_the_language_of_whoever_looks(garden: World) -> None:
    shift = start_shift(garden.supervisor, garden.project, code="late", at=T("18:00"))
    DutyShift.objects.filter(pk=shift.pk).update(ends_at=scope_now() + timedelta(hours=1))
    client = client_of(garden.supervisor)

    shown = []
    for language in ("zh-hans", "zh-hant", "en"):
        client.post("/me/language/", {"language": language})
        shown.append(client.get("/tickets/").context["staff"]["shift_label"]())

    assert shift.name == "late"
    assert shown == ["晚班", "晚班", "Evening"]
