"""One log stream for many processes: each line with the name of the process that wrote it."""

from __future__ import annotations

import os
import selectors
import sys
import threading

_WIDTH = 9


class LogStream:
    """Gives each process a pipe to write to and prints what comes out of all of them, a line at a time."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._pipes: dict[str, tuple[int, int]] = {}
        self._rest: dict[str, bytes] = {}
        self._printing = threading.Lock()
        self._thread: threading.Thread | None = None

    def channel(self, name: str) -> int:
        """The file descriptor that `name` writes to; the same one after a restart."""
        if name not in self._pipes:
            reading, writing = os.pipe()
            self._pipes[name] = (reading, writing)
            self._selector.register(reading, selectors.EVENT_READ, name)
            if self._thread is None:
                self._thread = threading.Thread(target=self._pump, name="log", daemon=True)
                self._thread.start()
        return self._pipes[name][1]

    def say(self, sentence: str) -> None:
        """Print a line of the supervisor's own."""
        self._print("up", sentence)

    def drain(self) -> None:
        """Print what is left when every process has ended."""
        for name, (reading, _) in self._pipes.items():
            os.set_blocking(reading, False)
            self._take(name, reading)
            if rest := self._rest.pop(name, b""):
                self._print(name, rest.decode(errors="replace"))

    def _pump(self) -> None:
        while True:
            for key, _ in self._selector.select():
                self._take(key.data, key.fd)

    def _take(self, name: str, reading: int) -> None:
        try:
            chunk = os.read(reading, 65_536)
        except BlockingIOError:
            return
        *lines, rest = (self._rest.get(name, b"") + chunk).split(b"\n")
        self._rest[name] = rest
        for line in lines:
            self._print(name, line.decode(errors="replace"))

    def _print(self, name: str, line: str) -> None:
        with self._printing:
            sys.stdout.write(f"{name:<{_WIDTH}}| {line}\n")
            sys.stdout.flush()
