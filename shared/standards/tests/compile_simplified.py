"""`python -m shared.standards.tests.compile_simplified`: write which characters are one in simplified script."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from sys import maxunicode

from opencc import OpenCC

TARGET = Path(str(files("standards"))) / "data" / "simplified.txt"
_HEADER = """\
# A simplified character, and behind it those that are it in another script. Compiled from OpenCC (Apache-2.0) by
# `python -m shared.standards.tests.compile_simplified`; not edited by hand.
"""

_SECOND_FORMS = {"锺": "钟", "馀": "余"}
"""Second simplified forms that the table of 2013 (通用规范汉字表) allows in names: one traditional character is written
either way, so both are compared as the common one."""


def compiled() -> str:
    """Return the file. A handful of characters need a second look-up (薴, 苧, 苎)."""
    characters = [chr(point) for point in range(0x2E80, maxunicode + 1) if not 0xD800 <= point <= 0xDFFF]
    convert, forms = OpenCC("t2s").convert, defaultdict[str, str](str)
    twice = convert(convert("\n".join(characters))).split("\n")  # a line each: no phrase is among them
    for character, form in zip(characters, twice, strict=True):
        simplified = _SECOND_FORMS.get(form, form)
        if simplified != character:
            forms[simplified] += character
    return _HEADER + "\n".join(simplified + forms[simplified] for simplified in sorted(forms)) + "\n"


if __name__ == "__main__":
    TARGET.write_text(compiled(), encoding="utf-8")
