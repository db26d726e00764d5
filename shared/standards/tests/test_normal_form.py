from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.standards.tests.compile_simplified import TARGET, compiled
from standards.normal_form import normal_text, simplified
from testkit.growth import assert_linear

IGNORABLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200d\u200e\u202e\u2060\u2066\u3164"
    "\ufe00\ufe0f\ufeff\uffa0\U000e0001\U000e0041\U000e0100\U000e01ef"
)
any_text = st.text(st.characters(), max_size=30)  # lone surrogates too
names = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=6)
ideographs = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=12)

PRIVATE_USE_IN_2005 = bytes.fromhex(
    "FE59FE61FE66FE67FE6DFE7EFE90FEA0 A6D9A6DAA6DBA6DCA6DDA6DEA6DFA6ECA6EDA6F3"  # moved by the edition of 2022
    "FE51FE52FE53FE6CFE76FE91 A8BC"  # left in two bytes by it, with characters of four bytes; moved in 2005
)
CHARACTERS_IN_2022 = "龴龵龶龷龸龹龺龻︐︒︑︓︔︕︖︗︘︙𠂇𠂉𠃌𡗗𢦏𤇾ḿ"


@pytest.mark.parametrize("ignorable", IGNORABLE)
def test_what_unicode_ignores_is_dropped_wherever_it_stands(ignorable: str) -> None:
    assert normal_text(f"{ignorable}葛{ignorable}文静{ignorable}") == "葛文静"


@pytest.mark.parametrize("written", ["李丽\0\0", "\0李丽", "李丽 \0 \0", "\u3000李丽\u3000", "\ufeff李丽\r\n\0"])
def test_the_padding_of_card_readers_is_dropped(written: str) -> None:
    assert normal_text(written) == "李丽"


def test_nul_within_a_text_is_not_padding() -> None:
    assert normal_text("李\0丽") == "李\0丽"


def test_every_private_use_character_of_the_older_editions_gets_its_code_point_of_2022() -> None:
    decoded = PRIVATE_USE_IN_2005.decode("gb18030")
    assert all(unicodedata.category(character) == "Co" for character in decoded), "Python's codec has a newer edition"
    assert normal_text(decoded) == unicodedata.normalize("NFKC", CHARACTERS_IN_2022)


def test_private_use_characters_of_gbk_are_those_that_gb18030_has_at_the_same_bytes() -> None:
    row = [0xFE00 + trail for trail in range(0x50, 0xA1) if trail != 0x7F]
    for number, code in enumerate(row):
        there = normal_text(code.to_bytes(2).decode("gb18030"))
        assert normal_text(chr(0xE815 + number)) == there
        assert unicodedata.category(there) == "Lo", hex(code)


@pytest.mark.parametrize(("radical", "ideograph"), [("⻢⻓⻰", "马长龙"), ("⼈⽊⾦", "人木金"), ("⻨⻩⻬", "麦黄齐")])
def test_radicals_become_their_ideographs(radical: str, ideograph: str) -> None:
    assert normal_text(radical) == ideograph


def test_compatibility_ideographs_become_unified_and_the_twelve_real_ones_stay() -> None:
    assert normal_text("\uf9b0\ufa19\ufa5b\U0002f81a") == "聆神者冬"
    assert normal_text("﨎﨏﨑﨓﨔﨟﨡﨣﨤﨧﨨﨩") == "﨎﨏﨑﨓﨔﨟﨡﨣﨤﨧﨨﨩"


@pytest.mark.parametrize("numerals", ["Ⅰ", "Ⅱ期", "ⅻ", "5②", "½", "㈠", "〡〢", "12²号"])
def test_numerals_of_one_character_are_left_to_their_reader(numerals: str) -> None:
    assert normal_text(numerals) == numerals


def test_width_becomes_one_and_case_stays() -> None:
    assert normal_text("ＡＢc１２ｱ") == "ABc12ア"


@given(any_text)
def test_the_form_of_a_form_is_itself(text: str) -> None:
    assert normal_text(normal_text(text)) == normal_text(text)


def test_the_form_of_the_form_of_every_character_is_itself() -> None:
    for character in map(chr, range(0x110000)):
        once = normal_text(text := f"a{character}b")
        assert once == text or normal_text(once) == once, hex(ord(character))  # what is its own form stays so


@given(any_text, st.sampled_from(IGNORABLE), st.integers(0, 30))
def test_an_ignorable_character_changes_nothing(text: str, ignorable: str, at: int) -> None:
    assert normal_text(text[:at] + ignorable + text[at:]) == normal_text(text)


@given(ideographs, ideographs)
def test_different_plain_texts_stay_different(one: str, other: str) -> None:
    assert (normal_text(one) == normal_text(other)) == (one == other)


def test_time_grows_with_the_length_and_no_faster() -> None:
    assert_linear(normal_text, "Ⅱ\u3000\ue863a\u0301\U000e0100")


def test_traditional_script_becomes_simplified() -> None:
    assert simplified("龍華區民治街道三棟") == "龙华区民治街道三栋"
    assert simplified("張\ud800") == "张\ud800"


@pytest.mark.parametrize("text", ["张三", "John Smith", ""])
def test_simplified_script_stays_as_it_is(text: str) -> None:
    assert simplified(text) == text


@given(names)
def test_converting_again_changes_nothing(name: str) -> None:
    assert simplified(simplified(name)) == simplified(name)


@given(names, names)
def test_what_a_name_becomes_does_not_depend_on_its_neighbours(one: str, other: str) -> None:
    assert simplified(one + other) == simplified(one) + simplified(other)


def test_the_forms_are_those_of_the_dictionary() -> None:
    assert TARGET.read_text(encoding="utf-8") == compiled()
