"""Where things are: the checkout, and the state folder that holds everything a run writes."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / ".state" / "vendor"  # built front-end files: the same for every state folder of this checkout


class RuntimeRefusal(Exception):
    """The runtime cannot go on; the message is one line for the person at the terminal, Chinese first."""


@dataclass(frozen=True)
class State:
    """One state folder: data, passwords and locks of one embedded stack. Nobody else may read it."""

    folder: Path

    @classmethod
    def for_site(cls) -> State:
        return cls(_inside_checkout(os.environ.get("SD_STATE", ".state")))

    @classmethod
    def for_tests(cls) -> State:
        return cls(_inside_checkout(os.environ.get("SD_TEST_STATE", ".state/test")))

    def make(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "secrets").mkdir(mode=0o700, exist_ok=True)

    def has_secret(self, name: str) -> bool:
        return (self.folder / "secrets" / name).exists()

    def secret(self, name: str) -> str:
        """The random password of this name, URL-safe, made on first use in a file only its owner can read."""
        path = self.folder / "secrets" / name
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        value = secrets.token_urlsafe(32)
        with os.fdopen(descriptor, "w") as file:
            file.write(value)
        return value


def _inside_checkout(name: str) -> Path:
    return (ROOT / name).resolve()
