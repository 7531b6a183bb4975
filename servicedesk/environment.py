"""Reading settings from environment variables, so that every bad or missing one is named at once.

A reader never raises: it notes the problem and returns a harmless value, and the system check `servicedesk.E001`
(see checks.py) then refuses to start with the whole list.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Problem:
    """One environment variable that is missing or cannot be understood. Never holds the value: it may be a secret."""

    variable: str
    sentence: str


problems: list[Problem] = []


def text(variable: str, default: str | None = None, *, shortest: int = 0) -> str:
    """The variable as it is. Without a default it must be set; `shortest` is its least length in characters."""
    value = os.environ.get(variable, "") or (default or "")
    if default is None and not value:
        problems.append(Problem(variable, "is not set"))
    elif len(value) < shortest:
        problems.append(Problem(variable, f"is shorter than {shortest} characters"))
    return value


def flag(variable: str, *, default: bool) -> bool:
    """1 or 0."""
    value = os.environ.get(variable, "1" if default else "0")
    if value not in {"0", "1"}:
        problems.append(Problem(variable, "must be 0 or 1"))
        return default
    return value == "1"


def number(variable: str, default: int, *, least: int, most: int) -> int:
    """A whole number between `least` and `most`."""
    value = os.environ.get(variable, str(default))
    if not value.isdecimal() or not least <= int(value) <= most:
        problems.append(Problem(variable, f"must be a whole number from {least} to {most}"))
        return default
    return int(value)


def words(variable: str, default: str = "") -> list[str]:
    """Words between commas, without spaces around them."""
    return [word.strip() for word in os.environ.get(variable, default).split(",") if word.strip()]


def database(variable: str, **settings: Any) -> dict[str, Any]:
    """Django's database settings from `postgres://role:password@host:port/name`."""
    parts = urlsplit(text(variable))
    try:
        port = parts.port or 5432
    except ValueError:
        port = 0
    name = parts.path.removeprefix("/")
    if os.environ.get(variable) and not (
        parts.scheme in {"postgres", "postgresql"} and parts.hostname and parts.username and name and port
    ):
        problems.append(Problem(variable, "must look like postgres://role:password@host:port/name"))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.hostname or "",
        "PORT": port,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "NAME": name or "servicedesk",
        **settings,
    }
