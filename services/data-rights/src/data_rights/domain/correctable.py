"""What residents may ask to have corrected: which fields of which documents, and who answers, as the data file says."""

from __future__ import annotations

from functools import reduce
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from data_rights.domain.record import Record
from runtime.refusal import Refusal, TextKey
from standards.document_fields import FieldName, enterable_fields
from standards.field_kinds import FieldKind, Value, is_enterable
from standards.names import check_name

REGISTRATION = "registration"
"""Stands for a document type where the registration itself is meant."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]


class Correctable(Record):
    """One document type: the department that keeps it, and the fields that may be said to be wrong."""

    kept_by: Code
    fields: dict[FieldName, FieldKind] = Field(min_length=1)


class Correctables(Record):
    """The whole data file: of documents it says by their type who keeps them."""

    registration: Correctable
    documents: dict[Code, Code]

    @field_validator("documents")
    @classmethod
    def _have_fields(cls, documents: dict[Code, Code]) -> dict[Code, Code]:
        if unknown := [code for code in documents if not enterable_fields(code)]:
            message = f"document types without fields: {', '.join(unknown)}"
            raise ValueError(message)
        return documents

    def of(self, document_type: str) -> Correctable:
        """Return what there is of a document type. Raises Refusal for one that no department keeps."""
        if document_type == REGISTRATION:
            return self.registration
        if document_type not in self.documents:
            raise Refusal("document-type-unknown", field="document_type", name=document_type)
        return Correctable(kept_by=self.documents[document_type], fields=enterable_fields(document_type))

    def check(self, document_type: str, field: str, should_say: Value) -> Correctable:
        """Return what there is of a document type that has such a field. Raises Refusal, also for a wrong value."""
        found = self.of(document_type)
        kind = found.fields.get(field)
        if kind is None:
            there = reduce(lambda one, other: TextKey("fields-and", one=one, other=other), map(_called, found.fields))
            raise Refusal("field-unknown", field="field", name=field, fields=there)
        if not is_enterable(kind, should_say):
            raise Refusal(f"value-not-{kind}", field="should_say", name=_called(field))
        if document_type == REGISTRATION and field == "name" and (fault := check_name(str(should_say))):
            raise Refusal(fault.code, field="should_say", **fault.params)
        return found


def _called(field: str) -> TextKey:
    """Return the name that people know a field by."""
    return TextKey(f"fields.{field}")
