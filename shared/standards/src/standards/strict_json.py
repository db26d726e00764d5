"""JSON in which every name of an object stands once (RFC 8259, section 4: "SHOULD be unique"; RFC 7493: must).

A parser that takes the last of two reads something else than one that takes the first: what was checked need not be
what is stored. Nothing that comes from outside may say a name twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping

import orjson

Pairs = list[tuple[str, object]]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]', re.DOTALL)
"""A text that is not closed is one all the same, up to the end: or each quotation mark in it would be tried again."""
_DEEPEST = 1024
"""Levels; orjson reads no more, and Python fewer."""


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

    What is no JSON passes: whoever parses it says so. Takes linear time.
    """
    repeated: dict[int, str] = {}
    kept: list[dict[str, object]] = []  # or another object might get the id of one that an outer name has dropped

    def read(pairs: Pairs) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated[id(found)] = Counter(name for name, _ in pairs).most_common(1)[0][0]
            kept.append(found)
        return found

    try:
        whole = json.loads(text, object_pairs_hook=read, parse_int=_unread, parse_float=_unread)
    except ValueError:
        return
    except RecursionError:
        _check_deep(text if isinstance(text, str) else text.decode(errors="replace"))
        return
    if repeated:
        raise RepeatedNameError(_path_to(whole, repeated))


def _unread(_digits: str) -> None:
    """Leave a number alone: one of thousands of digits takes time, or raises."""


def _check_deep(text: str) -> None:
    """Do the same without recursion, some ten times slower, for what is nested more deeply than Python reads.

    What is nested more deeply than anybody reads passes.
    """
    within: list[tuple[set[str], list[str | int]]] = []  # of each open object or list: its names, and where we are
    last = ""
    for part in map(re.Match.group, _TOKEN.finditer(text)):
        if part in "{[":
            if len(within) == _DEEPEST:
                return
            within.append((set(), [0]))
        elif not within:
            return
        elif part in "}]":
            within.pop()
        elif part == ",":
            step = within[-1][1]
            step[0] = step[0] + 1 if isinstance(step[0], int) else step[0]
        elif part == ":":
            _enter(last, within)
        else:
            last = part


def _enter(written: str, within: list[tuple[set[str], list[str | int]]]) -> None:
    names, step = within[-1]
    try:
        name = str(json.loads(written))
    except ValueError:
        return
    step[0] = name
    if name in names:
        raise RepeatedNameError("".join(f"/{_escaped(str(steps[0]))}" for _, steps in within))
    names.add(name)


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
