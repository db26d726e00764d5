"""Two values side by side, with what differs marked to the character."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

_LONGEST = 400
"""Characters up to which two texts are compared one by one; longer ones are marked whole."""


class DifferencePart(NamedTuple):
    """A piece of a text."""

    text: str
    differs: bool


class Sides(NamedTuple):
    """Both texts in pieces."""

    left: tuple[DifferencePart, ...]
    right: tuple[DifferencePart, ...]


def sides(left: str, right: str) -> Sides:
    """Take two texts apart into what they have in common and what they have not. One alone differs from nothing."""
    if left == right or not (left and right):
        return Sides(_parts([(left, False)]), _parts([(right, False)]))
    if max(len(left), len(right)) > _LONGEST:
        return Sides(_parts([(left, True)]), _parts([(right, True)]))
    found = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return Sides(
        _parts([(left[begin:end], how != "equal") for how, begin, end, _, _ in found]),
        _parts([(right[begin:end], how != "equal") for how, _, _, begin, end in found]),
    )


def _parts(parts: list[tuple[str, bool]]) -> tuple[DifferencePart, ...]:
    return tuple(DifferencePart(text, differs) for text, differs in parts if text)
