"""Examples of one department's events, right ones and wrong ones, all about one invented record of this run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256

import orjson
from pydantic import BaseModel, ConfigDict

from conformance.contract import Contract
from conformance.messages import DepartmentMessage
from records.person_encryption import Binding, PublicKey
from standards.document_types import TypePart, by_type, read
from standards.identity_number import check_character

_HOLDER = "holder"

Value = str | bool | int | list[str]
Datum = str | int | None | dict[str, Value]


class Example(BaseModel):
    """What a record of one document type says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    fields: dict[str, Value]
    valid_from: str | None = None
    valid_until: str | None = None


class _ExampledType(TypePart):
    example: Example


def _examples() -> dict[str, Example]:
    """Return a right record of every document type, from the registry."""
    return {code: shown.example for code, shown in read(_ExampledType).items()}


@dataclass(frozen=True, slots=True)
class Drafts:
    """Makes events for one run. `run` is in every id, so that no two runs meet; `at` is when they were made.

    `key` is the district's, to which persons are encrypted. Without one, events are of version 1.
    """

    contract: Contract
    run: str
    at: datetime
    examples: Mapping[str, Example] = field(default_factory=_examples, repr=False)
    key: PublicKey | None = None
    _encrypted: dict[bytes, str] = field(default_factory=dict, repr=False)

    @property
    def document_type(self) -> str:
        """The document type of the record: the first that the department keeps."""
        return self.contract.keeps[0]

    @property
    def foreign_type(self) -> str:
        """A document type that it does not keep."""
        return next(kind for kind in self.contract.keepers if kind not in self.contract.keeps)

    @property
    def holder(self) -> str:
        """The number of a person who lives no more, or, in version 1, a blind index that is no person's."""
        digest = sha256(f"conformance {self.run}".encode()).hexdigest()
        if self.key is None:
            return digest
        drawn = int(digest, 16)
        born = date(1850, 1, 1) + timedelta(days=drawn % 18_000)
        body = f"440309{born:%Y%m%d}{drawn // 18_000 % 1000:03}"
        return body + check_character(body)

    @property
    def record_id(self) -> str:
        return f"conformance-{self.run}"

    @property
    def fields_without_one(self) -> dict[str, Value]:
        """The record's fields without the first that it must have."""
        declared = by_type()[self.document_type]
        needed = next(name for name, field in declared.fields.items() if not field.optional)
        return {name: value for name, value in self._fields.items() if name != needed}

    @property
    def fields_with_a_number_for_a_text(self) -> dict[str, Value]:
        """The record's fields with a number where a text belongs."""
        text = next(name for name, kind in by_type()[self.document_type].kinds.items() if kind == "text")
        return {**self._fields, text: 7}

    @property
    def _fields(self) -> dict[str, Value]:
        fields = self.examples[self.document_type].fields
        return {name: self.holder if value == _HOLDER else value for name, value in fields.items()}

    def event(self, name: str, verb: str, data: Mapping[str, object], /, **attributes: object) -> dict[str, object]:
        """Return an event as its sender writes it; `name` makes its id, `attributes` change what the rules demand."""
        type_ = self.contract.key(verb, None if self.key else 1)
        return {
            "specversion": "1.0",
            "id": f"conformance-{self.run}-{name}",
            "source": self.contract.source,
            "type": type_,
            "time": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "correlationid": self.record_id if self.key else self.holder,
            "receipt": "wanted",
            "data": self._with_person(data, type_) if self.key else dict(data),
            **attributes,
        }

    def publication(self, sequence: int, **changed: object) -> dict[str, object]:
        """Return the data of a record; `changed` are the values that are to be different."""
        example = self.examples[self.document_type]
        return {
            **self._both(sequence),
            "fields": self._fields,
            "valid_from": example.valid_from,
            "valid_until": example.valid_until,
            **changed,
        }

    def withdrawal(self, sequence: int) -> dict[str, object]:
        return {**self._both(sequence), "reason": "conformance"}

    def record(self, name: str, sequence: int, **changed: object) -> DepartmentMessage:
        """Return the record, ready to be sent."""
        return self.ready(self.event(name, "published", self.publication(sequence, **changed)))

    def ready(self, event: Mapping[str, object], key: str | None = None) -> DepartmentMessage:
        """Return an event ready to be sent, by default under its type."""
        return DepartmentMessage(str(event["id"]), key or str(event["type"]), orjson.dumps(event))

    def _both(self, sequence: int) -> dict[str, object]:
        own: dict[str, object] = {} if self.contract.is_city else {"department": self.contract.department}
        return {
            "record_id": self.record_id,
            "document_type": self.document_type,
            "holder_index": self.holder,
            "sequence": sequence,
            **own,
        }

    def _with_person(self, data: Mapping[str, object], type_: str) -> dict[str, object]:
        """Encrypt what describes the person; the same, said again, is the same bytes, as its sender keeps it."""
        names = {"holder_index": "number", "fields": "fields", "reason": "reason"}
        person = {inside: data[name] for name, inside in names.items() if name in data}
        binding = Binding(self.contract.source, type_, str(data["record_id"]))
        content = orjson.dumps([person, binding.header])
        if self.key is not None and content not in self._encrypted:
            self._encrypted[content] = self.key.encrypt(person, binding)
        around = {name: value for name, value in data.items() if name not in names}
        return {"person": self._encrypted[content], **around}
