"""The arithmetic can be read, tested and measured without Django: only `store` knows rows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tickets.calendars

PURE = sorted(
    path
    for path in Path(tickets.calendars.__file__).parent.glob("*.py")
    if path.name not in {"__init__.py", "store.py"}
)


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.stem)
def test_the_arithmetic_imports_neither_django_nor_models(path: Path) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert not {name for name in imported if name.partition(".")[0] in {"django", "residents"} or "models" in name}


def test_the_check_above_sees_every_module() -> None:
    assert {path.stem for path in PURE} == {"bases", "days", "errors", "national", "weekly", "zones"}
