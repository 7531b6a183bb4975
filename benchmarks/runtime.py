"""The whole site from nothing: how soon it is ready, what it holds in memory, what it leaves behind.

    .venv/bin/python -m benchmarks.runtime

Clones the committed state into an empty folder and runs `make up` there, as a newcomer does. Needs Linux.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path
from time import perf_counter, sleep
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

from benchmarks.harness import ROOT, Row, markdown
from servicedesk.runtime.process import free_port

MEGABYTES = 700
# What a newcomer's shell has, and where packages come from; nothing of the servers this process may run beside.
PLAIN = re.compile("PATH$|HOME$|LANG$|TMPDIR$|PIP_|NPM_CONFIG_|SSL_|REQUESTS_CA|NODE_EXTRA|.*_PROXY$", re.IGNORECASE)
READERS, ROUNDS = 8, 25
PAGES = ("/desk/", "/tickets/", "/tickets/?" + urlencode({"q": "漏水"}), "/desk/queue/")


class Site:
    """One `make up` in a clone of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)  # noqa: S607 - the user's own git

    def start(self) -> float:
        """Seconds until the site says that it is ready."""
        started = perf_counter()
        environment = {name: value for name, value in os.environ.items() if PLAIN.match(name)}
        with (self.folder / "up.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "up"],  # noqa: S607 - as it is typed
                cwd=self.folder,
                env={**environment, "PORT": str(self.port)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while not self._is_ready():
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "up.log").read_text(encoding="utf-8")[-2000:])
            sleep(0.1)
        return perf_counter() - started

    def stop(self) -> float:
        """Ctrl-C: seconds until nothing of it runs any more."""
        return self._end(lambda: os.killpg(self.process.pid, signal.SIGINT))

    def kill(self) -> float:
        """`kill -9` of the supervisor: seconds until nothing of it runs any more."""
        supervisor = self.processes()[1]  # the one that make has started
        return self._end(lambda: os.kill(supervisor, signal.SIGKILL))

    def _end(self, act: Callable[[], None]) -> float:
        started, running = perf_counter(), self.processes()
        act()
        self.process.wait(timeout=60)
        while any(Path(f"/proc/{pid}").exists() for pid in running) and perf_counter() - started < 60:
            sleep(0.1)
        return perf_counter() - started

    def _is_ready(self) -> bool:
        try:
            with urlopen(self.url("/readyz"), timeout=2) as answer:  # noqa: S310 - our own http address
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def processes(self) -> list[int]:
        """The supervisor and everything that it has started."""
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                except OSError:
                    continue
                children.setdefault(parent, []).append(int(entry.name))
        return list(_with_descendants(self.process.pid, children))

    def megabytes(self) -> float:
        """Memory of all processes, what they share counted once (PSS)."""
        total = 0
        for pid in self.processes():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024

    def read_pages(self) -> None:
        """So many clerks at once sign in and read the pages of the desk for a while."""
        with ThreadPoolExecutor(READERS) as pool:
            for done in [pool.submit(self._read) for _ in range(READERS)]:
                done.result()

    def _read(self) -> None:
        browser = build_opener(HTTPCookieProcessor(CookieJar()))
        page = browser.open(self.url("/login/")).read().decode()
        fields = {"csrfmiddlewaretoken": _first(r'token" value="([^"]+)"', page), "shift": "early"}
        fields |= {name: _first(rf'data-fill-{name}="([^"]+)"', page) for name in ("number", "password")}
        browser.open(self.url("/login/"), urlencode(fields).encode()).read()
        for _ in range(ROUNDS):
            for path in PAGES:
                browser.open(self.url(path)).read()


def _first(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    if found is None:
        raise RuntimeError(f"the page has no {pattern}")
    return found[1]


def _with_descendants(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, ()):
        yield from _with_descendants(child, children)


def measure() -> list[Row]:
    """Start, use, stop, start again, kill the supervisor hard, start again."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder) / "app")
        first = site.start()
        fresh = site.megabytes()
        site.read_pages()
        used = site.megabytes()
        stopped = site.stop()
        later = site.start()
        site.kill()
        after_kill = site.start()
        ended = site.stop()
    return [
        Row("first `make up`, packages and demo data included, ready", first, "s", "≤ 180 s", first <= 180),
        Row("a later `make up`, ready", later, "s", "≤ 20 s", later <= 20),
        Row("`make up` after `kill -9` of the supervisor, ready", after_kill, "s", "≤ 20 s", after_kill <= 20),
        Row("Ctrl-C, until no process is left", max(stopped, ended), "s", "≤ 60 s", max(stopped, ended) < 60),
        Row("memory of all processes after the start (PSS)", fresh, "MB", f"≤ {MEGABYTES} MB", fresh <= MEGABYTES),
        Row(
            f"memory after {READERS} clerks at once have read {READERS * ROUNDS * len(PAGES)} pages",
            used,
            "MB",
            f"≤ {MEGABYTES} MB",
            used <= MEGABYTES,
        ),
    ]


if __name__ == "__main__":
    found = measure()
    print(markdown(found))
    sys.exit(0 if all(row.is_met for row in found) else 1)
