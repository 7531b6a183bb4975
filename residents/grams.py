"""Chinese search under row-level security: single characters and pairs in an array, found through a GIN index.

`LIKE` and trigrams cannot use an index behind a policy and most Chinese words have two characters, so a generated
column holds the characters and pairs of the text and `@>` (marked leak-proof at set-up) finds them.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Value

CREATE_FUNCTION = """
CREATE FUNCTION text_grams(source text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(folded, i, n)), '{}')
    FROM (SELECT left(lower(regexp_replace(source, '\\s+', '', 'g')), 600) AS folded) AS f,
         generate_series(1, length(folded)) AS i, generate_series(1, 2) AS n
    WHERE i + n - 1 <= length(folded)
$$
"""
DROP_FUNCTION = "DROP FUNCTION text_grams(text)"


class _Grams(Func):
    function = "text_grams"
    arg_joiner = " || ' ' || "


class GramsField(models.GeneratedField):
    """A stored generated column with the characters and pairs of the named text fields, at most 600 characters."""

    # Nobody reads it back: it is there to be searched.
    db_returning = False  # type: ignore[assignment]

    def __init__(self, *names: str, **kwargs: Any) -> None:
        self.names = names
        kwargs.update(
            expression=_Grams(*[F(name) for name in names]),
            output_field=ArrayField(models.TextField()),
            db_persist=True,
        )
        super().__init__(**kwargs)

    def deconstruct(self) -> Any:
        name, path, _args, kwargs = super().deconstruct()
        for key in ("expression", "output_field", "db_persist"):
            kwargs.pop(key, None)
        return name, path, list(self.names), kwargs


def grams_of(words: str) -> list[str]:
    """What a row must hold to contain every word: the pairs of each, or the character of a one-letter word."""
    found: dict[str, None] = {}
    for word in re.split(r"\s+", words.strip().lower()):
        pairs = [word[i : i + 2] for i in range(len(word) - 1)] or [word]
        found.update(dict.fromkeys(pair for pair in pairs if pair))
    return list(found)


def contains_words(words: str, *, field: str = "search") -> models.Q:
    """Rows whose grams hold every pair of the words. A word of three letters may match pairs that do not touch."""
    return models.Q(**{f"{field}__contains": Value(grams_of(words), output_field=ArrayField(models.TextField()))})
