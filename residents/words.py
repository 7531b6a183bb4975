"""Putting words side by side the way the reader's language does."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _


def listed(words: Iterable[object]) -> str:
    """甲、乙、丙"""
    return _("、").join(str(word) for word in words)


def in_clauses(parts: Iterable[object]) -> str:
    """Longer parts that may hold commas themselves: 先敲门；水还在流"""
    return _("；").join(str(part) for part in parts)


def yuan(fen: int) -> str:
    """¥1,035.00 from 103500."""
    return f"¥{fen / 100:,.2f}"


def noted(word: object, note: object) -> str:
    """测试家人（家人）"""
    return _("%(word)s（%(note)s）") % {"word": word, "note": note}
