"""A deployment that is set up wrongly says what is wrong, all of it, before it serves anybody."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from servicedesk import environment


@pytest.fixture(autouse=True)
def own_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "problems", [])


def found() -> list[str]:
    return [f"{problem.variable} {problem.sentence}" for problem in environment.problems]


@pytest.mark.parametrize(
    ("address", "is_fine"),
    [
        ("postgres://sd_web:p%40ss@db:5433/desk", True),
        ("postgresql://sd_web@db/desk", True),
        ("mysql://sd_web@db/desk", False),
        ("postgres://db/desk", False),
        ("postgres://sd_web@db", False),
        ("postgres://sd_web@db:port/desk", False),
    ],
)
def test_a_database_address_is_read_or_named(monkeypatch: pytest.MonkeyPatch, address: str, is_fine: bool) -> None:
    monkeypatch.setenv("SOME_URL", address)

    environment.database("SOME_URL")

    assert found() == ([] if is_fine else ["SOME_URL must look like postgres://role:password@host:port/name"])


def test_a_password_with_special_letters_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URL", "postgres://sd_web:p%40ss@db:5433/desk")

    settings = environment.database("SOME_URL")

    assert (settings["USER"], settings["PASSWORD"], settings["PORT"]) == ("sd_web", "p@ss", 5433)


def test_numbers_and_flags_that_make_no_sense_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_FLAG", "yes")
    monkeypatch.setenv("SOME_NUMBER", "70")

    assert environment.flag("SOME_FLAG", default=False) is False
    assert environment.number("SOME_NUMBER", 16, least=1, most=64) == 16
    assert found() == ["SOME_FLAG must be 0 or 1", "SOME_NUMBER must be a whole number from 1 to 64"]


def test_every_missing_setting_is_named_at_once_and_no_value_is_shown() -> None:
    bare = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env={**bare, "SECRET_KEY": "short-secret", "DEBUG": "maybe"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    for sentence in (
        "DATABASE_URL is not set",
        "DATABASE_OWNER_URL is not set",
        "DATABASE_SWEEPER_URL is not set",
        "REDIS_URL is not set",
        "SECRET_KEY is shorter than 32 characters",
        "DEBUG must be 0 or 1",
    ):
        assert sentence in done.stderr
    assert "short-secret" not in done.stderr
