"""What the fields of documents hold, and whether a value is of that kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Literal

from standards.bounds import LARGEST, LONGEST_NAME, LONGEST_TEXT, MOST_TEXTS
from standards.moments import BOUNDS, FIRST_DAY, LAST_DAY
from standards.normal_form import normal_text

FieldKind = Literal["text", "date", "names", "flag", "count", "key"]
"""text: not empty; date: ISO 8601 text; names: a list of names; flag: yes or no; count: a whole number from zero on.
A `key` joins records, is the blind index of an identity number, and is never entered by people."""

Value = str | bool | int | list[str]

RULES: Mapping[FieldKind, str] = {
    "text": f"a text of 1 to {LONGEST_TEXT} characters",
    "date": f"a day that exists, such as '2026-11-23', {BOUNDS}",
    "names": f"a list of at most {MOST_TEXTS} names, each of 1 to {LONGEST_NAME} characters",
    "flag": "true or false",
    "count": "a whole number from 0 on",
    "key": "the blind index of an identity number: 64 hexadecimal digits, lower case",
}
"""What is expected of a value of each kind, for whoever sent another."""

_INDEX = re.compile(r"[0-9a-f]{64}")


def is_of(kind: FieldKind, value: object) -> bool:
    """Tell whether a value is what fields of this kind hold."""
    match kind:
        case "text":
            return isinstance(value, str) and bool(normal_text(value)) and len(value) <= LONGEST_TEXT
        case "date":
            return isinstance(value, str) and is_date(value)
        case "names":
            return isinstance(value, list) and len(value) <= MOST_TEXTS and all(map(_is_name, value))
        case "flag":
            return isinstance(value, bool)
        case "count":
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
        case "key":
            return isinstance(value, str) and _INDEX.fullmatch(value) is not None


def is_enterable(kind: FieldKind, value: Value) -> bool:
    """Tell whether people may enter the value in such a field."""
    return kind != "key" and is_of(kind, value)


def is_date(text: str) -> bool:
    """Tell whether a text is a day such as 2026-11-23, within the bounds of all days from outside."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return day.isoformat() == text and FIRST_DAY <= day <= LAST_DAY


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= LONGEST_NAME
