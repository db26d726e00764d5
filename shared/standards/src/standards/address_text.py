"""The normal form of address text, and whether it names any place."""

from __future__ import annotations

import re
from typing import Final

from standards.bounds import LONGEST_TEXT
from standards.normal_form import normal_text
from standards.numerals import with_arabic_digits
from standards.script import simplified

LONGEST: Final = LONGEST_TEXT
"""Characters of an address that is taken apart. Real ones have fewer than 100."""

_HAN = "㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DASHES = str.maketrans({**dict.fromkeys("‐‑‒–—―−─⁃﹣－", "-"), "〜": "~", "∼": "~", "～": "~"})
_BRACKETS = str.maketrans("[【〔〖{]】〕〗}", "((((()))))")
_MARKS = r"\s,.;:'\"、。·・•|/\\‘’“”「」『』《》_"
_BETWEEN = re.compile(rf"(?<=[0-9A-Z])[{_MARKS}]+(?=[0-9A-Z])")
_ELSEWHERE = re.compile(rf"(?<![0-9A-Z{_MARKS}])[{_MARKS}]+|[{_MARKS}]++(?![0-9A-Z])")
_EDGES = re.compile(r"^-+(?![0-9])|-+$")

_HIDDEN = re.compile(r"X{2,}|[*?□■�○●]{2,}")
_NOTHING = re.compile(
    "没有地址|无地址|地址不详|详细地址|家庭住址|无固定住所|不知道|不清楚|没有|暂无|暂缺|不详|不明|未知|未填|未提供|未登记|"
    "未写|没填|同上|同前|同左|如上|待定|待补|待查|待填|空白|地址|住址|其他|保密|测试|略|无|空|"
    "N/?A|NONE|NULL|NIL|UNKNOWN|UNDEFINED|TEST"
)
_LETTER = re.compile(r"[^\W_]")
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_LATIN_WORD = re.compile(r"[A-Z]{3,}")
_FEWEST = 2


def normal(text: str) -> str:
    """Return an address in one script: simplified, half-width, upper case, Arabic digits, without separating marks.

    Between digits or letters a mark becomes a dash, so that two numbers do not become one; an enumeration (1、2) keeps
    its comma. Everything that is no mark stays, also what is not understood. Takes linear time and never raises.
    """
    digits = with_arabic_digits(simplified(normal_text(text)))
    plain = digits.translate(_UPPER).translate(_DASHES).translate(_BRACKETS)
    apart = _BETWEEN.sub(lambda marks: "、" if "、" in marks.group() else "-", _ELSEWHERE.sub("", plain))
    return _EDGES.sub("", apart)


def names_place(text: str) -> bool:
    """Tell whether a text can be an address: a placeholder (无, -, 同上, N/A) and a number alone name no place.

    Neither does an address in which something is hidden (梅龙路**号): it could be any of many.
    """
    return says_a_place(normal(text[:LONGEST]))


def says_a_place(written: str) -> bool:
    """Tell the same of an address that is in normal form already."""
    if _HIDDEN.search(written):
        return False
    said = _NOTHING.sub("", written)
    return len(set(_HAN_CHARACTER.findall(said))) >= _FEWEST or len(_LATIN_WORD.findall(said)) >= _FEWEST


def is_placeholder(part: str) -> bool:
    """Tell whether a part of an address, in normal form, is only a word for nothing: 深圳市龙华区不详."""
    return bool(part) and not _LETTER.search(_NOTHING.sub("", part))
