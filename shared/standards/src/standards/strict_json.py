"""JSON in which every name of an object stands once (RFC 8259, section 4: "SHOULD be unique"; RFC 7493: must).

A parser that takes the last of two reads something else than one that takes the first: what was checked need not be
what is stored. Nothing that comes from outside may say a name twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

import orjson

Pairs = list[tuple[str, object]]


class RepeatedNameError(ValueError):
    """An object has a name twice. `path` is the JSON pointer to it."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the name at {path} stands twice in its object")
        self.path = path


def loads(content: str | bytes) -> object:
    """Parse a JSON text in which every name stands once. Raises ValueError, RepeatedNameError among them."""
    parsed: object = orjson.loads(content)
    check_names(content)
    return parsed


def check_names(text: str | bytes) -> None:
    """Raise RepeatedNameError when an object in a JSON text has a name twice.

    What is no JSON, or nested too deeply to be read, passes: whoever parses it says so. Takes linear time.
    """
    repeated: dict[int, str] = {}

    def read(pairs: Pairs) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated[id(found)] = Counter(name for name, _ in pairs).most_common(1)[0][0]
            kept.append(found)
        return found

    kept: list[dict[str, object]] = []  # or another object might get the id of one that an outer name has dropped
    try:
        whole = json.loads(text, object_pairs_hook=read, parse_int=_unread, parse_float=_unread)
    except (ValueError, RecursionError):
        return
    if repeated:
        raise RepeatedNameError(_path_to(whole, repeated))


def _unread(_digits: str) -> None:
    """Leave a number alone: one of thousands of digits takes time, or raises."""


def _path_to(whole: object, repeated: Mapping[int, str]) -> str:
    waiting: list[tuple[str, object]] = [("", whole)]
    while waiting:
        path, value = waiting.pop()
        if id(value) in repeated:
            return f"{path}/{_escaped(repeated[id(value)])}"
        if isinstance(value, dict):
            waiting += ((f"{path}/{_escaped(name)}", each) for name, each in value.items())
        elif isinstance(value, list):
            waiting += ((f"{path}/{place}", each) for place, each in enumerate(value))
    return ""


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
