from __future__ import annotations

import pytest

from residents.models import Person
from residents.privacy import masked


@pytest.mark.rule("PRIV-02")
@pytest.mark.parametrize(
    ("phone", "shown"), [("13800006621", "138****6621"), ("0755123", "075****5123"), ("110", "****"), ("", "")]
)
def test_of_a_phone_number_the_ends_are_shown_of_a_short_one_nothing(phone: str, shown: str) -> None:
    assert masked(phone) == shown
    assert Person(phone=phone).masked_phone == shown
