"""`make up` as its user meets it: one site per folder, everything stops, nothing is lost, what dies comes back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg2
import pytest

from servicedesk.runtime.layout import ROOT, State
from servicedesk.runtime.process import free_port

pytestmark = pytest.mark.xdist_group("stack")
PATIENCE = 90  # seconds; how long it may take on a busy machine, not how long it should


class Site:
    """One `manage.py up` in a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[str] | None = None

    def command(self, **variables: str) -> subprocess.Popen[str]:
        plain = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        chosen = {"SD_STATE": str(self.folder), "PORT": str(self.port), "DEMO": "0", **variables}
        return subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env={**plain, **chosen},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def start(self) -> None:
        self.process = self.command()
        until(self.is_ready)

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.process.communicate()[0]
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def end(self, how: signal.Signals) -> str:
        assert self.process is not None
        self.process.send_signal(how)
        output, _ = self.process.communicate(timeout=PATIENCE)
        return output

    def pids(self, words: str = "") -> set[int]:
        """The processes that the supervisor has started, by `words` of their command line, and their children."""
        assert self.process is not None
        table = processes()
        found = {pid for pid, (parent, command) in table.items() if parent == self.process.pid and words in command}
        return found | {pid for pid, (parent, _) in table.items() if parent in found}

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement as the owner of the tables, on the port that the server has chosen."""
        (line,) = [
            entry
            for pid in self.pids("manage.py web")
            for entry in Path(f"/proc/{pid}/environ").read_text().split("\0")
            if entry.startswith("DATABASE_OWNER_URL=")
        ]
        connection = psycopg2.connect(line.partition("=")[2])
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


def processes() -> dict[int, tuple[int, str]]:
    """Every living process of this machine, its parent and its command line. The dead not yet buried have none."""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if command:
                    table[int(entry.name)] = (parent, command)
    return table


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("up") / "state")
    site.start()
    yield site
    if site.process is not None and site.process.poll() is None:
        site.end(signal.SIGINT)


def test_a_second_start_gives_one_line_and_leaves_the_first_alone(site: Site) -> None:
    output, _ = (second := site.command()).communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert output.splitlines() == [
        f"[up] 已在运行 / already running: http://127.0.0.1:{site.port}/ (pid {site.process and site.process.pid})"
    ]
    assert site.is_ready()


def test_a_taken_port_gives_one_line(site: Site, tmp_path: Path) -> None:
    output, _ = (second := site.command(SD_STATE=str(tmp_path / "other"))).communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert output.splitlines() == [
        f"[up] 端口 {site.port} 已被占用 / port {site.port} is taken, try: PORT={site.port + 1} make up"
    ]


def test_a_port_that_is_no_port_gives_one_line(tmp_path: Path) -> None:
    output, _ = (site := Site(tmp_path).command(PORT="eighty")).communicate(timeout=PATIENCE)

    assert (site.returncode, output) == (1, "[up] PORT 无效 / PORT must be a number from 1 to 65535: eighty\n")


def test_nobody_else_may_read_the_data_and_no_password_shows_in_the_process_list(site: Site) -> None:
    secrets = list((site.folder / "secrets").iterdir())

    assert (site.folder.stat().st_mode & 0o777, {path.stat().st_mode & 0o777 for path in secrets}) == (0o700, {0o600})
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in site.pids()]
    assert not any(path.read_text() in command for path in secrets for command in commands)
    assert len({path.read_text() for path in secrets}) == len(secrets) >= 7


@pytest.mark.parametrize(
    "words", ["manage.py web", "servicedesk.celery", "servicedesk.beat", "sla_sweeper", "valkey-server", "bin/postgres"]
)
def test_whatever_is_killed_comes_back(site: Site, words: str) -> None:
    until(site.is_ready)
    before = site.pids(words)
    assert before

    for pid in before:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    until(lambda: bool(site.pids(words) - before) and site.is_ready())
    until(lambda: not before & set(processes()))


def test_the_data_survives_a_killed_supervisor_and_ctrl_c_leaves_nothing(site: Site) -> None:
    until(site.is_ready)
    site.sql("CREATE TABLE kept AS SELECT 42 AS answer")

    before = site.pids()
    site.end(signal.SIGKILL)
    until(lambda: not before & set(processes()))
    site.start()
    assert site.sql("SELECT answer FROM kept") == [(42,)]
    site.sql("DROP TABLE kept")
    before = site.pids()
    output = site.end(signal.SIGINT)

    assert site.process is not None
    assert (site.process.returncode, "was killed" in output) == (0, False)
    assert not before & set(processes())


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.make()

    assert state.secret("redis") == state.secret("redis") != state.secret("sd_web")
