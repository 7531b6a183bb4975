"""Invented names. Common syllables in random order; telephone numbers from ranges that nobody has (138 0000 xxxx)."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

# By how common they are, so that the list under 王 is long; then some that are read in an unusual way.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭肖田董袁潘于蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔"
    "钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤"
)
_UNUSUAL = "曾任单解仇区查朴盖华翟覃"
_FIRST = ("国建志文海俊宏永立世德家兴景", "晓佳思雨梓秀玉桂淑丽美春文嘉")
_SECOND = ("栋林辉峰涛宇轩鹏生成康远明松", "琪怡雯婷芳英兰娟敏慧静萍玲燕")


class Named(NamedTuple):
    """An invented person: full name and the title by which the desk speaks to them."""

    name: str
    title: str


def invent(rng: Random, *, surname: str = "") -> Named:
    """A name of three characters. `surname` keeps a family together."""
    sex = rng.randrange(2)
    if not surname:
        surname = rng.choice(_UNUSUAL) if rng.random() < 0.06 else _SURNAMES[int(rng.random() ** 1.8 * len(_SURNAMES))]
    return Named(f"{surname}{rng.choice(_FIRST[sex])}{rng.choice(_SECOND[sex])}", ("先生", "女士")[sex])


class Telephones:
    """Numbers that are plainly no one's: 138 0000 0001, 138 0000 0002, ..."""

    def __init__(self, prefix: str, *, after: int = 0) -> None:
        self._prefix, self._last = prefix, after

    def next(self, rng: Random) -> str:
        self._last += rng.randint(1, 3)
        return f"{self._prefix}{self._last:04d}"
