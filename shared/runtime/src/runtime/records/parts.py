"""The parts of a record as its sender must write them: exactly as the contract says, nothing that merely resembles it.

By itself pydantic takes "5" for a whole number and 1700000000 for a day; a sender would learn of it too late.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LARGEST = 2**63 - 1
"""What the store holds as a whole number."""


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "Input should be a day, such as 2026-11-23")
    if not isinstance(value, str | date):
        raise PydanticCustomError("day", "Input should be a day written as a text, such as 2026-11-23")
    return value


def _value(value: object) -> object:
    match value:
        case str() | bool():
            return value
        case int() if abs(value) <= _LARGEST:
            return value
        case list() if all(isinstance(each, str) for each in value):
            return value
    raise PydanticCustomError("value", "Input should be a text, true or false, a whole number, or a list of texts")


Code = Annotated[str, Field(min_length=1, max_length=200)]
"""A department, a document type, the keeper's own id of a record."""

Index = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""The blind index of the holder's identity number."""

Sequence = Annotated[int, Field(strict=True, ge=1, le=_LARGEST)]
"""Counts up with every change of a record."""

Day = Annotated[date, BeforeValidator(_day)]
"""A day, ISO 8601."""

Value = Annotated[str | bool | int | list[str], PlainValidator(_value)]
"""What a field may hold. One rule for all of it, so that its sender is told one thing."""

FieldName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00$.][^\x00.]*$")]
"""No dot and no dollar: a store would read more into it than a name."""

Fields = dict[FieldName, Value]
"""The document's values under the field names of its type."""
