"""Front-end files come from packages named by hash, and none of them asks another host for anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree

from servicedesk.runtime.assets import ICONS, NODE_FILES, PYTHON_FILES, sprite
from servicedesk.runtime.layout import ROOT, VENDOR, RuntimeRefusal
from servicedesk.runtime.translations import compile_catalogues


def test_every_front_end_package_is_locked_by_hash_and_names_no_host() -> None:
    lock = json.loads((ROOT / "assets/package-lock.json").read_text())

    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_the_sprite_has_every_named_icon_in_the_colour_of_the_text() -> None:
    names = (ROOT / "assets/icons.txt").read_text().split()

    drawn = etree.parse(VENDOR / "icons.svg").getroot()

    assert [symbol.get("id") for symbol in drawn] == names
    assert {symbol.get("stroke") for symbol in drawn} == {"currentColor"}
    assert all(len(symbol) for symbol in drawn)


def test_an_icon_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeRefusal, match="no-such-icon"):
        sprite(tmp_path / ICONS, ["no-such-icon"])


def test_the_copied_files_are_there_and_name_no_map() -> None:
    for name in [*NODE_FILES.values(), *PYTHON_FILES.values()]:
        assert b"sourceMappingURL" not in (VENDOR / name).read_bytes()


def test_translations_are_compiled_without_gettext_and_only_when_they_changed(tmp_path: Path) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "报修"\nmsgstr "Repair"\n'
    )

    assert (compile_catalogues(tmp_path), compile_catalogues(tmp_path)) == (1, 0)
    assert b"Repair" in (folder / "django.mo").read_bytes()
