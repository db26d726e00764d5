"""What is wrong with a message and where: what its service said, and everything that its contract says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import jsonschema
from pydantic import BaseModel, ConfigDict

from operations.domain.contracts import Contracts, Schema
from operations.domain.diff import escaped
from operations.domain.event_masks import read
from runtime.errors import TextKey

Expectation = Literal[
    "missing", "extra", "integer", "number", "string", "boolean", "array", "object", "one-of", "day", "moment",
    "pattern", "least", "most", "shortest", "longest", "fewest", "most-items", "cloudevents", "attribute", "new-id",
    "handled-type", "routing-key", "once", "index", "value", "unread", "other",
]  # fmt: skip
Remedy = Literal["edit", "replay"]

_NOT_OF_THE_MESSAGE = (
    "handler-failed", "subject-unknown", "kills-the-process", "holds-the-process", "delivery-limit",
    "unknown-type", "not-signed", "wrong-sender", "key-unknown", "not-decrypted",
)  # fmt: skip
"""Reasons that lie in a service or in what it waits for: once that is mended, the same message gets through."""

_MOST = 50
_LONGEST = 120


class EventFault(BaseModel):
    """One place that is wrong (JSON pointer), and what was expected there; nothing of what stands there."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    expectation: Expectation
    expected: str = ""

    @property
    def is_telling(self) -> bool:
        """Whether it says something without a value, or with one that stands in it."""
        has_value = bool(self.expected) and "#" not in self.expected  # a group has no values
        return has_value or self.expectation not in (*_OPEN, *_TELLING)

    @property
    def text(self) -> TextKey:
        """What was expected, as a text of the catalogues."""
        name = self.pointer.rpartition("/")[2]
        return TextKey(f"web.expected.{self.expectation}", name=name, expected=self.expected)


class BrokenAt(BaseModel):
    """Where a text stops being JSON, both from 1."""

    model_config = ConfigDict(frozen=True)

    line: int
    column: int


def remedy_for(reason: str) -> Remedy:
    """Tell what helps: of what is wrong with the message itself, the same bytes fail again whoever sends them."""
    return "replay" if reason in _NOT_OF_THE_MESSAGE else "edit"


def faults_in(body: bytes, path: str, rule: str, contracts: Contracts) -> tuple[EventFault, ...]:
    """Return what a service said of a message (path and rule), and then what its contract says, by place."""
    event, _ = read(body)
    if not isinstance(event, dict):
        return ()
    event_type = event.get("type")
    schema = contracts.of(event_type) if isinstance(event_type, str) else None
    by_contract = contract_faults(event.get("data"), schema) if schema is not None else []
    first = [said(path, rule)] if path and path not in {each.pointer for each in by_contract} else []
    return tuple(dict.fromkeys([*first, *by_contract]))[:_MOST]


def contract_faults(data: object, schema: Schema) -> list[EventFault]:
    """Return everything in which an event's data breaks its contract, by place, each fault once."""
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    found = sorted(validator.iter_errors(data), key=lambda error: error.json_path)
    return list(dict.fromkeys(_fault(*named) for error in found for named in _named(_telling(error))))


def place_in(event: object, pointer: str) -> str:
    """Return the pointer to what exists: of a field that is missing, that of the object in which it should stand."""
    found, place = "", event
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(place, dict) and name in place:
            place = place[name]
        elif isinstance(place, list) and name.isascii() and name.isdigit() and int(name) < len(place):
            place = place[int(name)]
        else:
            break
        found += f"/{step}"
    return found


def broken_at(body: bytes) -> BrokenAt | None:
    """Return where a message stops being JSON; None for what is some."""
    try:
        json.loads(body.decode())
    except UnicodeDecodeError as error:
        before = body[: error.start].decode()
        return BrokenAt(line=before.count("\n") + 1, column=len(before.rpartition("\n")[2]) + 1)
    except json.JSONDecodeError as error:
        return BrokenAt(line=error.lineno, column=error.colno)
    except RecursionError:
        return BrokenAt(line=1, column=1)
    return None


