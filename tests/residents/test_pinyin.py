from __future__ import annotations

import pytest

from residents.pinyin import name_keys, text_initials


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("陈国栋", "chenguodong", "cgd"),
        ("单国栋", "shanguodong", "sgd"),
        ("曾敏", "zengmin", "zm"),
        ("解雨萍", "xieyuping", "xyp"),
        ("仇明", "qiuming", "qm"),
        ("区伟", "ouwei", "ow"),
        ("查立", "zhali", "zl"),
        ("朴玉", "piaoyu", "py"),
        ("盖明", "geming", "gm"),
        ("任志鹏", "renzhipeng", "rzp"),
        ("华明", "huaming", "hm"),
        ("尉迟明", "yuchiming", "ycm"),
    ],
)
def test_a_surname_is_read_as_a_surname(name: str, pinyin: str, initials: str) -> None:
    assert name_keys(name) == (pinyin, initials)


def test_a_given_name_is_read_as_ordinary_text() -> None:
    assert name_keys("李单")[0] == "lidan"


def test_text_is_found_by_the_first_letters_of_its_syllables() -> None:
    assert text_initials("厨房漏水") == "cfls"
    assert text_initials("厨房老鼠 / 虫害") == "cflsch"
