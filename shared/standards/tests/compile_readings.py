"""`python -m shared.standards.tests.compile_readings`: write the readings of simplified characters from pypinyin's."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib.resources import files
from pathlib import Path

from pypinyin import Style, pinyin

from standards.normal_form import simplified

TARGET = Path(str(files("standards"))) / "data" / "readings.txt"
MOST = 3
_HEADER = """\
# How simplified characters are read, in pinyin without tones (ü: v): the syllable, the characters of which it is the
# common reading, and behind the slash those of which it is another one. Compiled from pypinyin (MIT) by
# `python -m shared.standards.tests.compile_readings`; not edited by hand.
"""
_FIRST, _LAST = 0x4E00, 0x9FA5
_SYLLABLE = re.compile("[a-z]+")


def readings_of(character: str) -> list[str]:
    """Return the toneless readings of a character, the most common first."""
    (found,) = pinyin(character, style=Style.NORMAL, heteronym=True)
    return [each for each in dict.fromkeys(found) if _SYLLABLE.fullmatch(each)][:MOST]


def compiled() -> str:
    """Return the file."""
    common, others = defaultdict[str, str](str), defaultdict[str, str](str)
    for character in map(chr, range(_FIRST, _LAST + 1)):
        if simplified(character) != character:
            continue
        for place, syllable in enumerate(readings_of(character)):
            (others if place else common)[syllable] += character
    syllables = sorted({*common, *others})
    lines = [f"{each} {common[each]}" + (f"/{others[each]}" if others[each] else "") for each in syllables]
    return _HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(compiled(), encoding="utf-8")
