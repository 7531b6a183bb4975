"""Starting and ending child processes so that none outlives its parent."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import socket
import subprocess
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def end_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that has the kernel send `with_signal` to the child when the starting thread dies.

    Start children from the main thread: the kernel watches the thread, not the process. Linux only; elsewhere a
    `kill -9` of the parent leaves its children running.
    """
    if platform.system() != "Linux":
        return lambda: None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:  # the parent died before the kernel was asked
            os._exit(1)

    return ask_kernel


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. SO_REUSEADDR, or connections in TIME_WAIT would look like a server."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: subprocess.Popen[bytes], with_signal: signal.Signals, *, patience: float) -> bool:
    """End a child that leads its own session: ask, wait `patience` seconds, then kill its whole group.

    Returns whether it went by itself. Whatever the child left in its group is killed in any case.
    """
    went = True
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            went = False
    kill_group(process)
    process.wait()
    return went


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the session that `process` leads, the leader included."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
