"""Examples of one department's events, right ones and wrong ones, all about one invented record of this run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict

from conformance.contract import Contract
from conformance.messages import Message
from runtime.data_files import load
from standards.document_fields import by_type

EXAMPLES = Path(__file__).parent / "data" / "examples.yaml"
_HOLDER = "holder"

Value = str | bool | int | list[str]
Datum = str | int | None | dict[str, Value]


class Example(BaseModel):
    """What a record of one document type says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    fields: dict[str, Value]
    valid_from: str | None = None
    valid_until: str | None = None


@dataclass(frozen=True, slots=True)
class Drafts:
    """Makes events for one run. `run` is in every id, so that no two runs meet; `at` is when they were made."""

    contract: Contract
    run: str
    at: datetime
    examples: Mapping[str, Example] = field(default_factory=lambda: load(EXAMPLES, dict[str, Example]), repr=False)

    @property
    def document_type(self) -> str:
        """The document type of the record: the first that the department keeps."""
        return self.contract.keeps[0]

    @property
    def foreign_type(self) -> str:
        """A document type that it does not keep."""
        return next(kind for kind in self.contract.kept_by if kind not in self.contract.keeps)

    @property
    def holder(self) -> str:
        """The blind index of somebody who does not exist."""
        return sha256(f"conformance {self.run}".encode()).hexdigest()

    @property
    def fields_without_one(self) -> dict[str, Value]:
        """The record's fields without the first that it must have."""
        declared = by_type()[self.document_type]
        needed = next(name for name in declared.fields if name not in declared.optional)
        return {name: value for name, value in self._fields.items() if name != needed}

    @property
    def fields_with_a_number_for_a_text(self) -> dict[str, Value]:
        """The record's fields with a number where a text belongs."""
        text = next(name for name, kind in by_type()[self.document_type].fields.items() if kind == "text")
        return {**self._fields, text: 7}

    @property
    def _fields(self) -> dict[str, Value]:
        fields = self.examples[self.document_type].fields
        return {name: self.holder if value == _HOLDER else value for name, value in fields.items()}

    def event(self, name: str, verb: str, data: Mapping[str, object], /, **attributes: object) -> dict[str, object]:
        """Return an event as its sender writes it; `name` makes its id, `attributes` change what the rules demand."""
        return {
            "specversion": "1.0",
            "id": f"conformance-{self.run}-{name}",
            "source": self.contract.source,
            "type": self.contract.key(verb),
            "time": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "correlationid": self.holder,
            "receipt": "wanted",
            "data": dict(data),
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
        """Return the data of its withdrawal."""
        return {**self._both(sequence), "reason": "conformance"}

    def record(self, name: str, sequence: int, **changed: object) -> Message:
        """Return the record, ready to be sent."""
        return self.ready(self.event(name, "published", self.publication(sequence, **changed)))

    def ready(self, event: Mapping[str, object], key: str | None = None) -> Message:
        """Return an event ready to be sent, by default under its type."""
        return Message(str(event["id"]), key or str(event["type"]), orjson.dumps(event))

    def _both(self, sequence: int) -> dict[str, object]:
        own: dict[str, object] = {} if self.contract.is_city else {"department": self.contract.department}
        return {
            "record_id": f"conformance-{self.run}",
            "document_type": self.document_type,
            "holder_index": self.holder,
            "sequence": sequence,
            **own,
        }
