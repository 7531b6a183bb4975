"""Makes `.venv` from the lock files. Runs under a bare Python 3.11 or newer, so it imports the standard library only.

    python servicedesk/runtime/environment.py            what the product needs to run
    python servicedesk/runtime/environment.py --dev      and what `make test` needs

A stamp holds the hash of the lock files, so that the second call returns at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCKS = {"runtime": ROOT / "requirements/runtime.txt", "dev": ROOT / "requirements/dev.txt"}


def main(arguments: list[str]) -> int:
    """Bring `.venv` up to the lock files. Safe to repeat and to run twice at once; returns an exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever Python the machine has runs this file
        return _refuse("需要 Python 3.11 或更高版本 / Python 3.11 or newer is needed: make PYTHON=python3.11 up")
    if importlib.util.find_spec("ensurepip") is None:
        return _refuse(
            "缺少 venv 模块，请先运行 / the venv module is missing, run first: apt-get install -y python3-venv"
        )
    wanted = ["runtime", "dev"] if "--dev" in arguments else ["runtime"]
    with (ROOT / ".gitignore").open() as lock:  # a file that is always there; the lock ends with this process
        fcntl.flock(lock, fcntl.LOCK_EX)
        stale = [name for name in wanted if not _is_installed(name)]
        if stale:
            print(f"[environment] 安装依赖 / installing: {', '.join(stale)}", flush=True)
            _install(stale)
    return 0


def _refuse(sentence: str) -> int:
    print(f"[environment] {sentence}", file=sys.stderr)
    return 1


def _stamp(name: str) -> Path:
    return VENV / f".installed-{name}"


def _digest(name: str) -> str:
    return hashlib.sha256(sys.version.encode() + LOCKS[name].read_bytes()).hexdigest()


def _is_installed(name: str) -> bool:
    return _stamp(name).exists() and _stamp(name).read_text() == _digest(name)


def _install(names: list[str]) -> None:
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    for name in names:
        subprocess.run([*pip, "-r", str(LOCKS[name])], check=True)
        _stamp(name).write_text(_digest(name))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        sys.exit(_refuse(f"安装失败 / failed with code {error.returncode}: {' '.join(error.cmd)}"))
