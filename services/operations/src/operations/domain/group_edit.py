"""One edit for a whole group: what was changed in an example, done to every other message that it fits.

Nothing is guessed. A value is replaced only where it is the example's own; of a text that became a number, a field that
was renamed and the like, the same is done to each message's own value. Whatever does not fit is left, with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict

from operations.domain.diff import differences
from operations.domain.event_masks import read

Operation = Literal["add", "remove", "replace", "rename", "convert"]
Misfit = Literal["no-event", "message-removed", "field-missing", "field-present", "value-differs", "breaks-contract"]
Event = dict[str, object]

_ABSENT = object()
_OURS = ("/id", "/replaces")


class MisfitError(Exception):
    """A message that can't be edited like the example: why, and at which place (JSON pointer)."""

    def __init__(self, why: Misfit, field: str = "", expectation: str = "", expected: str = "") -> None:
        super().__init__(why)
        self.why: Misfit = why
        self.field = field
        self.expectation = expectation
        self.expected = expected


class FieldChange(BaseModel):
    """One change: at a place (JSON pointer), `to` another one when it is renamed, or by a `conversion`."""

    model_config = ConfigDict(frozen=True)

    operation: Operation
    path: str
    to: str = ""
    conversion: str = ""
    before: object = None
    after: object = None


class Member(BaseModel):
    """One failure that the edit is for, how often it had been seen, and the id of the event that replaces its event."""

    model_config = ConfigDict(frozen=True)

    failure: str
    seen: int
    event_id: str


class Left(BaseModel):
    """One failure of the group that the edit does not fit, and why."""

    model_config = ConfigDict(frozen=True)

    failure: str
    event_id: str
    why: Misfit
    field: str = ""
    expectation: str = ""
    """What the contract expects there."""
    expected: str = ""


def changes_between(original: Event, edited: Event) -> tuple[FieldChange, ...]:
    """Return what was done to an example, as it can be done to others."""
    places = [path for path in differences(original, edited) if path not in _OURS]
    values = {path: (_at(original, path), _at(edited, path)) for path in places}
    renamed = dict(_renamed(values))
    changes = [
        FieldChange(operation="rename", path=path, to=renamed[path])
        if path in renamed
        else _change(path, *values[path])
        for path in places
        if path not in renamed.values()
    ]
    return tuple(changes)


def rewritten(body: bytes, changes: Sequence[FieldChange], event_id: str) -> Event:
    """Return a message's event with the changes, under a new id. Raises MisfitError."""
    event, _ = read(body)
    if not isinstance(event, dict):
        raise MisfitError("no-event")
    replaced = event.get("id")
    for change in changes:
        _apply(event, change)
    return replacing(event, event_id, replaced)


def replacing(event: Event, event_id: str, replaced: object) -> Event:
    """Return an event under a new id that names the one that it stands for."""
    return {**event, "id": event_id} | ({"replaces": replaced} if isinstance(replaced, str) and replaced else {})


def _renamed(values: Mapping[str, tuple[object, object]]) -> Iterator[tuple[str, str]]:
    """Pair what went with what came, where one value went from exactly one place and came to exactly one."""
    went = {path: orjson.dumps(before) for path, (before, after) in values.items() if after is _ABSENT}
    came = {path: orjson.dumps(after) for path, (before, after) in values.items() if before is _ABSENT}
    for path, value in went.items():
        targets = [to for to, other in came.items() if other == value]
        if len(targets) == 1 and list(went.values()).count(value) == 1:
            yield path, targets[0]


def _change(path: str, before: object, after: object) -> FieldChange:
    if before is _ABSENT:
        return FieldChange(operation="add", path=path, after=after)
    if after is _ABSENT:
        return FieldChange(operation="remove", path=path)
    for name, convert in CONVERSIONS.items():
        if _is_same(convert(before), after):
            return FieldChange(operation="convert", path=path, conversion=name)
    return FieldChange(operation="replace", path=path, before=before, after=after)


def _apply(event: Event, change: FieldChange) -> None:
    parent, name = _parent(event, change.path)
    value = _member(parent, name)
    if (value is _ABSENT) != (change.operation == "add"):
        raise MisfitError("field-present" if change.operation == "add" else "field-missing", change.path)
    match change.operation:
        case "add":
            _put(parent, name, change.after)
        case "replace":
            if not _is_same(value, change.before):
                raise MisfitError("value-differs", change.path)
            _put(parent, name, change.after)
        case "convert":
            _put(parent, name, _converted(value, change))
        case "remove":
            _take(parent, name)
        case "rename":
            target, new = _parent(event, change.to)
            if _member(target, new) is not _ABSENT:
                raise MisfitError("field-present", change.to)
            _put(target, new, _take(parent, name))


def _converted(value: object, change: FieldChange) -> object:
    converted = CONVERSIONS[change.conversion](value)
    if converted is _ABSENT:
        raise MisfitError("value-differs", change.path)
    return converted


def _parent(event: Event, path: str) -> tuple[object, str]:
    *steps, name = (step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:])
    place: object = event
    for step in steps:
        place = _member(place, step)
    return place, name


def _at(event: Event, path: str) -> object:
    return _member(*_parent(event, path))


def _member(place: object, name: str) -> object:
    if isinstance(place, dict):
        return place.get(name, _ABSENT)
    if isinstance(place, list) and name.isascii() and name.isdigit() and int(name) < len(place):
        return place[int(name)]
    return _ABSENT


def _put(place: object, name: str, value: object) -> None:
    if isinstance(place, dict):
        place[name] = value
    elif isinstance(place, list) and _member(place, name) is not _ABSENT:
        place[int(name)] = value
    else:
        raise MisfitError("field-missing", name)


def _take(place: object, name: str) -> object:
    if not isinstance(place, dict):
        raise MisfitError("field-missing", name)
    return place.pop(name)


def _is_same(one: object, other: object) -> bool:
    """Compare as JSON: 1 is not true, and not 1.0."""
    return type(one) is type(other) and one == other


_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_DAY = re.compile(r"([0-9]{4})[-/.]?([0-9]{2})[-/.]?([0-9]{2})")
_BOOLEANS = {"true": True, "false": False}


def _of_text(form: re.Pattern[str], make: Callable[[str], object]) -> Callable[[object], object]:
    def convert(value: object) -> object:
        return make(value.strip()) if isinstance(value, str) and form.fullmatch(value.strip()) else _ABSENT

    return convert


def _text(value: object) -> object:
    return json.dumps(value) if isinstance(value, bool | int | float) else _ABSENT


def _boolean(value: object) -> object:
    return _BOOLEANS.get(value.strip().lower(), _ABSENT) if isinstance(value, str) else _ABSENT


CONVERSIONS: Mapping[str, Callable[[object], object]] = {
    "integer": _of_text(_INTEGER, int),
    "number": _of_text(_NUMBER, float),
    "boolean": _boolean,
    "text": _text,
    "day": _of_text(_DAY, lambda text: _DAY.sub(r"\1-\2-\3", text)),
    "trimmed": lambda value: value.strip() if isinstance(value, str) and value != value.strip() else _ABSENT,
    "upper-case": lambda value: value.upper() if isinstance(value, str) and not value.isupper() else _ABSENT,
    "list": lambda value: [value] if not isinstance(value, list | dict) else _ABSENT,
    "only-member": lambda value: value[0] if isinstance(value, list) and len(value) == 1 else _ABSENT,
}
"""What can be done to any value of a kind; a value of another kind is left."""
