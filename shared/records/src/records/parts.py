"""The parts of a record as its sender must write them: exactly as the contract says, nothing that merely resembles it.

By itself pydantic takes "5" for a whole number and 1700000000 for a day; a sender would learn of it too late.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from runtime.clock import today, utc_now
from standards.bounds import LARGEST, LONGEST_NAME, LONGEST_WORDS, MOST_FIELDS, Value
from standards.identity_number import stands_in
from standards.moments import BOUNDS, FIRST_DAY, LAST_DAY
from standards.normal_form import normal_text

__all__ = [
    "NUMBER_AS_RECORD", "NUMBER_FOR_INDEX", "Code", "Day", "FieldName", "Fields", "Index", "Person", "Reason",
    "RecordId", "Sequence", "Value", "has_number", "is_number",
]  # fmt: skip

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST, _LAST = FIRST_DAY.isoformat(), LAST_DAY.isoformat()
_INDEX = re.compile(r"[0-9a-f]{64}")
NUMBER_FOR_INDEX = "number-for-index"
"""The reason that tells a sender of an identity number from one of any other text where an index belongs."""
NUMBER_AS_RECORD = "number-as-record-id"
"""The reason for a record whose id is, or has in it, somebody's identity number."""
_NUMBER = re.compile(r"\d{17}[\dX]|\d{15}|[A-Z]{3}\d{12}", re.IGNORECASE)
_SHORTEST_NUMBER, _LONGEST_NUMBER = 15, 60


def is_number(value: object) -> bool:
    """Tell whether a value looks like a person's number: of an identity card, old or new, or a foreigner's card.

    The check character is not looked at: a mistyped number says as much of its holder.
    """
    if not isinstance(value, str) or not _SHORTEST_NUMBER <= len(value) <= _LONGEST_NUMBER:
        return False
    return _NUMBER.fullmatch(re.sub(r"[\s-]", "", normal_text(value))) is not None


def has_number(value: object) -> bool:
    """Tell whether a correct identity number of 18 characters stands in a text, with blanks or hyphens in it or not.

    Any 15 digits, or 18 with another check character, may be a department's own numbering: area, day, count.
    """
    if not isinstance(value, str):
        return False
    now = today(utc_now())
    return any(stands_in(text, today=now) for text in (value, re.sub(r"[\s-]", "", normal_text(value))))


def is_index(value: object) -> bool:
    """Tell whether a value is written as a blind index is."""
    return isinstance(value, str) and _INDEX.fullmatch(value) is not None


def _no_number(value: object) -> object:
    if is_number(value):
        raise PydanticCustomError(
            "index", "Input should be a blind index, not an identity number", {"reason": NUMBER_FOR_INDEX}
        )
    if not is_index(value):
        raise PydanticCustomError("index", "Input should be a blind index: 64 hexadecimal digits in lower case")
    return value


def _day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise PydanticCustomError("day", "Input should be a day, such as 2026-11-23")
    if not isinstance(value, str | date):
        raise PydanticCustomError("day", "Input should be a day written as a text, such as 2026-11-23")
    if str(value) < _FIRST or str(value) > _LAST:
        raise PydanticCustomError("day", "Input should be a day {bounds}", {"bounds": BOUNDS})
    return value


def _no_number_within(value: object) -> object:
    if isinstance(value, str) and has_number(value):
        raise PydanticCustomError(
            "record_id", "Input should be an id of the record, without an identity number", {"reason": NUMBER_AS_RECORD}
        )
    return value


Code = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
"""A department, a document type."""

RecordId = Annotated[Code, BeforeValidator(_no_number_within)]
"""The keeper's own id of a record: it is told to others, so no identity number."""

Index = Annotated[str, BeforeValidator(_no_number), Field(pattern="^[0-9a-f]{64}$")]
"""The blind index of the holder's identity number."""

Person = Annotated[str, Field(min_length=1, max_length=32_768)]
"""What describes the person, encrypted: see person_encryption.py."""

Sequence = Annotated[int, Field(strict=True, ge=1, le=LARGEST)]
"""Counts up with every change of a record."""

Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(_day)]
"""A day, ISO 8601, within the bounds of all days from outside."""

Reason = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_WORDS)]
"""Why a record was taken back, in words."""

FieldName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00$.][^\x00.]*$")]
"""No dot and no dollar: a store would read more into it than a name."""

Fields = Annotated[dict[FieldName, Value], Field(max_length=MOST_FIELDS)]
"""The document's values under the field names of its type."""
