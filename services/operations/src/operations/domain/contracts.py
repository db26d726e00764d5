"""The contracts of all events: the JSON Schema of each type's data, and what it says of every place in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Schema = Mapping[str, object]

_ANY_DEPARTMENT = "department."
"""The publisher in the name of a contract that every department's system publishes under its own code."""

_DESCRIBES = {"type", "enum", "const", "properties", "items", "prefixItems", "format", "pattern"}
_DEEPEST = 20
"""References inside references, at most; a schema may refer to itself."""


class FieldPlace:
    """One place in an event, with all that its contract says of it; those inside of it are worked out when asked for.

    `is_described` is False for a place that no contract names, or says nothing about.
    """

    __slots__ = ("_inside", "_names", "_root", "_schemas", "is_described", "is_personal")

    def __init__(self, schemas: Iterable[Schema] = (), root: Schema | None = None) -> None:
        self._root: Schema = root or {}
        self._schemas = tuple(each for schema in schemas for each in _resolved(schema, self._root))
        self._names: dict[str, FieldPlace] = {}
        self._inside: FieldPlace | None = None
        self.is_personal = any(bool(schema.get("x-personal")) for schema in self._schemas)
        self.is_described = any(_DESCRIBES & schema.keys() for schema in self._schemas)

    def named(self, name: str) -> FieldPlace:
        """Return the place of a property; everything inside of what is personal is."""
        if self.is_personal or not self._schemas:
            return self
        found = self._names.get(name)
        if found is None:
            found = FieldPlace(self._properties(name), self._root)
            if any(name in _mapping(schema, "properties") for schema in self._schemas):  # else anybody may name any
                self._names[name] = found
        return found

    def inside(self) -> FieldPlace:
        """Return the place of every member of a list."""
        if self.is_personal or not self._schemas:
            return self
        if self._inside is None:
            members = (schema.get("items") for schema in self._schemas)
            self._inside = FieldPlace((each for each in members if isinstance(each, Mapping)), self._root)
        return self._inside

    def _properties(self, name: str) -> Iterator[Schema]:
        for schema in self._schemas:
            found = _mapping(schema, "properties").get(name, schema.get("additionalProperties"))
            if isinstance(found, Mapping):
                yield found


NOWHERE = FieldPlace()
"""A place that no contract describes."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """The schemas by event type."""

    schemas: Mapping[str, Schema]
    _places: dict[int, FieldPlace] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self, event_type: str) -> Schema | None:
        """Return the schema of a type's data, or None for a type that nobody has promised."""
        found = self.schemas.get(event_type)
        return found if found is not None else self.schemas.get(_ANY_DEPARTMENT + event_type.partition(".")[2])

    def place_of(self, event_type: str) -> FieldPlace:
        """Return the place of a type's data."""
        schema = self.of(event_type)
        if schema is None:
            return NOWHERE
        known = self._places.get(id(schema))  # not by type: any department's name may stand in it
        if known is None:
            known = self._places[id(schema)] = FieldPlace((schema,), schema)
        return known


def _mapping(schema: Schema, keyword: str) -> Mapping[str, object]:
    found = schema.get(keyword)
    return found if isinstance(found, Mapping) else {}


def _resolved(schema: Schema, root: Schema, depth: int = 0) -> Iterator[Schema]:
    """Follow references and alternatives."""
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
    for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
        place = place.get(step) if isinstance(place, Mapping) else None
    return place if isinstance(place, Mapping) else None
