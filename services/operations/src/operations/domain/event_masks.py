"""Masking: what the contract marks as personal is not shown, and of what no contract describes, no text is.

One walk through an event tells of every value whether it may be shown; masking, searching and the redaction of
messages and stacks all go by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from operations.domain.contracts import NOWHERE, Contracts, FieldPlace

MASK = "•••"

_SHOWN_ATTRIBUTES = {
    "specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "correlationid", "causationid",
    "traceparent", "receipt", "replaces",
}  # fmt: skip
_DEEPEST = 100
"""Levels of a message that are read; our contracts have fewer than ten, and parsers of Python a thousand."""
_SHORTEST_REDACTED = 2
_MOST_REDACTED = 500


class Leaf(NamedTuple):
    """One value of an event: where (JSON pointer, `*` for any of a list), what, and whether it may be shown."""

    path: str
    value: str | int | float | bool | None
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Masked:
    """A message as an operator sees it: its JSON, or None when it is none; how many values are hidden."""

    content: object
    is_json: bool
    hidden: int
    size: int


def mask(body: bytes, contracts: Contracts) -> Masked:
    """Show a message without what is personal."""
    event, is_json = read(body)
    hidden = 0

    def shown(leaf: Leaf) -> object:
        nonlocal hidden
        hidden += not leaf.is_shown
        return leaf.value if leaf.is_shown else MASK

    content = walk(event, contracts, shown) if is_json else None
    return Masked(content, is_json, hidden, len(body))


def mask_event(event: object, contracts: Contracts) -> object:
    """Mask an event that was read from its message already."""
    return walk(event, contracts, lambda leaf: leaf.value if leaf.is_shown else MASK)


def leaves(event: object, contracts: Contracts) -> list[Leaf]:
    """Return every value of an event."""
    found: list[Leaf] = []
    walk(event, contracts, found.append)
    return found


def personal_texts(found: Collection[Leaf]) -> frozenset[str]:
    """Return the texts among these values that must not be shown anywhere."""
    hidden = (str(leaf.value).strip() for leaf in found if not leaf.is_shown)
    return frozenset(text for text in hidden if len(text) >= _SHORTEST_REDACTED)


def redact(text: str, personal: Collection[str]) -> str:
    """Mask every occurrence of personal texts in a message or a stack."""
    present = [each for each in personal if each in text]
    if not present:
        return text
    longest_first = sorted(present, key=len, reverse=True)[:_MOST_REDACTED]
    return re.sub("|".join(map(re.escape, longest_first)), MASK, text)


def read(body: bytes) -> tuple[object, bool]:
    """Read a body as JSON; the second is False when it is none. What is nested more deeply than we read is masked."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None, False
    if body.count(b"[") + body.count(b"{") > _DEEPEST:
        _cut(event)
    return event, True


def _cut(event: object) -> None:
    waiting = [(event, 1)]
    while waiting:
        whole, depth = waiting.pop()
        parts = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
        for place, part in list(parts):
            if depth == _DEEPEST and isinstance(part, dict | list):
                whole[place] = MASK  # type: ignore[index] # a dictionary by name, a list by number
            else:
                waiting.append((part, depth + 1))


def walk(event: object, contracts: Contracts, leaf: Callable[[Leaf], object]) -> object:
    """Go through an event, put what `leaf` returns in the place of every value, and return the whole."""
    if not isinstance(event, dict):
        return _walk(event, "", NOWHERE, leaf)
    event_type = event.get("type")
    data = contracts.place_of(event_type) if isinstance(event_type, str) else NOWHERE
    return {
        name: _walk(value, "/data", data, leaf) if name == "data" else _attribute(name, value, leaf)
        for name, value in event.items()
    }


def _attribute(name: str, value: object, leaf: Callable[[Leaf], object]) -> object:
    if name in _SHOWN_ATTRIBUTES and isinstance(value, str):
        return leaf(Leaf(f"/{name}", value, is_shown=True))
    return _walk(value, f"/{name}", NOWHERE, leaf)


def _walk(value: object, path: str, place: FieldPlace, leaf: Callable[[Leaf], object]) -> object:
    if isinstance(value, dict):
        return {name: _walk(part, f"{path}/{name}", place.named(name), leaf) for name, part in value.items()}
    if isinstance(value, list):
        return [_walk(part, f"{path}/*", place.inside(), leaf) for part in value]
    assert value is None or isinstance(value, str | int | float | bool)  # noqa: S101 - JSON has nothing else
    # Nothing is shown of what is personal; of what no contract describes, no text.
    is_shown = value is None or not (place.is_personal or (isinstance(value, str) and not place.is_described))
    return leaf(Leaf(path, value, is_shown))
