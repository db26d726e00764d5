"""How long a text from outside may be, by kind: one set of types for requests, records, files and command lines.

What comes in is compared, searched, stored and shown again and again. Nothing that a person or a register writes is
longer than this; a text that is can only cost the others time.
"""

from __future__ import annotations

from typing import Annotated, TypeGuard

from pydantic import AfterValidator, Field, PlainValidator, StringConstraints
from pydantic_core import PydanticCustomError

from standards.normal_form import visible

LONGEST_NAME = 200
"""Characters of a name, a code or a number."""
LONGEST_TEXT = 500
"""Characters of a field of a document or form: an address, a remark."""
MOST_TEXTS = 50
"""Entries of a list of names."""
MOST_FIELDS = 50
"""Fields of a document or form."""
MOST_RECORDS = 100
"""Records of one person that one keeper may hold, those that were taken back included."""
LARGEST_RECORD = 8_192
"""Bytes of one record's fields, as JSON: with the bound above, all keepers' records of a person fit into a document."""
LARGEST_HISTORY = 4_194_304
"""Bytes of all versions of one record, as JSON."""
LARGEST = 2**63 - 1
"""What the store holds as a whole number."""

LONGEST_WORDS = 2000
"""Characters of what a person explains in words: a reason, a note."""

Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
Words = Annotated[str, StringConstraints(max_length=LONGEST_WORDS)]


def is_said(text: str | None) -> TypeGuard[str]:
    """Tell whether a text says anything: it has a letter or a digit of any script that can be seen, not just signs."""
    return text is not None and any(map(str.isalnum, visible(text)))


def _said(text: str) -> str:
    if not is_said(text):
        raise PydanticCustomError("nothing_said", "Say it in words: spaces and signs alone say nothing")
    return text


SAID = AfterValidator(_said)
"""For a reason or an explanation that another person reads."""

Whole = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]

FieldValue = str | bool | int | list[str]
"""What a field of a document or form holds."""


def fault_in_length(value: object) -> tuple[int, int] | None:
    """Return how long a text or list is and how long it may be, if it is too long; of a list's texts, the longest."""
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return len(value), LONGEST_TEXT
        case list() if len(value) > MOST_TEXTS:
            return len(value), MOST_TEXTS
        case list():
            longest = max((len(each) for each in value if isinstance(each, str)), default=0)
            return (longest, LONGEST_NAME) if longest > LONGEST_NAME else None
    return None


def _bounded(value: object) -> object:
    """Check all of it in one place, so that its sender is told one thing and not what a validator tried in turn."""
    if (fault := fault_in_length(value)) is not None:
        length, most = fault
        if isinstance(value, list) and most == MOST_TEXTS:
            raise PydanticCustomError(
                "list_too_long", "at most {most} entries, not {length}", {"most": most, "length": length}
            )
        raise PydanticCustomError(
            "text_too_long", "at most {most} characters, not {length}", {"most": most, "length": length}
        )
    match value:
        case str() | bool():
            return value
        case int() if abs(value) <= LARGEST:
            return value
        case list() if all(isinstance(each, str) for each in value):
            return value
    raise PydanticCustomError("value", "Input should be a text, true or false, a whole number, or a list of texts")


_Written = Text | bool | Whole | Annotated[list[Name], Field(max_length=MOST_TEXTS)]

Value = Annotated[FieldValue, PlainValidator(_bounded, json_schema_input_type=_Written)]
"""A field's value from outside, within its bounds."""
