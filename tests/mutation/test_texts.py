"""The list of what is switched off keeps up with the source."""

from __future__ import annotations

from tests.mutation.rules import outdated


def test_every_mutation_finds_the_text_that_it_replaces() -> None:
    assert [f"{m.rule} {m.what} in {m.file}" for m in outdated()] == []
