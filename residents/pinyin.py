"""How a Chinese name is read: the keys by which people are sorted and found (chenguodong, cgd)."""

from __future__ import annotations

from pypinyin import lazy_pinyin

SURNAMES = {
    "单": "shan",
    "曾": "zeng",
    "解": "xie",
    "仇": "qiu",
    "区": "ou",
    "查": "zha",
    "朴": "piao",
    "盖": "ge",
    "任": "ren",
    "华": "hua",
    "翟": "zhai",
    "覃": "qin",
    "乐": "yue",
    "缪": "miao",
    "员": "yun",
    "尉迟": "yu chi",
    "万俟": "mo qi",
    "长孙": "zhang sun",
}
"""Surnames that are read otherwise than the same character elsewhere."""


def name_keys(name: str) -> tuple[str, str]:
    """(pinyin, initials) of a person's name, in lower case and without tones: 单国栋 gives shanguodong, sgd."""
    surname = next((s for s in (name[:2], name[:1]) if s in SURNAMES), "")
    syllables = [*SURNAMES.get(surname, "").split(), *lazy_pinyin(name[len(surname) :])]
    return "".join(syllables).lower(), initials_of(syllables)


def text_initials(text: str) -> str:
    """The first letters of what Chinese text reads, as it is typed to find it: 厨房漏水 gives cfls."""
    return initials_of(lazy_pinyin(text))


def initials_of(syllables: list[str]) -> str:
    return "".join(syllable[:1] for syllable in syllables if syllable[:1].isalnum()).lower()
