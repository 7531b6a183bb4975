"""Compiles the catalogues under locale/ with Babel: a bare machine has no gettext."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from servicedesk.runtime.layout import ROOT


def compile_catalogues(folder: Path = ROOT / "locale") -> int:
    """Write a .mo beside every .po that is newer, unfinished (fuzzy) texts left out. Returns how many were written."""
    written = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        unfinished = target.with_suffix(".unfinished")
        with source.open("rb") as text, unfinished.open("wb") as binary:
            write_mo(binary, read_po(text, locale=source.parents[1].name))
        unfinished.replace(target)
        written += 1
    return written
