"""Names of people: their normal form, when two writings are one name, and what is no name.

Which characters names keep apart is data (`data/name_characters.yaml`, with its sources).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from runtime.data_files import load
from runtime.errors import Refusal
from standards.normal_form import normal_text, says_nothing, simplified

Sameness = Literal["equal", "kept-apart", "different"]
"""kept-apart: the same in simplified script only; names keep the two characters apart, so that a person must look."""

DOT = "·"
# Everything that stands for the middle dot of names from other languages: dots of other scripts, bullets, full stops.
_DOTS = str.maketrans(dict.fromkeys("·•・･‧∙⋅⸱⸳ꞏᐧ᛫𐄁˙∘◦⦁●⚫▪⸰⸼ㆍᆞ۔᠃。｡︒", DOT))
_IDEOGRAPH = r"[⺀-\U0003ffff]"
_FULL_STOP = re.compile(rf"(?<={_IDEOGRAPH}) ?\.+ ?(?={_IDEOGRAPH}|$)")  # not that of initials: J. Smith
_SPACE = re.compile(rf"(?<={_IDEOGRAPH}) (?={_IDEOGRAPH})")
_SEPARATORS = frozenset(" .") | {DOT}
_WITHIN_NAMES = frozenset(" .,-'’‐") | {DOT, "〇"}
_UNREADABLE = frozenset("?*□■▯▮█〓\N{REPLACEMENT CHARACTER}")
_MASKED = re.compile(rf"{_IDEOGRAPH}{{1,2}}[Xx]{{1,2}}{_IDEOGRAPH}?")  # 李X, 李XX, 李X成
_NOT_TEXT = frozenset({"Cc", "Co", "Cs", "Cn"})
_IDEOGRAPHS_ADDED_LATER = range(0x20000, 0x3FFFE)  # planes 2 and 3: Python's table of Unicode may be older than a name


class _NameCharacter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    kept: str
    merged: str
    traditional: str | None = None
    of_both: bool = False


class _NameCharacters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    kept: tuple[_NameCharacter, ...]
    apart: tuple[str, ...]


def normal_name(name: str) -> str:
    """Return a name as it is kept: normal text, every kind of middle dot the same, no space between ideographs."""
    text = unicodedata.normalize("NFKC", normal_text(name.translate(_DOTS))).translate(_DOTS)
    text = _FULL_STOP.sub(DOT, " ".join(text.split()))
    parts = (part.strip() for part in _SPACE.sub("", text).split(DOT))
    return unicodedata.normalize("NFKC", DOT.join(part for part in parts if part))


def same_name(one: str, other: str) -> bool:
    """Tell whether two writings are one name: spaces, the middle dot, width, case and script make no difference."""
    return compare(one, other) == "equal"


def compare(one: str, other: str) -> Sameness:
    """Compare two names, character by character."""
    ours, theirs = _characters(one), _characters(other)
    if ours == theirs:
        return "equal"
    if list(map(_merged, ours)) != list(map(_merged, theirs)):
        return "different"
    return "equal" if all(map(_is_same, ours, theirs)) else "kept-apart"


def name_key(name: str) -> str:
    """Return what all writings of a name have in common, and names that differ in a character kept apart, too."""
    return "".join(map(_merged, _characters(name)))


def check_name(name: str) -> Refusal | None:
    """Return what is wrong with a name, or None: one letter at least, nothing that no name has, and no 不详 or 张某."""
    normal = normal_name(name)
    for character in normal:
        if _is_letter(character) or character in _WITHIN_NAMES or unicodedata.combining(character):
            continue
        if character in _UNREADABLE or unicodedata.category(character) in _NOT_TEXT:
            return Refusal("name-unreadable-character", field="name", character=_shown(character))
        return Refusal("name-other-character", field="name", character=_shown(character))
    if not any(map(_is_letter, normal)):
        return Refusal("name-without-letters", field="name")
    names_nobody = says_nothing(normal) or _MASKED.fullmatch(normal)
    return Refusal("name-placeholder", field="name", name=normal) if names_nobody else None


def is_readable(name: str) -> bool:
    """Tell whether a text says a name at all: of a person, or of a company, which may have digits and signs in it."""
    fault = check_name(name)
    return (fault is None or fault.code == "name-other-character") and not says_nothing(name)


def _characters(name: str) -> list[str]:
    return [character for character in normal_name(name).casefold() if character not in _SEPARATORS]


def _merged(character: str) -> str:
    found = _by_writing().get(character)
    return found.merged if found else simplified(character)


def _is_same(one: str, other: str) -> bool:
    """Tell whether two characters that the conversion merges are one in names."""
    if one == other:
        return True
    apart = any(one in group and other in group for group in _name_characters().apart)
    return not apart and bool(_stands_for(one) & _stands_for(other))


def _stands_for(character: str) -> frozenset[str]:
    """Return what a character may be in simplified script."""
    found = _by_writing().get(character)
    if found is None:
        return frozenset(simplified(character))
    return frozenset({found.kept, found.merged} if character != found.kept and found.of_both else {found.kept})


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] == "L" or ord(character) in _IDEOGRAPHS_ADDED_LATER


def _shown(character: str) -> str:
    """Return a character as a message can show it."""
    return character if character.isprintable() else f"U+{ord(character):04X}"


@cache
def _name_characters() -> _NameCharacters:
    return load(Path(str(files("standards"))) / "data" / "name_characters.yaml", _NameCharacters)


@cache
def _by_writing() -> dict[str, _NameCharacter]:
    """Return the characters that are kept apart, by both of their writings."""
    kept = _name_characters().kept
    return {writing: each for each in kept for writing in (each.kept, each.traditional) if writing}
