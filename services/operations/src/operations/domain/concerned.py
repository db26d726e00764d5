"""Whom a message is about: every resident id and blind index in its data, by the names that all contracts use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RESIDENT = re.compile(r"res_[0-9a-z_]{1,56}")
_INDEX = re.compile(r"[0-9a-f]{64}")
_IDS = ("resident_id", "guardian_id", "child_id")
_INDEXES = ("holder_index", "index")

_PEOPLE = (
    "/data/holder", "/data/applicant", "/data/subject", "/data/grant/holder", "/data/approval/holder",
    "/data/concerns/*", "/data/documents/*/holder",
)  # fmt: skip
PLACES_OF_IDS = ("/data/resident_id", "/data/guardian_id", "/data/child_id", *(f"{at}/resident_id" for at in _PEOPLE))
PLACES_OF_INDEXES = ("/data/holder_index", *(f"{at}/index" for at in _PEOPLE))
"""Where in an event somebody stands that it is about (`*`: any of a list), in all contracts."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody that a message is about, as far as it says; at least one of the two."""

    resident_id: str | None
    index: str | None


def data_of(event: object) -> object:
    """Return the data of an event (JSON); None for what is no event."""
    return event.get("data") if isinstance(event, dict) else None


def concerned(data: object) -> list[Concerned]:
    """Return everybody whom an event's data is about, each once."""
    found = dict.fromkeys(_in(data))
    with_index = {person.resident_id for person in found if person.index is not None}
    return [person for person in found if person.index is not None or person.resident_id not in with_index]


def application_of(data: object) -> str | None:
    """Return the application that an event's data is about, where it names one."""
    named = data.get("application_id") if isinstance(data, dict) else None
    return named if isinstance(named, str) and 0 < len(named) <= 60 else None  # noqa: PLR2004 - longer is no id of ours


def _in(value: object) -> Iterator[Concerned]:
    if isinstance(value, list):
        for part in value:
            yield from _in(part)
    if not isinstance(value, dict):
        return
    index = next((found for name in _INDEXES if (found := _text(value.get(name), _INDEX))), None)
    ids = [found for name in _IDS if (found := _text(value.get(name), _RESIDENT))]
    for place, resident_id in enumerate(ids):
        yield Concerned(resident_id, index if place == 0 else None)
    if index and not ids:
        yield Concerned(None, index)
    for part in value.values():
        yield from _in(part)


def _text(value: object, form: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None
