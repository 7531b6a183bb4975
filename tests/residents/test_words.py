"""Words in a row read as the reader's language has it."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from residents.words import in_clauses, listed, noted
from servicedesk.runtime.layout import ROOT
from servicedesk.runtime.testing import APPS

JOINED_BY_HAND = re.compile(r"""["'][、；，]["']\.join|join\(["'][、；，]|join:["'][、；，]""")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("zh-hans", ("甲、乙", "甲；乙", "甲（乙）")), ("en", ("甲, 乙", "甲; 乙", "甲 (乙)"))],
)
def test_words_are_joined_as_the_language_does(language: str, expected: tuple[str, str, str]) -> None:
    with translation.override(language):
        assert (listed(["甲", "乙"]), in_clauses(["甲", "乙"]), noted("甲", "乙")) == expected


def test_nothing_on_a_page_is_joined_by_hand() -> None:
    files = [
        *(path for app in APPS for path in ROOT.glob(f"{app}/**/*.py") if "management" not in path.parts),
        *ROOT.glob("templates/**/*.html"),
        *ROOT.glob("static/js/*.js"),
    ]

    assert len(files) > 100
    assert [str(path.relative_to(ROOT)) for path in files if JOINED_BY_HAND.search(path.read_text())] == []
