"""The normal form of text that people, card readers and old systems wrote: two writings of one text become one.

What stands for what is data: `data/code_points.txt`, with its sources, and for traditional and simplified script
`data/simplified.txt`, compiled from OpenCC while developing, as its library and dictionary take 7 MB of each process.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_LAST_SPACE = 0x3000
_PADDING = "\0" + "".join(filter(str.isspace, map(chr, range(_LAST_SPACE + 1))))
_NUMERALS = frozenset({"Nl", "No"})

_HIDDEN = re.compile(r"[?*□■▯▮█〓×某\N{REPLACEMENT CHARACTER}]|X{3}")
_NOTHING = re.compile(
    "(?:没有|暂无|暂缺|[暂尚]?未[取起命定]名|待[取起命定]名|新生儿|无名氏|无名|佚名|不详|不明|未知|未填写|未填|免填|未提供|未登记|不知道|不清楚|待定|待补|待查|空白|保密|同上|测试|"
    "姓名|无|空|略|NOTAPPLICABLE|NA|NONE|NULL|NIL|UNKNOWN|UNDEFINED|TEST|TBD)+"
)

_IDEOGRAPHS_ADDED_LATER = 0x20000  # Python's table of Unicode may be older than they are


def normal_text(text: str) -> str:
    """Return the text as it is compared: without padding and invisible characters, each character in its common form.

    - Spaces and NUL at the ends are dropped (card readers fill their fields with them), and everywhere what Unicode
      calls default-ignorable: variation selectors, zero-width and direction marks, fillers, tags.
    - Private-use characters of GB 18030-2005 become those of GB 18030-2022, radicals their ideographs.
    - Unicode NFKC does the rest (width, compatibility ideographs), but leaves numerals that are one character alone:
      Ⅱ is not I twice, 5② is not 52 and ½ is not 1/2. The reader of numbers decides what they mean.

    Case and script (traditional, simplified) stay as they are. Takes linear time and never raises; applied again it
    changes nothing.
    """
    if text.isascii():
        return text.strip(_PADDING)
    return "".join(_normalized(text.translate(_replacements()))).strip(_PADDING)


def visible(text: str) -> str:
    """Return the text without padding and invisible characters, everything else as it is written."""
    if text.isascii():
        return text.strip(_PADDING)
    return text.translate(_ignorable()).strip(_PADDING)


def simplified(text: str) -> str:
    """Return `text` in simplified characters, for comparing.

    Character by character, not by phrase: a phrase table turns 鍾馗 into 锺馗 and 鍾 alone into 钟, and what a name
    is equal to must not depend on its neighbours.
    """
    return text if text.isascii() else text.translate(_simplified_characters())


def says_nothing(text: str) -> bool:
    """Tell whether a name or number says none: a word for nothing (无, 不详, N/A), only marks, or a hidden 李*成.

    Two of them say nothing about each other, however alike they are.
    """
    written = simplified(normal_text(text)).upper()
    letters = "".join(filter(_is_letter_or_digit, written))
    return not letters or bool(_NOTHING.fullmatch(letters) or _HIDDEN.search(written))


def _normalized(text: str) -> Iterator[str]:
    """Yield NFKC of the text piece by piece, each numeral of one character by itself and as it is."""
    begin = 0
    for at, character in enumerate(text):
        if unicodedata.category(character) in _NUMERALS:
            yield unicodedata.normalize("NFKC", text[begin:at])
            yield character
            begin = at + 1
    yield unicodedata.normalize("NFKC", text[begin:])


@cache
def _replacements() -> dict[int, str | None]:
    lines = (files("standards") / "data" / "code_points.txt").read_text(encoding="utf-8").splitlines()
    rules = (line.partition("#")[0].strip() for line in lines)
    return dict(entry for rule in rules if rule for entry in _entries(rule))


@cache
def _ignorable() -> dict[int, None]:
    return {point: None for point, target in _replacements().items() if target is None}


def _entries(rule: str) -> Iterator[tuple[int, str | None]]:
    points, _, target = (part.strip() for part in rule.partition(";"))
    first, _, last = points.partition("..")
    for point in range(int(first, 16), int(last or first, 16) + 1):
        yield point, chr(int(target, 16)) if target else None


@cache
def _simplified_characters() -> dict[int, str]:
    lines = (files("standards") / "data" / "simplified.txt").read_text(encoding="utf-8").splitlines()
    return {ord(form): line[0] for line in lines if line[0] != "#" for form in line[1:]}


def _is_letter_or_digit(character: str) -> bool:
    return character.isalnum() or ord(character) >= _IDEOGRAPHS_ADDED_LATER
