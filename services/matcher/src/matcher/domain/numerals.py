"""Numerals in any script as Arabic digits: 三, 叁, 參, ３, ③, Ⅲ and 〣 are all 3."""

from __future__ import annotations

import re
import unicodedata

_WRITINGS = ("零〇", "一壹弌", "二贰弍", "三叁弎", "四肆", "五", "六", "七柒", "八捌", "九玖")
_DIGITS = {character: value for value, characters in enumerate(_WRITINGS) for character in characters}
# Financial numerals that are everyday characters too (surnames, 人参): only beside another numeral or a counter.
_AMBIGUOUS = {"参": 3, "伍": 5, "陆": 6}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIAD = "万"
_TENS = str.maketrans({"廿": "二十", "卅": "三十", "卌": "四十", "○": "〇", "◯": "〇"})

_CLEAR = "".join((*_DIGITS, *_UNITS, _MYRIAD))
_DOUBTFUL = "".join(_AMBIGUOUS)
_COUNTERS = r"栋幢座单号楼层室房户区期巷门弄梯组#＃\-－"
_RUN = re.compile(
    rf"(?:[{_CLEAR}]|[{_DOUBTFUL}](?=[{_CLEAR}{_DOUBTFUL}{_COUNTERS}])|(?<=[{_CLEAR}{_DOUBTFUL}])[{_DOUBTFUL}])+"
)


def with_arabic_digits(text: str) -> str:
    """Return simplified Chinese `text` with every numeral written in Arabic digits.

    A run of Chinese numerals is read as a number when it has a unit (二十三 is 23) and digit by digit when it has none
    (一二〇一 is 1201). Words such as 百合 or 万科, a unit without any digit, are left alone.
    """
    plain = "".join(map(_plain_digit, text)).translate(_TENS)
    return _RUN.sub(lambda run: _apart(run, _arabic(run.group())), plain)


def _plain_digit(character: str) -> str:
    """Write a digit of another script (full-width, circled, Roman, Suzhou) as Arabic digits."""
    if character.isascii() or character == "〇" or unicodedata.category(character) not in {"Nd", "Nl", "No"}:
        return character
    value = unicodedata.numeric(character)
    return str(int(value)) if value == int(value) else character


def _arabic(run: str) -> str:
    values = {**_DIGITS, **_AMBIGUOUS}
    if not any(character in values for character in run) and run[0] not in "十拾":
        return run
    if not any(character in _UNITS or character == _MYRIAD for character in run):
        return "".join(str(values[character]) for character in run)
    return str(_number(run, values))


def _number(run: str, values: dict[str, int]) -> int:
    total = section = digit = 0
    for character in run:
        if character in values:
            digit = digit * 10 + values[character]
        elif character == _MYRIAD:
            total, section, digit = total + (section + digit) * 10_000, 0, 0
        else:
            section, digit = section + max(digit, 1) * _UNITS[character], 0
    return total + section + digit


def _apart(run: re.Match[str], arabic: str) -> str:
    """Keep a run apart from Arabic digits beside it, so that two numbers do not become one."""
    text, (start, end) = run.string, run.span()
    before = "-" if start and text[start - 1].isascii() and text[start - 1].isdigit() and arabic[0].isdigit() else ""
    after = "-" if end < len(text) and text[end].isascii() and text[end].isdigit() and arabic[-1].isdigit() else ""
    return before + arabic + after
