"""Under which account the embedded PostgreSQL runs: it refuses to be root."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAMESPACE = ("--user", "--map-user=1000", "--map-group=1000")
_SHARED = Path("/var/lib/servicedesk-embedded")


@dataclass(frozen=True)
class ServerAccount:
    """How to start a program that must not be root.

    An ordinary user starts it as it is. Root starts it in a user namespace in which our uid shows as 1000: no file
    changes hands and it works below a home folder nobody else may enter. Where the kernel refuses namespaces, root
    falls back to an existing unprivileged account, which then needs its own copies of what it cannot reach.
    """

    name: str
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None
    popen: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def choose(cls) -> ServerAccount:
        if os.geteuid() != 0:
            return cls("as it is")
        unshare = shutil.which("unshare")
        if unshare and os.environ.get("SD_ROOT_MODE") != "setuid":
            command = (unshare, *_NAMESPACE)
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return cls("user namespace", prefix=command)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            popen = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            return cls(f"account {name}", uid=entry.pw_uid, gid=entry.pw_gid, popen=popen)
        return cls("root")  # PostgreSQL will say itself that it does not want this

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, *map(str, command)], capture_output=True, text=True, check=False, **self.popen, **options
        )

    def can_enter(self, path: Path) -> bool:
        return self.uid is None or self.run(["test", "-x", path], cwd="/").returncode == 0

    def give(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def home_for(self, folder: Path, name: str) -> Path:
        """Where this account may keep the data that belongs to `folder`: inside it if it can get there."""
        if self.can_enter(folder):
            return folder / name
        _SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        return _SHARED / f"{name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"

    def reachable_copy(self, package: Path, version: str) -> Path:
        """`package` (a folder in site-packages) itself, or a copy that this account can execute.

        The binaries find their libraries in a sibling `<package>.libs`, so the two are copied side by side.
        """
        if self.can_enter(package):
            return package
        place = _SHARED / f"binaries-{version}"
        if not (place / "complete").exists():
            for source in (package, package.with_name(f"{package.name}.libs")):
                if source.exists():
                    shutil.copytree(source, place / source.name, dirs_exist_ok=True)
            (place / "complete").touch()
        return place / package.name
