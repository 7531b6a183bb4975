"""A pytest plugin that keeps the tests of some rules: `-p tests.mutation.only_rules`, SD_ONLY_RULES="REP-16 REP-17".

A parametrised case that names its own rule counts for that rule alone, whatever its function names.
"""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(os.environ.get("SD_ONLY_RULES", "").split())
    kept = [item for item in items if wanted & _rules(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _rules(item: pytest.Item) -> set[str]:
    case = getattr(item, "callspec", None)
    own = [mark for mark in (case.marks if case else ()) if mark.name == "rule"]
    marks = own or item.iter_markers("rule")
    return {rule for mark in marks for argument in mark.args for rule in argument.replace(",", " ").split()}