def _telling(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Of alternatives, tell what is wrong with the first that is more than null."""
    branches = [each for each in error.context or () if each.validator_value != "null"]
    return _telling(branches[0]) if error.validator in {"anyOf", "oneOf"} and branches else error


def _named(error: jsonschema.ValidationError) -> Iterator[tuple[str, str, object]]:
    """Yield the places of an error with the rule: fields that are missing, or too many, each for itself."""
    at = "".join(("/data", *(f"/{escaped(str(step))}" for step in error.absolute_path)))
    present: Mapping[str, object] = error.instance if isinstance(error.instance, dict) else {}
    expected, schema = error.validator_value, error.schema
    if error.validator == "required" and isinstance(expected, list):
        yield from ((f"{at}/{escaped(str(name))}", "missing", "") for name in expected if name not in present)
    elif error.validator == "additionalProperties" and isinstance(schema, Mapping):
        known = schema.get("properties", {})
        yield from ((f"{at}/{escaped(name)}", "extra", "") for name in present if name not in known)
    else:
        yield at, str(error.validator), expected


_BY_CONTRACT: Mapping[str, Expectation] = {
    "missing": "missing", "extra": "extra", "enum": "one-of", "const": "one-of", "pattern": "pattern",
    "minimum": "least", "maximum": "most", "minLength": "shortest", "maxLength": "longest", "minItems": "fewest",
    "maxItems": "most-items",
}  # fmt: skip
_TYPES: Mapping[str, Expectation] = {
    "integer": "integer", "number": "number", "string": "string", "boolean": "boolean", "array": "array",
    "object": "object", "date": "day", "date-time": "moment",
}  # fmt: skip


def _fault(pointer: str, keyword: str, expected: object) -> EventFault:
    if keyword in {"type", "format"}:
        named = _TYPES.get(str(expected))
        return EventFault(
            pointer=pointer, expectation=named or "other", expected="" if named else str(expected)[:_LONGEST]
        )
    choices = expected if isinstance(expected, list) else [expected]
    told = ", ".join(map(str, choices))[:_LONGEST]
    return EventFault(pointer=pointer, expectation=_BY_CONTRACT.get(keyword, "other"), expected=told)


_BY_SERVICE: tuple[tuple[str, Expectation], ...] = (
    ("missing", "missing"), ("extra_forbidden", "extra"), ("int_", "integer"), ("float_", "number"),
    ("decimal_", "number"), ("string_type", "string"), ("bool_", "boolean"), ("list_", "array"), ("tuple_", "array"),
    ("dict_", "object"), ("model_", "object"), ("enum", "one-of"), ("literal_error", "one-of"), ("date_", "day"),
    ("datetime_", "moment"), ("timezone_", "moment"),
)  # fmt: skip
_BY_SENTENCE: tuple[tuple[str, Expectation], ...] = (
    (r"CloudEvents .* in structured JSON mode", "cloudevents"),
    (r"a text of \S+ to (\S+) characters", "attribute"),
    (r"an RFC \S+ time with its offset.*", "moment"),
    (r"an event's id stands for one body", "new-id"),
    (r"\S+ does not act on .*", "handled-type"),
    (r"'(.+)', as it was published under", "routing-key"),
    (r"each name once in its object", "once"),
    (r"string_too_short: .* at least (\d+) characters?", "shortest"),
    (r"string_too_long: .* at most (\d+) characters?", "longest"),
    (r"text_too_long: at most (\d+) characters.*", "longest"),
    (r"too_short: .* at least (\d+) items?.*", "fewest"),
    (r"too_long: .* at most (\d+) items?.*", "most-items"),
    (r"list_too_long: at most (\d+) entries.*", "most-items"),
    (r"greater_than_equal: .* greater than or equal to (.+)", "least"),
    (r"less_than_equal: .* less than or equal to (.+)", "most"),
    (r"string_pattern_mismatch: .*\^\[0-9a-f\]\{64\}\$.*", "index"),
    (r"string_pattern_mismatch: String should match pattern '(.+)'", "pattern"),
    (r"index(: .*)?", "index"),
    (r"day(: .*)?", "day"),
    (r"value(: .*)?", "value"),
    (r"[A-Z]\w*(?:Error|Exception)", "unread"),
)
"""Rules that are told by the whole of what a service says, and the value in it that people are told."""
_SHOULD = re.compile(r"^Input should be (?:a |an )?")


def said(path: str, rule: str) -> EventFault:
    """Read a rule as a service wrote it: a validator's code and sentence, or a sentence of our own."""
    for sentence, expected in _BY_SENTENCE:
        if found := re.fullmatch(sentence, rule, re.DOTALL):
            value = found[1] if found.re.groups and expected in _TELLING else ""
            return EventFault(pointer=path, expectation=expected, expected=(value or "")[:_LONGEST])
    code, colon, sentence = rule.partition(": ")
    known: Iterable[Expectation] = (name for start, name in _BY_SERVICE if " " not in code and code.startswith(start))
    expectation: Expectation = next(iter(known), "other")
    told = _SHOULD.sub("", sentence if colon else rule)
    return EventFault(pointer=path, expectation=expectation, expected=told[:_LONGEST] if expectation in _OPEN else "")


_OPEN = ("one-of", "other")
_TELLING = ("attribute", "routing-key", "pattern", "least", "most", "shortest", "longest", "fewest", "most-items")
"""What is told with a value."""
