"""How many statements an act costs: what does not grow here does not grow under load."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from repairs import actions
from tests.repairs.test_repair_path import take
from tests.worlds import T, World


def test_a_repair_is_taken_down_with_all_its_clocks_in_twelve_statements(garden: World) -> None:
    garden.on_duty("front_desk")
    with CaptureQueriesContext(connection) as statements:
        actions.report_repair(take(garden), project=garden.project, by=garden.front_desk, at=T("10:00:30"))

    assert len(statements) <= 12, "\n".join(q["sql"][:120] for q in statements.captured_queries)
