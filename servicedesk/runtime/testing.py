"""`make test` and its quicker forms, on embedded servers of their own.

    python -m servicedesk.runtime.testing all            everything that CI runs, pytest last
    python -m servicedesk.runtime.testing fast [...]     pytest only, with these arguments, on a kept test database
    python -m servicedesk.runtime.testing lint           the checks that need no test
    python -m servicedesk.runtime.testing run COMMAND    any command with the servers up and the environment set

`SD_TEST_STATE` names the state folder, .state/test unless set: with one each, several people can test in one checkout.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from servicedesk.runtime import assets
from servicedesk.runtime.bootstrap import BACKUP
from servicedesk.runtime.layout import ROOT, RuntimeRefusal, State
from servicedesk.runtime.services import EmbeddedServices
from servicedesk.runtime.translations import compile_catalogues

APPS = ("residents", "tickets", "repairs", "complaints", "decoration", "billing", "frontdesk", "servicedesk")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Check:
    """One command that must end with 0; `environment` is laid over that of the tests."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def checks() -> list[Check]:
    """Everything but pytest, the cheap ones first."""
    manage = (sys.executable, "manage.py")
    production = {
        "TESTING": "0",
        "DEBUG": "0",
        "HTTPS": "1",
        "ALLOWED_HOSTS": "desk.example.com",
        "SECRET_KEY": secrets.token_urlsafe(50),
    }
    return [
        Check("ruff check", (_tool("ruff"), "check", ".")),
        Check("ruff format", (_tool("ruff"), "format", "--check", ".")),
        Check("import-linter", (_tool("lint-imports"), "--no-cache")),
        Check("djlint", (_tool("djlint"), "--lint", "--quiet", "templates")),
        Check("makemigrations", (*manage, "makemigrations", "--check", "--dry-run", "--verbosity=1")),
        Check(
            "check --deploy",
            (*manage, "check", "--deploy", "--fail-level=WARNING", "--database=default", "--database=sweeper"),
            production,
        ),
        Check("mypy", (_tool("mypy"), "--no-error-summary")),
    ]


def main(arguments: Sequence[str]) -> int:
    """Run one of the forms above and return its exit code."""
    form, rest = (arguments[0] if arguments else ""), list(arguments[1:])
    if form not in {"all", "fast", "lint", "run"}:
        print(__doc__, file=sys.stderr)
        return 2
    # A stop asked for with SIGTERM must still stop the servers.
    signal.signal(signal.SIGTERM, _leave)
    state = State.for_tests()
    try:
        with _alone_in(state), EmbeddedServices(state, for_tests=True) as services:
            assets.build()  # pages in a browser need them
            compile_catalogues()
            environment = {
                **services.environment(),
                "DATABASE_SUPERUSER_URL": services.postgres.superuser_url,  # for tests of bootstrap and back-up
                "DATABASE_BACKUP_PASSWORD": state.secret(BACKUP),
                "PG_BIN": str(services.postgres.bin),
                "TESTING": "1",
                "DEBUG": "0",
                "HTTPS": "0",
                "DEMO": "0",
            }
            if form == "run":
                return _run(rest, environment)
            if form == "fast":
                return _run([*_pytest(), *_keep_database(state), *rest], environment)
            return _everything(environment, with_tests=form == "all")
    except RuntimeRefusal as refusal:
        print(f"[test] {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _everything(environment: dict[str, str], *, with_tests: bool) -> int:
    failed = [check.name for check in checks() if not _passes(check, environment)]
    if failed:
        print(f"[test] 未通过 / failed: {', '.join(failed)}", file=sys.stderr, flush=True)
        return 1
    # Last, so that its closing line is the last one of the whole run.
    return _run([*_pytest(), "-n", "2", "--dist", "loadgroup"], environment) if with_tests else 0


def _passes(check: Check, environment: dict[str, str]) -> bool:
    started = time.monotonic()
    print(f"[test] {check.name}", flush=True)
    code = _run(check.command, {**environment, **check.environment})
    print(
        f"[test] {check.name}: {'ok' if code == 0 else f'code {code}'}, {time.monotonic() - started:.1f} s", flush=True
    )
    return code == 0


def _pytest() -> list[str]:
    return [sys.executable, "-m", "pytest", "-q"]


def _keep_database(state: State) -> list[str]:
    """Keep the test database between runs until a migration changes: making it takes longer than most tests."""
    digest = hashlib.sha256()
    for path in sorted(path for app in APPS for path in (ROOT / app).glob("migrations/*.py")):
        digest.update(path.read_bytes())
    digest.update((ROOT / "residents/tenancy.py").read_bytes())
    stamp = state.folder / "migrations.sha256"
    is_same = stamp.exists() and stamp.read_text() == digest.hexdigest()
    stamp.write_text(digest.hexdigest())
    return ["--reuse-db"] if is_same else ["--reuse-db", "--create-db"]


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    return subprocess.run(list(command), env=environment, cwd=ROOT, check=False).returncode


def _tool(name: str) -> str:
    return str(BIN / name)


@contextlib.contextmanager
def _alone_in(state: State) -> Iterator[None]:
    """Hold the state folder's lock; another run in the same folder waits for its turn and says so."""
    state.make()
    with (state.folder / "test.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"[test] 等待另一次测试 / another run uses {state.folder}, waiting; SD_TEST_STATE=... avoids it",
                flush=True,
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
