"""What may change in a released schema: nothing that a consumer or a publisher of today could notice.

Allowed are new optional properties, texts (title, description, examples) and new `x-personal` marks. Everything else is
a new major version beside the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

PERSONAL = "x-personal"
_TEXTS = {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated"}
_STRUCTURE = {"$ref", "properties", "required", "enum", "additionalProperties", "items", "anyOf", "oneOf", PERSONAL}
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Breach:
    """One incompatible change: in which event's schema, at which path, which rule it breaks, what changed."""

    event_type: str
    path: str
    rule: str
    what: str

    def __str__(self) -> str:
        """Say it, and what to do, to whoever changed the model."""
        publisher, name, version = self.event_type.rsplit(".", 2)
        following = f"{publisher}.{name}.v{int(version.removeprefix('v')) + 1}"
        return (
            f"shared/contracts/events/{self.event_type}.schema.json, {self.path or '/'}: {self.rule}: {self.what}. "
            f"It is released: undo this, or publish {following} beside it (CONTRIBUTING.md, Changing an event)"
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """The same place in both schemas, and the whole schemas, in which references are looked up."""

    event_type: str
    path: str
    old_root: Schema
    new_root: Schema

    def at(self, *steps: str) -> _Place:
        return _Place(self.event_type, "/".join((self.path, *steps)), self.old_root, self.new_root)

    def breach(self, rule: str, what: str, *steps: str) -> Breach:
        return Breach(self.event_type, self.at(*steps).path, rule, what)


def breaches(event_type: str, released: Schema, today: Schema) -> list[Breach]:
    """Return every incompatible change between a released schema and today's."""
    return list(_compare(released, today, _Place(event_type, "", released, today)))


def _compare(old: object, new: object, place: _Place) -> Iterator[Breach]:
    """Compare two schemas at one place; either may be `true` or `false`."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        if old != new:
            yield place.breach("schema-changed", f"{old!r} became {new!r}")
        return
    old, new = _resolved(old, place.old_root), _resolved(new, place.new_root)
    yield from _keywords(old, new, place)
    yield from _personal(old, new, place)
    yield from _enum(old, new, place)
    yield from _properties(old, new, place)
    yield from _required(old, new, place)
    yield from _nested(old, new, place)
    for keyword in ("anyOf", "oneOf"):
        yield from _alternatives(old.get(keyword, []), new.get(keyword, []), keyword, place)


def _resolved(schema: Mapping[str, Any], root: Schema) -> dict[str, Any]:
    """Follow a reference into `$defs`; what stands beside it counts too."""
    merged = dict(schema)
    while "$ref" in merged:
        target: object = root
        for step in merged.pop("$ref").removeprefix("#/").split("/"):
            target = target[step] if isinstance(target, Mapping) else {}
        merged = {**(target if isinstance(target, Mapping) else {}), **merged}
    return merged


def _keywords(old: Mapping[str, Any], new: Mapping[str, Any], place: _Place) -> Iterator[Breach]:
    """Whatever is neither a text nor compared by its parts must stay as it is: type, pattern, bounds, format, ..."""
    for keyword in sorted((old.keys() | new.keys()) - _TEXTS - _STRUCTURE):
        before, after = old.get(keyword, _ABSENT), new.get(keyword, _ABSENT)
        if before != after:
            yield place.breach(f"{keyword}-changed", f"{_shown(before)} became {_shown(after)}")


def _personal(old: Mapping[str, Any], new: Mapping[str, Any], place: _Place) -> Iterator[Breach]:
    if old.get(PERSONAL) and not new.get(PERSONAL):
        yield place.breach("personal-mark-removed", "what describes a person would no longer be masked")


def _enum(old: Mapping[str, Any], new: Mapping[str, Any], place: _Place) -> Iterator[Breach]:
    if ("enum" in old) != ("enum" in new):
        yield place.breach("enum-changed", "a list of values came or went")
        return
    before, after = map(repr, old.get("enum", [])), map(repr, new.get("enum", []))
    known, given = set(before), set(after)
    for value in sorted(known - given):
        yield place.breach("enum-value-removed", value)
    for value in sorted(given - known):
        yield place.breach("enum-value-added", f"{value}, which no consumer of today knows")


def _properties(old: Mapping[str, Any], new: Mapping[str, Any], place: _Place) -> Iterator[Breach]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, schema in before.items():
        if name in after:
            yield from _compare(schema, after[name], place.at("properties", name))
            continue
        alike = [added for added in after if added not in before and _bare(after[added]) == _bare(schema)]
        hint = f" (renamed to {alike[0]!r}?)" if alike else ""
        yield place.breach("property-removed", f"{name!r} is gone{hint}", "properties", name)


def _required(old: Mapping[str, Any], new: Mapping[str, Any], place: _Place) -> Iterator[Breach]:
    before, after = set(old.get("required", [])), set(new.get("required", []))
    for name in sorted(after - before):
        yield place.breach("required-added", f"{name!r} was not promised before", "required")
    for name in sorted(before - after):
        yield place.breach("required-removed", f"{name!r} may be missing now", "required")


def _nested(old: Mapping[str, Any], new: Mapping[str, Any], place: _Place) -> Iterator[Breach]:
    for keyword in ("additionalProperties", "items"):
        if (keyword in old) != (keyword in new):
            yield place.breach(f"{keyword}-changed", "the rule came or went", keyword)
        elif keyword in old:
            yield from _compare(old[keyword], new[keyword], place.at(keyword))


def _alternatives(old: list[Any], new: list[Any], keyword: str, place: _Place) -> Iterator[Breach]:
    """Alternatives may be reordered. What is the same but for its texts is paired off first, then what is left."""
    left = [_Pair(index, schema) for index, schema in enumerate(old)]
    right = [_Pair(index, schema) for index, schema in enumerate(new)]
    for each in list(left):
        same = next((it for it in right if not list(_compare(each.schema, it.schema, place))), None)
        if same is not None:
            left.remove(each)
            right.remove(same)
    if len(left) == len(right) == 1:
        yield from _compare(left[0].schema, right[0].schema, place.at(keyword, str(left[0].index)))
    elif left or right:
        yield place.breach(
            f"{keyword}-changed", f"{len(left)} of its alternatives are gone, {len(right)} are new", keyword
        )


@dataclass(frozen=True, slots=True)
class _Pair:
    index: int
    schema: Any


def _bare(schema: object) -> object:
    """Return a schema without its texts."""
    if not isinstance(schema, Mapping):
        return schema
    return {keyword: value for keyword, value in schema.items() if keyword not in _TEXTS}


def _shown(value: object) -> str:
    return "nothing" if value is _ABSENT else repr(value)
