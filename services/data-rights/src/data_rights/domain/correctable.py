"""What residents may ask to have corrected: which fields of which documents, and who answers, as the data file says."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from data_rights.domain.record import Record
from runtime.refusal import Refusal
from standards.field_kinds import FieldKind, Value, is_enterable

REGISTRATION = "registration"
"""Stands for a document type where the registration itself is meant."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class Correctable(Record):
    """One document type: the department that keeps it, and the fields that may be said to be wrong."""

    kept_by: Code
    fields: dict[FieldName, FieldKind] = Field(min_length=1)


class Correctables(Record):
    """The whole data file."""

    registration: Correctable
    documents: dict[Code, Correctable]

    def of(self, document_type: str) -> Correctable:
        """Return what there is of a document type. Raises Refusal for one that no department keeps."""
        found = self.registration if document_type == REGISTRATION else self.documents.get(document_type)
        if found is None:
            raise Refusal("document-type-unknown", field="document_type", name=document_type)
        return found

    def check(self, document_type: str, field: str, should_say: Value) -> Correctable:
        """Return what there is of a document type that has such a field. Raises Refusal, also for a wrong value."""
        found = self.of(document_type)
        kind = found.fields.get(field)
        if kind is None:
            raise Refusal("field-unknown", field="field", name=field, fields=", ".join(found.fields))
        if not is_enterable(kind, should_say):
            raise Refusal(f"value-not-{kind}", field="should_say", name=field)
        return found
