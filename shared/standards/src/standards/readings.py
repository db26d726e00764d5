"""How Chinese characters are read: toneless pinyin, as people type it.

The readings are data (`data/readings.txt`), compiled from pypinyin while developing, so that no service needs it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice, product

MOST_READINGS = 32
"""Of one text: beyond that, only one of its characters is read in another way than the common one."""


@lru_cache(maxsize=4096)
def readings(character: str) -> tuple[str, ...]:
    """Return the readings of a simplified character, the most common first; none for what is no such character.

    ü is written v, as it is typed, and also u.
    """
    found = _table().get(character, ())
    return tuple(dict.fromkeys((*found, *(each.replace("v", "u") for each in found))))


def spelled(text: str) -> list[tuple[str, ...]]:
    """Return the ways in which a text of simplified characters can be read, syllable by syllable, the common one first.

    Empty when a character of it has no reading.
    """
    each = [readings(character) for character in text]
    if not all(each):
        return []
    whole = list(islice(product(*each), MOST_READINGS + 1))
    if len(whole) <= MOST_READINGS:
        return whole
    common = tuple(ways[0] for ways in each)
    others = [(at, way) for at, ways in enumerate(each) for way in ways[1:]]
    return [common, *((*common[:at], way, *common[at + 1 :]) for at, way in others)]


@cache
def _table() -> dict[str, tuple[str, ...]]:
    first, others = dict[str, tuple[str, ...]](), dict[str, tuple[str, ...]]()
    for line in (files("standards") / "data" / "readings.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        syllable, _, characters = line.partition(" ")
        common, _, rare = characters.partition("/")
        first |= dict.fromkeys(common, (syllable,))
        others |= {character: (*others.get(character, ()), syllable) for character in rare}
    return {character: (*ways, *others.get(character, ())) for character, ways in first.items()}
