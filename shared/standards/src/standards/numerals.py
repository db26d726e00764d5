"""Numerals in any script as Arabic digits: 三, 叁, 參, ３, ③, Ⅲ and 〣 are all 3."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_WRITINGS = ("零〇", "一壹弌", "二贰弍", "三叁弎", "四肆", "五", "六", "七柒", "八捌", "九玖")
_DIGITS = {character: value for value, characters in enumerate(_WRITINGS) for character in characters}
# Financial numerals that are everyday characters too (surnames, 人参): only beside another numeral or a counter.
_AMBIGUOUS = {"参": 3, "伍": 5, "陆": 6}
_VALUES = {**_DIGITS, **_AMBIGUOUS}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIAD = "万"
_TENS = str.maketrans({"廿": "二十", "卅": "三十", "卌": "四十", "○": "〇", "◯": "〇"})

_CLEAR = "".join((*_DIGITS, *_UNITS, _MYRIAD))
_DOUBTFUL = "".join(_AMBIGUOUS)
_COUNTERS = r"栋幢座单号楼层室房户区期巷门弄梯组#＃\-－"
_RUN = re.compile(
    rf"(?:[{_CLEAR}]|[{_DOUBTFUL}](?=[{_CLEAR}{_DOUBTFUL}{_COUNTERS}])|(?<=[{_CLEAR}{_DOUBTFUL}])[{_DOUBTFUL}])+"
)
_LONGEST_WITH_UNITS = 16
"""Characters of a numeral with units; 九千九百九十九万九千九百九十九 has 15. What is longer is no numeral."""


def with_arabic_digits(text: str) -> str:
    """Return simplified Chinese `text` with every numeral written in Arabic digits, in linear time.

    A run of Chinese numerals is read as a number when it has a unit (二十三 is 23) and digit by digit when it has none
    (一二〇一 is 1201). What is not well-formed stays as it is, so that it equals nothing else: 二十三五, 一百二 (102 to
    one reader and 120 to another), words such as 百合 or 万科. Numerals side by side stay apart: ②③ is 2-3.
    """
    plain = "".join(map(_decimal_digit, text)).translate(_TENS)
    return _RUN.sub(lambda run: _apart(run, _arabic(run.group())), _spelled_out(plain))


@cache
def _decimal_digit(character: str) -> str:
    """Write a decimal digit of another script (full-width, Arabic-Indic) as an Arabic digit."""
    if character.isascii() or unicodedata.category(character) != "Nd":
        return character
    return str(unicodedata.decimal(character))


def _spelled_out(text: str) -> str:
    """Write numerals of one character (circled, Roman, Suzhou) in Arabic digits, apart from what is beside them."""
    if not any(map(_numeral, frozenset(text))):
        return text
    written: list[str] = []
    last_was_digit = last_was_numeral = False
    for character in text:
        number = _numeral(character)
        if (number and last_was_digit) or (last_was_numeral and character.isdigit() and character.isascii()):
            written.append("-")
        written.append(number or character)
        last_was_numeral = bool(number)
        last_was_digit = last_was_numeral or (character.isascii() and character.isdigit())
    return "".join(written)


@cache
def _numeral(character: str) -> str:
    if character.isascii() or character == "〇" or unicodedata.category(character) not in {"Nl", "No"}:
        return ""
    value = unicodedata.numeric(character)
    return str(int(value)) if value == int(value) else ""


def _arabic(run: str) -> str:
    if not any(character in _VALUES for character in run) and run[0] not in "十拾":
        return run
    if not any(character in _UNITS or character == _MYRIAD for character in run):
        return "".join(str(_VALUES[character]) for character in run)
    number = _number(run) if len(run) <= _LONGEST_WITH_UNITS else None
    return run if number is None else str(number)


def _number(run: str) -> int | None:
    """Read a numeral with units; None when it is not well-formed."""
    if run.count(_MYRIAD) > 1:
        return None
    before, myriad, after = run.partition(_MYRIAD)
    if not myriad:
        return _section(run)
    high, low = _section(before), _section(after) if after else 0
    if high is None or low is None or (after and low < 1000 and after[0] not in "零〇"):  # noqa: PLR2004 - 一万二
        return None
    return high * 10_000 + low


def _section(run: str) -> int | None:
    """Read a numeral below ten thousand: digits before units that fall, a zero where one is left out."""
    total, digit, unit, zero = 0, 0, 10_000, False
    for at, character in enumerate(run):
        if character in _UNITS:
            value = _UNITS[character]
            bare_ten = value == 10 and digit == 0 and not zero  # noqa: PLR2004 - 十二, 一百十二
            if value >= unit or (digit == 0 and not bare_ten):
                return None
            total, digit, unit, zero = total + max(digit, 1) * value, 0, value, False
        elif digit or (zero and character in "零〇"):
            return None
        elif character in "零〇":
            zero = True
            if at == len(run) - 1:
                return None
        else:
            digit = _VALUES[character]
    if digit and not zero and unit > 10 and total:  # noqa: PLR2004 - 一百二
        return None
    return total + digit


def _apart(run: re.Match[str], arabic: str) -> str:
    """Keep a run apart from Arabic digits beside it, so that two numbers do not become one."""
    text, (start, end) = run.string, run.span()
    before = "-" if start and text[start - 1].isascii() and text[start - 1].isdigit() and arabic[0].isdigit() else ""
    after = "-" if end < len(text) and text[end].isascii() and text[end].isdigit() and arabic[-1].isdigit() else ""
    return before + arabic + after
