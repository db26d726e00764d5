"""Traditional and simplified script: two spellings of one text compare as equal."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

# Second simplified forms that the table of 2013 (通用规范汉字表) allows in names: one traditional character is written
# either way, so both are compared as the common one.
_SECOND_FORMS = {"锺": "钟", "馀": "余"}

_SURROGATES = frozenset(map(chr, range(0xD800, 0xE000)))  # half of a character, which the library does not take


def simplified(text: str) -> str:
    """Return `text` in simplified characters, for comparing.

    Character by character, not by phrase: a phrase table turns 鍾馗 into 锺馗 and 鍾 alone into 钟, and what a name
    is equal to must not depend on its neighbours.
    """
    return text if text.isascii() else "".join(map(_simplified_character, text))


@cache
def _converter() -> OpenCC:
    """Load the library and its dictionary (5 MB) with the first Chinese text, not in processes that never see one."""
    from opencc import OpenCC  # noqa: PLC0415 - see above

    return OpenCC("t2s")


@cache
def _simplified_character(character: str) -> str:
    """Convert one character; a handful need a second look-up (薴, 苧, 苎)."""
    if character.isascii() or character in _SURROGATES:
        return character
    once: str = _converter().convert(character)
    twice: str = _converter().convert(once)
    return _SECOND_FORMS.get(twice, twice)
