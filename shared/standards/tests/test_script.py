from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.standards.tests.compile_simplified import TARGET, compiled
from standards.script import simplified

names = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("龍華區民治街道三棟", "龙华区民治街道三栋"), ("张三", "张三"), ("John Smith", "John Smith"), ("", "")],
)
def test_traditional_script_becomes_simplified(written: str, expected: str) -> None:
    assert simplified(written) == expected


def test_half_a_character_stays_as_it_is() -> None:
    assert simplified("張\ud800") == "张\ud800"


@given(names)
def test_converting_again_changes_nothing(name: str) -> None:
    assert simplified(simplified(name)) == simplified(name)


@given(names, names)
def test_what_a_name_becomes_does_not_depend_on_its_neighbours(one: str, other: str) -> None:
    assert simplified(one + other) == simplified(one) + simplified(other)


def test_the_forms_are_those_of_the_dictionary() -> None:
    assert TARGET.read_text(encoding="utf-8") == compiled()
