"""Traditional and simplified script: two spellings of one text compare as equal.

Which characters are one is data (`data/simplified.txt`), compiled from OpenCC while developing: its library and
dictionary take 7 MB of each process.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def simplified(text: str) -> str:
    """Return `text` in simplified characters, for comparing.

    Character by character, not by phrase: a phrase table turns 鍾馗 into 锺馗 and 鍾 alone into 钟, and what a name
    is equal to must not depend on its neighbours.
    """
    return text if text.isascii() else text.translate(_table())


@cache
def _table() -> dict[int, str]:
    lines = (files("standards") / "data" / "simplified.txt").read_text(encoding="utf-8").splitlines()
    return {ord(form): line[0] for line in lines if line[0] != "#" for form in line[1:]}
