"""Texts that say nothing: what people and registers write where there is no answer, or hide an answer with."""

from __future__ import annotations

import re

from standards.normal_form import normal_text
from standards.script import simplified

_HIDDEN = re.compile(r"[?*□■▯▮█〓×某\N{REPLACEMENT CHARACTER}]|X{3}")
_NOTHING = re.compile(
    "(?:没有|暂无|暂缺|[暂尚]?未[取起命定]名|待[取起命定]名|新生儿|无名氏|无名|佚名|不详|不明|未知|未填写|未填|免填|未提供|未登记|不知道|不清楚|待定|待补|待查|空白|保密|同上|测试|"
    "姓名|无|空|略|NOTAPPLICABLE|NA|NONE|NULL|NIL|UNKNOWN|UNDEFINED|TEST|TBD)+"
)

_IDEOGRAPHS_ADDED_LATER = 0x20000  # Python's table of Unicode may be older than they are


def says_nothing(text: str) -> bool:
    """Tell whether a name or number says none: a word for nothing (无, 不详, N/A), only marks, or a hidden 李*成.

    Two of them say nothing about each other, however alike they are.
    """
    written = simplified(normal_text(text)).upper()
    letters = "".join(filter(_is_letter_or_digit, written))
    return not letters or bool(_NOTHING.fullmatch(letters) or _HIDDEN.search(written))


def _is_letter_or_digit(character: str) -> bool:
    return character.isalnum() or ord(character) >= _IDEOGRAPHS_ADDED_LATER
