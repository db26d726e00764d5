from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards import mask


@pytest.mark.parametrize(
    ("name", "masked"),
    [("李育成", "李*成"), ("李四", "李*"), ("李", "*"), ("欧阳修远", "欧**远"), (" 李育成 ", "李*成"), ("", "")],
)
def test_a_name_keeps_its_first_and_last_character(name: str, masked: str) -> None:
    assert mask.name(name) == masked


def test_a_number_keeps_its_first_and_last_character() -> None:
    assert mask.number("11010519491231002X") == "1****************X"


@given(st.text(st.characters(exclude_characters="*", exclude_categories=["Z", "C"]), min_size=2, max_size=30))
def test_a_masked_text_is_as_long_and_shows_two_characters_at_most(text: str) -> None:
    masked = mask.number(text)
    assert len(masked) == len(text)
    assert len(masked.replace("*", "")) <= 2
