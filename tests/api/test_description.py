"""The API describes itself completely, and its page asks no other host."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from tests.api.conftest import Caller, problem
from tests.worlds import World
from tickets.api import all_acts

Call = Callable[[str], Caller]


@pytest.fixture(scope="module")
def schema() -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    found: dict[str, dict[str, dict[str, dict[str, object]]]] = yaml.safe_load(out.getvalue())
    return found


def test_the_description_is_valid_and_lists_every_route(schema: dict[str, dict[str, object]]) -> None:
    assert set(schema["paths"]) == {
        "/api/v1/repairs/",
        "/api/v1/sla/clocks/",
        "/api/v1/tickets/",
        "/api/v1/tickets/{public_id}/",
        "/api/v1/tickets/{public_id}/actions/{action_name}/",
    }


def test_every_unsafe_call_is_described_with_its_refusals_and_its_key(
    schema: dict[str, dict[str, dict[str, dict[str, object]]]],
) -> None:
    for path, methods in schema["paths"].items():
        call = methods.get("post")
        if call is None:
            continue
        assert {"401", "403", "404", "409", "422"} <= set(call["responses"]), path  # type: ignore[call-overload]
        assert "Idempotency-Key" in str(call["parameters"])


def test_every_act_has_a_described_body(schema: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
    described = set(schema["components"]["schemas"])

    for name, act in all_acts().items():
        wanted = act.body.__name__.removesuffix("In")
        assert any(component.startswith(wanted) for component in described), name


def test_the_description_and_its_page_are_for_people_on_the_staff(garden: World, caller: Call) -> None:
    for path in ("/api/schema/", "/api/docs/"):
        assert problem(Client().get(path))["status"] == 401
        assert caller("guard").get(path).status_code == 200


def test_the_page_asks_no_other_host_and_runs_no_script_of_its_own(garden: World, caller: Call) -> None:
    page = caller("front_desk").get("/api/docs/").content.decode()
    script = caller("front_desk").get("/api/docs/", script="").content.decode()

    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "http://" not in script
    assert "https://" not in script
