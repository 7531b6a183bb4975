"""`make clean`: remove the state folder, data and passwords included, unless something runs on it."""

from __future__ import annotations

import fcntl
import shutil
import sys

from servicedesk.runtime.layout import State


def main() -> int:
    folder = State.for_site().folder
    for lock_file in sorted({folder / "up.lock", *folder.glob("*/test.lock"), *folder.glob("*/up.lock")}):
        if not lock_file.exists():
            continue
        with lock_file.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"[clean] 正在使用，未删除 / in use, nothing removed: {lock_file.parent}", file=sys.stderr)
                return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
