"""The parts of a record as its sender must write them: exactly as the contract says, nothing that merely resembles it.

By itself pydantic takes "5" for a whole number and 1700000000 for a day; a sender would learn of it too late.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator
from pydantic_core import PydanticCustomError

_INDEX = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LARGEST = 2**63 - 1
"""What the store holds as a whole number."""
NUMBER_FOR_INDEX = "number-for-index"
"""The reason that tells a sender of an identity number from one of any other text where an index belongs."""
_NUMBER = re.compile(r"\d{17}[\dX]|\d{15}|[A-Z]{3}\d{12}", re.IGNORECASE)
_SHORTEST_NUMBER, _LONGEST_NUMBER = 15, 60


def is_number(value: object) -> bool:
    """Tell whether a value looks like a person's number: of an identity card, old or new, or a foreigner's card.

    The check character is not looked at: a mistyped number says as much of its holder.
    """
    if not isinstance(value, str) or not _SHORTEST_NUMBER <= len(value) <= _LONGEST_NUMBER:
        return False
    return _NUMBER.fullmatch(re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", value))) is not None


def _no_number(value: object) -> object:
    if is_number(value):
        raise PydanticCustomError(
            "index", "Input should be a blind index, not an identity number", {"reason": NUMBER_FOR_INDEX}
        )
    if not isinstance(value, str) or not _INDEX.fullmatch(value):
        raise PydanticCustomError("index", "Input should be a blind index: 64 hexadecimal digits in lower case")
    return value


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

Index = Annotated[str, BeforeValidator(_no_number), Field(pattern="^[0-9a-f]{64}$")]
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
