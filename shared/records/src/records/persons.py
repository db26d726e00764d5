"""Records by the number of their holder, as systems outside write them, made records by its blind index.

Only who holds the key of the index can do this, so no department has to hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from bus.envelope import BrokenMessageError
from bus.event import Received, View
from bus.reader import broken
from records.checks import publisher_of
from records.parts import Code, Day, Person, RecordId, Sequence
from records.person_encryption import PRIVATE_KEYS, Binding, PrivateKeys
from records.replies import WITHIN, moved, pointer
from runtime.clock import today, utc_now
from runtime.errors import Refusal
from standards import identity_number
from standards.document_types import fields_of
from standards.normal_form import normal_text
from store.blind_index import BlindIndex

WRONG_NUMBER = "wrong-number"
"""The reason for a number that no person has."""


class EncryptedWithdrawal(View):
    """`city-record-withdrawn.v2`, and what all records of version 2 have."""

    record_id: RecordId
    document_type: Code
    person: Person
    sequence: Sequence


class EncryptedRecord(EncryptedWithdrawal):
    """`city-record-published.v2`: a record; its fields and its holder's number are in `person`."""

    valid_from: Day | None
    valid_until: Day | None


class DepartmentRecordGone(EncryptedWithdrawal):
    """`department-record-withdrawn.v2`."""

    department: Code


class DepartmentRecord(EncryptedRecord):
    """`department-record-published.v2`."""

    department: Code


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens the person's part of events: `keys` are the district's, `index` is how records are joined."""

    keys: PrivateKeys
    index: BlindIndex

    @classmethod
    def from_folder(cls, folder: Path, index: BlindIndex) -> Self:
        """Read the district's private keys. Raises DataFileError."""
        return cls(PrivateKeys(folder / PRIVATE_KEYS), index)

    def open(self, event: Received[Any], view: type[View]) -> Received[Any]:
        """Return the event as `view` reads it, under the blind index of the holder, by which it is ordered, too.

        Raises BrokenMessageError for a part that can't be opened, was made for another event, or holds no record.
        """
        sent = event.data
        if event.case != sent.record_id:
            raise BrokenMessageError("case-not-record", "/correlationid", "the value of data.record_id")
        binding = Binding(f"/yizheng/{publisher_of(event)}", event.type, sent.record_id)
        content = self.keys.decrypt(sent.person, binding)
        around = sent.model_dump(exclude={"person"})
        within = {name: content[name] for name in ("number", *WITHIN) if name in content}
        record = by_index({**around, **within}, self.index, place="/data/person")
        try:
            data = view.model_validate(record)
        except ValidationError as error:
            fault = broken(error)
            path = pointer(fault.path, {"data": {**around, **within}})
            raise BrokenMessageError(fault.reason, moved(path), fault.rule, fault.params) from error
        return replace(event, data=data, lane=str(record["holder_index"]))


def by_index(said: Mapping[str, object], index: BlindIndex, place: str = "/data") -> dict[str, object]:
    """Return a record with `holder_index` for its `number`, in the fields that join records as well.

    `place` is where the number stands. Raises BrokenMessageError for one that is missing or no person's.
    """
    found = {name: value for name, value in said.items() if name != "number"}
    if "number" not in said:
        raise BrokenMessageError("wrong-schema", f"{place}/number", "missing", {"fault": "missing"})
    found["holder_index"] = _index_of(said["number"], f"{place}/number", index)
    fields = said.get("fields")
    if isinstance(fields, Mapping):
        kinds = fields_of(str(said.get("document_type")))
        found["fields"] = {
            name: _index_of(value, f"{place}/fields/{name}", index) if kinds.get(name) == "key" else value
            for name, value in fields.items()
        }
    return found


def _index_of(number: object, path: str, index: BlindIndex) -> str:
    if not isinstance(number, str):
        raise BrokenMessageError("wrong-schema", path, "string_type", {"fault": "string_type"})
    try:
        read = identity_number.parse("".join(normal_text(number).split()), today=today(utc_now()))
    except Refusal as error:
        raise BrokenMessageError(WRONG_NUMBER, path, "an identity number as it stands on the card") from error
    return index.of(read.number)
