"""What residents may ask to have corrected: which fields of which documents, and who answers, as the data file says."""

from __future__ import annotations

from functools import reduce
from typing import Annotated

from pydantic import Field, StringConstraints

from data_rights.domain.record import RightsModel
from runtime.errors import Refusal, TextKey
from standards.document_types import FieldName, by_type, enterable_fields
from standards.field_kinds import FieldKind, Value, is_enterable
from standards.names import check_name

REGISTRATION = "registration"
"""Stands for a document type where the registration itself is meant."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]


class Correctable(RightsModel):
    """One document type: the department that keeps it, and the fields that may be said to be wrong."""

    keeper: Code
    fields: dict[FieldName, FieldKind] = Field(min_length=1)


class Correctables(RightsModel):
    """The registration, as the data file says; documents are what the registry of document types says."""

    registration: Correctable

    def of(self, document_type: str) -> Correctable:
        """Return what there is of a document type. Raises Refusal for one that no department keeps."""
        if document_type == REGISTRATION:
            return self.registration
        found = by_type().get(document_type)
        if found is None:
            raise Refusal("document-type-unknown", field="document_type", name=document_type)
        return Correctable(keeper=found.department, fields=enterable_fields(document_type))

    def check(self, document_type: str, field: str, should_say: Value) -> Correctable:
        """Return what there is of a document type that has such a field. Raises Refusal, also for a wrong value."""
        found = self.of(document_type)
        kind = found.fields.get(field)
        if kind is None:
            called = (_called(document_type, each) for each in found.fields)
            there = reduce(lambda one, other: TextKey("fields-and", one=one, other=other), called)
            raise Refusal("field-unknown", field="field", name=field, fields=there)
        if not is_enterable(kind, should_say):
            raise Refusal(f"value-not-{kind}", field="should_say", name=_called(document_type, field))
        if document_type == REGISTRATION and field == "name" and (fault := check_name(str(should_say))):
            raise Refusal(fault.code, field="should_say", **fault.params)
        return found


def _called(document_type: str, field: str) -> TextKey:
    return TextKey(f"fields.{document_type}.{field}")
