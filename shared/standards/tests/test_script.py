from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.script import name_key, same_name, simplified

names = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("龍華區民治街道三棟", "龙华区民治街道三栋"), ("张三", "张三"), ("John Smith", "John Smith"), ("", "")],
)
def test_traditional_script_becomes_simplified(written: str, expected: str) -> None:
    assert simplified(written) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("張麗華", "张丽华"),
        ("鍾馗", "钟馗"),
        ("鍾馗", "锺馗"),
        ("李乾坤", "李乾坤"),
        ("欧阳 修", "歐陽修"),
        ("阿依古丽·买买提", "阿依古麗买买提"),
        ("阿依古丽•买买提", "阿依古丽・买买提"),
        ("JOHN SMITH", "John\u3000Smith"),
        ("ＪＯＨＮ", "John"),
    ],
)
def test_two_writings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(("one", "other"), [("张三", "张山"), ("李育成", "李成育"), ("王芳", "王")])
def test_two_names_are_not_the_same(one: str, other: str) -> None:
    assert not same_name(one, other)


@given(names)
def test_converting_again_changes_nothing(name: str) -> None:
    assert simplified(simplified(name)) == simplified(name)


@given(names, names)
def test_what_a_name_becomes_does_not_depend_on_its_neighbours(one: str, other: str) -> None:
    assert simplified(one + other) == simplified(one) + simplified(other)


@given(names)
def test_a_name_is_the_same_as_its_simplified_writing(name: str) -> None:
    assert name_key(simplified(name)) == name_key(name)
