"""What the fields of documents hold, and whether a value is of that kind."""

from __future__ import annotations

from datetime import date
from typing import Literal

FieldKind = Literal["text", "date", "names", "flag", "count", "key"]
"""text: not empty; date: ISO 8601 text; names: a list of names; flag: yes or no; count: a whole number from zero on.
A `key` joins records and is never entered by people."""

Value = str | bool | int | list[str]


def is_of(kind: FieldKind, value: Value) -> bool:
    """Tell whether people may enter the value in such a field."""
    match kind:
        case "text":
            return isinstance(value, str) and bool(value.strip())
        case "date":
            return isinstance(value, str) and is_date(value)
        case "names":
            return isinstance(value, list) and all(name.strip() for name in value)
        case "flag":
            return isinstance(value, bool)
        case "count":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "key":
            return False


def is_date(text: str) -> bool:
    """Tell whether a text is a day such as 2026-11-23."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
