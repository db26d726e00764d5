from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standards.numerals import with_arabic_digits

_PLAIN = "零一二三四五六七八九"
_FINANCIAL = "零壹贰叁肆伍陆柒捌玖"


@pytest.mark.parametrize(
    ("written", "arabic"),
    [
        ("三栋", "3栋"),
        ("叁栋", "3栋"),
        ("参栋", "3栋"),
        ("３栋", "3栋"),
        ("③栋", "3栋"),
        ("Ⅲ栋", "3栋"),
        ("〣栋", "3栋"),
        ("㈢栋", "3栋"),
        ("٣栋", "3栋"),
        ("十栋", "10栋"),
        ("拾贰栋", "12栋"),
        ("二十三号", "23号"),
        ("廿三号", "23号"),
        ("卅号", "30号"),
        ("一百零五号", "105号"),
        ("一二〇一室", "1201室"),
        ("一二○一室", "1201室"),
        ("壹仟贰佰零壹室", "1201室"),
        ("一万二千", "12000"),
        ("陆栋伍号", "6栋5号"),
        ("伍#101", "5#101"),
        ("贰叁伍伍", "2355"),
        ("三1201", "3-1201"),
    ],
)
def test_a_numeral_in_any_script_becomes_arabic(written: str, arabic: str) -> None:
    assert with_arabic_digits(written) == arabic


@pytest.mark.parametrize("word", ["百合花园", "万科城", "千禧苑", "陆家村", "人参路", "伍屋村", "½"])
def test_words_that_only_look_like_numerals_stay(word: str) -> None:
    assert with_arabic_digits(word) == word


@given(st.integers(0, 9999))
def test_digit_by_digit_in_plain_and_financial_numerals_is_the_same_number(number: int) -> None:
    for digits in (_PLAIN, _FINANCIAL):
        written = "".join(digits[int(digit)] for digit in str(number))
        assert with_arabic_digits(f"{written}栋") == f"{number}栋"


@given(st.integers(1, 9999))
def test_positional_numerals_are_read_as_the_number_they_write(number: int) -> None:
    for digits, units in ((_PLAIN, "千百十"), (_FINANCIAL, "仟佰拾")):
        assert with_arabic_digits(f"{_positional(number, digits, units)}号") == f"{number}号"


def _positional(number: int, digits: str, units: str) -> str:
    written, zero = "", False
    for power, unit in zip((1000, 100, 10, 1), (*units, ""), strict=True):
        digit = number // power % 10
        if digit:
            written += ("零" if zero and written else "") + digits[digit] + unit
        zero = digit == 0
    return written
