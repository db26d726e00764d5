"""Bodies and paths that mean harm, made from the examples in every operation's own description."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import Any

Json = Any

OPERATORS: tuple[Json, ...] = (
    {"$gt": ""},
    {"$ne": None},
    {"$regex": ".*"},
    {"$where": "sleep(2000)"},
    {"$in": ["a", {"$gt": ""}]},
    {"__proto__": {"admin": True}},
    ["$gt", ""],
)
"""What a document store might take for a condition where a value is meant."""

AT_ONE_VALUE = 2
_TURNS = cycle(OPERATORS)

ASSIGNED: Mapping[str, Json] = {
    "id": "res_other",
    "_id": "res_other",
    "version": 0,
    "state": "approved",
    "status": "approved",
    "role": "operator",
    "roles": ["operator"],
    "departments": ["psb"],
    "applicant_id": "res_other",
    "resident_id_": "res_other",
    "sealed": "",
    "$set": {"state": "approved"},
    "is_admin": True,
}
"""Fields that somebody else decides."""

PLACES = (
    "%7B%22%24gt%22%3A%22%22%7D",
    "%24where",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "%0d%0aSet-Cookie:%20a=b",
    "%f0%9f%92%a3",
    "%ff%fe",
    "a" * 2000,
    "'%20or%20'1'='1",
    "%7B%7B7*7%7D%7D",
)
"""What stands in a path or a query instead of an id, percent-encoded."""


def example_of(operation: Mapping[str, Any], components: Mapping[str, Any]) -> Json | None:
    """Return the example of an operation's JSON body; None when it has no such body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else _example(content["schema"], components)


def _example(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Json:
    if "$ref" in schema:
        return _example(components[schema["$ref"].rpartition("/")[2]], components)
    if schema.get("examples"):
        return schema["examples"][0]
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], components)
    required = schema.get("required", ())
    return {name: _example(schema["properties"][name], components) for name in required} if required else {}


def with_operators(body: Json) -> Iterator[tuple[str, Json]]:
    """Put a few operators into the place of each value, one at a time and each time the next ones; tell where."""
    for path in _leaves(body):
        for operator in islice(_TURNS, AT_ONE_VALUE):
            changed = copy.deepcopy(body)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = operator
            yield f"{'/'.join(map(str, path))} = {operator}", changed


def with_more(body: Json) -> Iterator[tuple[str, Json]]:
    """Add all fields that are not the caller's to give, and name them; what the body has of its own is left alone."""
    if isinstance(body, dict):
        more = {name: value for name, value in ASSIGNED.items() if name not in body}
        yield " ".join(more), {**body, **more}


def _leaves(body: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(body, dict) and body:
        for name, value in body.items():
            yield from _leaves(value, (*path, name))
    elif isinstance(body, list) and body:
        for number, value in enumerate(body):
            yield from _leaves(value, (*path, number))
    elif path:
        yield path
