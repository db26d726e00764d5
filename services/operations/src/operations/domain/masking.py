"""Masking: what the contract marks as personal is not shown, and of what no contract describes, no text is.

One walk through an event tells of every value whether it may be shown; masking, searching and the redaction of
messages and stacks all go by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from operations.domain.contracts import Contracts, Schema

MASK = "•••"

_SHOWN_ATTRIBUTES = {
    "specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "correlationid", "causationid",
    "traceparent", "receipt", "replaces",
}  # fmt: skip
_NAMES_A_PLACE = {"type", "enum", "const", "properties", "items", "prefixItems", "format", "pattern"}
_SHORTEST_REDACTED = 2
_MOST_REDACTED = 500
_DEEPEST = 20
"""References inside references, at most; a schema may refer to itself."""


@dataclass(frozen=True, slots=True)
class Leaf:
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


Places = Sequence[Schema] | None
"""What the contract says of one place (all alternatives); None inside of what is personal; empty when nothing."""


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
    """Read a body as JSON; the second is False when it is none."""
    try:
        return orjson.loads(body), True
    except orjson.JSONDecodeError:
        return None, False


def walk(event: object, contracts: Contracts, leaf: Callable[[Leaf], object]) -> object:
    """Go through an event, put what `leaf` returns in the place of every value, and return the whole."""
    if not isinstance(event, dict):
        return _walk(event, "", (), leaf, {})
    event_type = event.get("type")
    schema = contracts.of(event_type) if isinstance(event_type, str) else None
    return {
        name: _attribute(name, value, leaf) if name != "data" else _data(value, schema, leaf)
        for name, value in event.items()
    }


def _attribute(name: str, value: object, leaf: Callable[[Leaf], object]) -> object:
    if name in _SHOWN_ATTRIBUTES and isinstance(value, str):
        return leaf(Leaf(f"/{name}", value, is_shown=True))
    return _walk(value, f"/{name}", (), leaf, {})


def _data(value: object, schema: Schema | None, leaf: Callable[[Leaf], object]) -> object:
    return _walk(value, "/data", _together([schema], schema) if schema else (), leaf, schema or {})


def _walk(value: object, path: str, places: Places, leaf: Callable[[Leaf], object], root: Schema) -> object:
    if isinstance(value, dict):
        return {
            name: _walk(part, f"{path}/{name}", _property(places, name, root), leaf, root)
            for name, part in value.items()
        }
    if isinstance(value, list):
        inside = _items(places, root)
        return [_walk(part, f"{path}/*", inside, leaf, root) for part in value]
    assert value is None or isinstance(value, str | int | float | bool)  # noqa: S101 - JSON has nothing else
    return leaf(Leaf(path, value, is_shown=_is_shown(value, places)))


def _is_shown(value: object, places: Places) -> bool:
    """Nothing is shown of what is personal; of what no contract describes, no text."""
    if value is None:
        return True
    if places is None:
        return False
    described = any(_NAMES_A_PLACE & place.keys() for place in places)
    return described or not isinstance(value, str)


def _property(places: Places, name: str, root: Schema) -> Places:
    if places is None:
        return None
    found: list[Schema] = []
    for place in places:
        properties = place.get("properties")
        part = properties.get(name) if isinstance(properties, Mapping) else None
        part = place.get("additionalProperties") if part is None else part
        if isinstance(part, Mapping):
            found.append(part)
    return _together(found, root)


def _items(places: Places, root: Schema) -> Places:
    if places is None:
        return None
    return _together([part for place in places if isinstance(part := place.get("items"), Mapping)], root)


def _together(found: Sequence[Schema], root: Schema) -> Places:
    """Follow references and alternatives of the schemas of one place; None if it is personal by any of them."""
    places = [each for schema in found for each in _resolved(schema, root)]
    return None if any(place.get("x-personal") for place in places) else places


def _resolved(schema: Schema, root: Schema, depth: int = 0) -> Iterator[Schema]:
    yield schema
    if depth > _DEEPEST:
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and (target := _target(reference, root)) is not None:
        yield from _resolved(target, root, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(keyword)
        for branch in branches if isinstance(branches, list) else ():
            yield from _resolved(branch, root, depth + 1)


def _target(reference: str, root: Schema) -> Schema | None:
    place: object = root
    for step in reference.removeprefix("#/").split("/"):
        place = place.get(step) if isinstance(place, Mapping) else None
    return place if isinstance(place, Mapping) else None
