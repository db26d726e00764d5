"""The normal form of address text, and the words in it that name nothing."""

from __future__ import annotations

import re
from typing import Final

from standards.bounds import LONGEST_TEXT
from standards.normal_form import normal_text, simplified
from standards.numerals import with_arabic_digits

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
_EMPTY = re.compile(rf"(?<=[{_HAN}])-+(?=[{_HAN}])|(?<![0-9A-Z])第(?=[0-9])")

_HIDDEN = re.compile(r"X{2,}|[?*□■○●×某\N{REPLACEMENT CHARACTER}]|[路街巷弄道][XN]?号|(?<!第)[栋幢座元层]室")
_PAPER = "(?:身份证|居住证|户口[本簿]|户籍|户口|证件|附件|材料|合同|房产证)"
_NOTHING = re.compile(
    f"(?:详见|参见|见|同|与|和|跟|按|以|如)(?:{_PAPER}|上述|上面|原件)(?:上|地址|住址|登记)*(?:一致|相同|一样|为准|所示)?|{_PAPER}|"
    "没有地址|无地址|地址不详|详细地址|家庭住址|无固定住所|居无定所|无门牌|不知道|不清楚|不便透露|拒绝(?:透露|提供)|不愿透露|"
    "没有|暂无|暂缺|不详|不明|未知|未填|免填|未提供|未登记|未写|没填|同上|同前|同左|如上|待定|待补|待查|待填|空白|地址|住址|其他|"
    "保密|测试|流浪|(?:我们|本|该|外)(?:省|市|区|县|村|镇|乡|街道|社区|小区|地)|农村|城市|乡下|部队|略|无|空|"
    "N/?A|NONE|NULL|NIL|UNKNOWN|UNDEFINED|TEST"
)
_LETTER = re.compile(r"[^\W_]")
_ROMAN = re.compile(r"(?<![A-Z])(I{1,3}|IV|VI{0,3}|IX|X)(?=期)")
_ROMAN_NUMERALS = dict(
    zip(("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"), map(str, range(1, 11)), strict=True)
)


def normal(text: str) -> str:
    """Return an address in one script: simplified, half-width, upper case, Arabic digits, without separating marks.

    Between digits or letters a mark becomes a dash, so that two numbers do not become one; an enumeration (1、2) keeps
    its comma. 第 before a number says nothing. Everything that is no mark stays, also what is not understood. Takes
    linear time and never raises.
    """
    digits = with_arabic_digits(simplified(normal_text(text)))
    plain = digits.translate(_UPPER).translate(_DASHES).translate(_BRACKETS)
    plain = _ROMAN.sub(lambda roman: _ROMAN_NUMERALS[roman.group()], plain)
    apart = _BETWEEN.sub(lambda marks: "、" if "、" in marks.group() else "-", _ELSEWHERE.sub("", plain))
    return _EDGES.sub("", _EMPTY.sub("", apart))


def without_nothing(written: str) -> str:
    """Return what an address in normal form says, without the words for nothing; nothing if something in it is hidden.

    With a number left out or hidden (梅龙路**号, 梅龙路号) it could be any of many.
    """
    return "" if _HIDDEN.search(written) else _NOTHING.sub("", written)


def is_placeholder(part: str) -> bool:
    """Tell whether a part of an address, in normal form, is only a word for nothing: 深圳市龙华区不详."""
    return bool(part) and not _LETTER.search(_NOTHING.sub("", part))
