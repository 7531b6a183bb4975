"""A whole stack in a folder of its own: embedded PostgreSQL and Redis, and the processes that a scenario starts."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2

from servicedesk.runtime.layout import ROOT, State
from servicedesk.runtime.process import end_with_parent, kill_group, stop
from servicedesk.runtime.services import EmbeddedServices

PATIENCE = 90.0  # seconds until a scenario gives up; how long it may take on a busy machine, not how long it should


class Failed(Exception):
    """A scenario found something lost, doubled or stuck."""


class Stack:
    """The servers, and by name the processes started on them. Made in the main thread."""

    def __init__(self, services: EmbeddedServices, environment: dict[str, str]) -> None:
        self.services, self.environment = services, environment
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start `sweeper…`, `worker…` (two processes) or `beat…`; the rest of the name tells several apart."""
        celery = [sys.executable, "-m", "celery", "-q", "-A"]
        lean = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-n", f"{name}@chaos"]
        folder = self.services.state.folder
        command = {
            "sweeper": [sys.executable, "manage.py", "sla_sweeper", "--interval", "0.5"],
            "worker": [*celery, "servicedesk.celery", "worker", "-Q", "sla,default", "-c", "2", *lean],
            "beat": [*celery, "servicedesk.beat", "beat", "-s", str(folder / name), "--pidfile="],
        }[name.rstrip("0123456789")]
        with (folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGKILL),
            )
        self.processes[name] = process
        return process

    def kill(self, name: str) -> None:
        """kill -9, the children too."""
        process = self.processes.pop(name)
        kill_group(process)
        process.wait()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send it to the process and its children."""
        os.killpg(self.processes[name].pid, number)

    def deploy(self, name: str) -> None:
        """Ask it to stop, as a new version does, wait until it has, and start it anew."""
        stop(self.processes.pop(name), signal.SIGTERM, patience=30)
        self.start(name)

    def end(self) -> None:
        """Stop every process that is left, in the ordinary way."""
        for name in list(self.processes):
            stop(self.processes.pop(name), signal.SIGTERM, patience=20)

    def stalled(self) -> bool:
        """Whether a statement of the site's roles sleeps in the database. Only a superuser may see that."""
        url = self.services.postgres.superuser_url
        with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE wait_event = 'PgSleep' AND usename IN ('sd_sweeper', 'sd_web')"
            )
            return bool(cursor.fetchone()[0])

    def logs(self) -> str:
        """The last lines of every process, for a report of a failure."""
        found = sorted(self.services.state.folder.glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-2500:]}" for path in found)


@contextlib.contextmanager
def stack() -> Iterator[Stack]:
    """New servers with a migrated database; Django of this process is set up on them. Everything goes at the end."""
    state = State(ROOT / ".state" / f"chaos-{os.getpid()}")
    state.make()
    try:
        with EmbeddedServices(state, for_tests=True) as services:
            environment = {
                **services.environment(),
                "TESTING": "1",
                "DEBUG": "0",
                "HTTPS": "0",
                "DEMO": "0",
                "DJANGO_SETTINGS_MODULE": "servicedesk.settings",
            }
            os.environ.update(environment)
            import django
            from django.core.management import call_command
            from django.db import connections

            django.setup()
            call_command("migrate", database="owner", interactive=False, verbosity=0)
            made = Stack(services, environment)
            try:
                yield made
            except BaseException:
                sys.stderr.write(made.logs())
                raise
            finally:
                made.end()
                connections.close_all()
    finally:
        shutil.rmtree(state.folder, ignore_errors=True)
        _remove_outside(services.postgres.data, state.folder)


def _remove_outside(data: Path, folder: Path) -> None:
    # As another account than its own the server keeps its data outside of the state folder.
    if not data.is_relative_to(folder):
        shutil.rmtree(data, ignore_errors=True)


def ask(query: str, *values: Any) -> Any:
    """The first column of the first row, read as the enforcement role, which sees every company."""
    from django.db import connections

    with connections["sweeper"].cursor() as cursor:
        cursor.execute(query, list(values))
        row = cursor.fetchone()
        return row[0] if row else None


def tell(statement: str, *, alias: str = "owner") -> None:
    """Run a statement as the owner of the tables."""
    from django.db import connections

    with connections[alias].cursor() as cursor:
        cursor.execute(statement)


def until(what: str, holds: Callable[[], bool], *, patience: float = PATIENCE) -> float:
    """Wait for it; the seconds it took. Raises Failed."""
    began = time.monotonic()
    while time.monotonic() - began < patience:
        if holds():
            return time.monotonic() - began
        time.sleep(0.1)
    raise Failed(f"not within {patience:.0f} s: {what}")


def check(what: str, holds: bool) -> None:
    if not holds:
        raise Failed(what)
