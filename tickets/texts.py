"""Checking what people type before it meets a column that cannot hold it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from residents.errors import InvalidInput


def checked(value: str, *, field: str, at_most: int, needed: str = "", rule: str = "") -> str:
    """The text without blanks around it, at most `at_most` characters; emoji and line breaks are kept.

    `needed` is the refusal when nothing is left. Raises InvalidInput, also for characters that PostgreSQL cannot store
    (NUL, halves of surrogate pairs).
    """
    text = value.strip()
    if needed and not text:
        raise InvalidInput(needed, rule=rule, field=field)
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidInput(_("内容里有无法保存的字符，请删掉后再提交。"), rule=rule, field=field)
    if len(text) > at_most:
        raise InvalidInput(
            _("最多 %(most)d 字，现在 %(n)d 字。") % {"most": at_most, "n": len(text)}, rule=rule, field=field
        )
    return text
