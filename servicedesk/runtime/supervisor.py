"""`make up`: every process of the site on this machine, started in order, watched, and stopped in order.

PostgreSQL, Redis, sweeper, worker, beat and web start in this order and stop in the reverse one. A process that dies is
started again after a pause that grows; if this process is killed, the kernel ends the others and the data stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from servicedesk.runtime.layout import ROOT, RuntimeRefusal, State
from servicedesk.runtime.output import LogStream
from servicedesk.runtime.process import end_with_parent, kill_group, port_is_free, stop
from servicedesk.runtime.services import EmbeddedServices

READY_WITHIN = 120  # seconds until the supervisor says what is still missing
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a dead process is started again
_STEADY = 60.0  # seconds after which a process counts as well again


@dataclass(frozen=True)
class Program:
    """One process of the site. `patience`: seconds that it gets to end by itself."""

    name: str
    command: tuple[str, ...]
    patience: float = 10


def programs(state: State) -> list[Program]:
    """The processes beside PostgreSQL and Redis, in the order in which they start."""
    python, celery = sys.executable, (sys.executable, "-m", "celery", "-q", "-A")
    lean = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return [
        Program("sweeper", (python, "manage.py", "sla_sweeper")),
        Program(
            "worker", (*celery, "servicedesk.celery", "worker", "-Q", "sla,default", "-c", "2", *lean), patience=25
        ),
        Program("beat", (*celery, "servicedesk.beat", "beat", "-s", str(state.folder / "beat-schedule"), "--pidfile=")),
        Program("web", (python, "manage.py", "web")),
    ]


@dataclass
class Watched:
    """A process that must run: how to start it (False when it failed), and when to try again."""

    name: str
    start: Callable[[], bool]
    process: Callable[[], subprocess.Popen[bytes] | None]
    deaths: int = 0
    started_at: float = field(default_factory=time.monotonic)
    again_at: float | None = None

    def tend(self, say: Callable[[str], None]) -> None:
        """Notice a death, and start the process again when its pause is over. Times are monotonic seconds."""
        process, now = self.process(), time.monotonic()
        if self.again_at is not None:
            if now >= self.again_at:
                self.again_at, self.started_at = None, now
                say(
                    f"{self.name} 重新启动 / started again" if self.start() else f"{self.name} 启动失败 / did not start"
                )
        elif process is None or process.poll() is not None:
            if process is not None:
                kill_group(process)  # what it left behind, such as the worker's own children
            self.deaths = 1 if now - self.started_at > _STEADY else self.deaths + 1
            pause = min(_FIRST_PAUSE * 2 ** (self.deaths - 1), _LONGEST_PAUSE)
            self.again_at = now + pause
            code = process.returncode if process else "-"
            say(f"{self.name} 意外退出 / ended by itself (code {code}), again in {pause:g} s")


class Supervisor:
    """One `make up`, from the first check to the last stopped process."""

    def __init__(self) -> None:
        self.state = State.for_site()
        self.host = os.environ.get("HOST") or "127.0.0.1"
        self.port = _port(os.environ.get("PORT") or "8000")
        self.log = LogStream()
        self.leaving = threading.Event()
        self.services: EmbeddedServices | None = None
        self.environment: dict[str, str] = {}
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def local(self) -> str:
        """The address at which this machine reaches the site."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - read, not bound

    @property
    def address(self) -> str:
        return f"http://[{self.local}]:{self.port}" if ":" in self.local else f"http://{self.local}:{self.port}"

    def run(self) -> int:
        """Start, watch and stop everything. Returns 0 after a stop that was asked for; raises RuntimeRefusal."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.leaving.set())
        with _only_one(self.state, self.address):
            self._refuse_taken_port()
            try:
                self._start()
                self._watch()
            finally:
                self._stop()
        return 0

    def _refuse_taken_port(self) -> None:
        # A killed site may need a moment to let its port go.
        for _ in range(15):
            if port_is_free(self.host, self.port):
                return
            time.sleep(0.2)
        raise RuntimeRefusal(
            f"端口 {self.port} 已被占用 / port {self.port} is taken, try: PORT={self.port + 1} make up"
        )

    def _start(self) -> None:
        self.services = EmbeddedServices(self.state)
        is_new = self.services.start(
            postgres_output=self.log.channel("postgres"), redis_output=self.log.channel("redis")
        )
        if is_new:
            for mark in ("demo-done", "beat-schedule"):
                (self.state.folder / mark).unlink(missing_ok=True)
        self.environment = {
            **self.services.environment(),
            "HOST": self.host,
            "PORT": str(self.port),
            "DEMO": os.environ.get("DEMO") or "1",
            "HTTPS": os.environ.get("HTTPS") or "0",
            # Each thread holds a database connection of some 10 MB; eight serve an estate's desk on two cores.
            "WEB_THREADS": os.environ.get("WEB_THREADS") or "8",
            "MALLOC_ARENA_MAX": "2",  # sixteen threads would otherwise keep sixteen heaps
        }
        self._run_to_end("prepare", (sys.executable, "manage.py", "prepare"))
        for program in programs(self.state):
            if not self.leaving.is_set():
                self._spawn(program)

    def _run_to_end(self, name: str, command: tuple[str, ...]) -> None:
        if self.leaving.is_set():
            return
        process = self._popen(name, command)
        while process.poll() is None and not self.leaving.wait(0.05):
            pass
        stop(process, signal.SIGTERM, patience=10)
        if process.returncode != 0 and not self.leaving.is_set():
            raise RuntimeRefusal(f"准备失败，见上文 / {name} failed with code {process.returncode}, see above")

    def _spawn(self, program: Program) -> bool:
        self.children[program.name] = self._popen(program.name, program.command)
        return True

    def _popen(self, name: str, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        channel = self.log.channel(name)
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=channel,
            stderr=channel,
            env=self.environment,
            cwd=ROOT,
            start_new_session=True,  # Ctrl-C reaches the whole foreground group; only this process may act on it
            preexec_fn=end_with_parent(signal.SIGTERM),
        )

    def _watched(self) -> list[Watched]:
        assert self.services is not None
        postgres, redis = self.services.postgres, self.services.redis
        again = functools.partial(postgres.restart, output=self.log.channel("postgres"), patience=20)
        redis_again = functools.partial(redis.restart, output=self.log.channel("redis"), patience=10)
        return [
            Watched("postgres", again, lambda: postgres.process),
            Watched("redis", redis_again, lambda: redis.process),
            *(
                Watched(one.name, functools.partial(self._spawn, one), functools.partial(self.children.get, one.name))
                for one in programs(self.state)
            ),
        ]

    def _watch(self) -> None:
        watched, started, is_told = self._watched(), time.monotonic(), False
        while not self.leaving.is_set():
            for one in watched:
                one.tend(self.log.say)
            if not is_told:
                failing = _failing(self.local, self.port)
                if failing is None:
                    self.log.say(f"已就绪 / ready: {self.address}/  (Ctrl-C 停止 / stops)")
                elif time.monotonic() - started > READY_WITHIN:
                    self.log.say(f"仍未就绪 / still not ready: {failing}")
                is_told = failing is None or time.monotonic() - started > READY_WITHIN
            self.leaving.wait(0.25)

    def _stop(self) -> None:
        if self.leaving.is_set():
            self.log.say("正在停止 / stopping")
        for program in reversed(programs(self.state)):
            process = self.children.get(program.name)
            if process is not None and not stop(process, signal.SIGTERM, patience=program.patience):
                self.log.say(f"{program.name} 未按时退出，已强制结束 / did not end in time and was killed")
        if self.services is not None:
            self.services.stop()
        self.log.drain()
        self.log.say("已停止 / stopped")


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise RuntimeRefusal(f"PORT 无效 / PORT must be a number from 1 to 65535: {text}")
    return int(text)


@contextlib.contextmanager
def _only_one(state: State, address: str) -> Iterator[None]:
    """Hold the state folder's lock, in which the running site leaves its address. Raises RuntimeRefusal."""
    state.make()
    with (state.folder / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise RuntimeRefusal(f"已在运行 / already running: {lock.read().strip()}") from None
        lock.truncate(0)
        lock.write(f"{address}/ (pid {os.getpid()})")
        lock.flush()
        yield


def _failing(host: str, port: int) -> str | None:
    """None when /readyz says yes, else what it names."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    known = (os.environ.get("ALLOWED_HOSTS") or "localhost").split(",")[0].strip()
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost" if known == "*" else known})
        answer = connection.getresponse()
        if answer.status == 200:
            return None
        body: dict[str, Any] = json.loads(answer.read())
        return ", ".join(f"{name}: {body.get(name)}" for name in body["failing"])
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        return f"web: {type(error).__name__}"
    finally:
        connection.close()


def main() -> int:
    """The exit code of `make up`; a refusal is one line."""
    try:
        return Supervisor().run()
    except RuntimeRefusal as refusal:
        print(f"[up] {refusal}", file=sys.stderr)
        return 1
