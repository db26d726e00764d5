"""The shape of the comparison rules: which fields of a document type are compared, how, and against what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matcher.domain.evidence import Value
from standards.document_types import TypePart

Kind = Literal["exact", "name", "date", "address", "names", "at-least", "covers-today", "recent", "present"]

Claim = Literal["required", "optional", "none", "holder"]
"""Against what a field is compared: a claim that must be there, one that is compared only if it was made, none (the
record is judged by itself), or the holder's own blind index, which every submitted document carries."""

_OWN: Mapping[Literal["name", "birth_date"], Kind] = {"name": "name", "birth_date": "date"}
"""What a field may repeat of its holder, and how that is compared."""

_NEEDS_NO_CLAIM: frozenset[Kind] = frozenset({"covers-today", "recent", "present"})


class FieldRule(BaseModel):
    """How one field is compared.

    `months` is how old a date may be (`recent`), `begins` the field with the first day (`covers-today`), `expected`
    the value that must be held whoever claims what (`exact` with claim `none`), `identified_by` the field with the
    holder's identity number: where the record repeats it, a name need not keep apart what names keep apart (乾, 干).
    `own`: the field repeats this of its holder, so that a record which says something else proves nothing. `told`:
    applications learns what it says, with the holdings, to fill a form with it or to hold it against how much an item
    asks for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    claim: Claim
    months: Annotated[int, Field(gt=0)] | None = None
    begins: str | None = None
    expected: Value | None = None
    identified_by: str | None = None
    own: Literal["name", "birth_date"] | None = None
    told: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        by_itself = self.kind in _NEEDS_NO_CLAIM or self.expected is not None
        if by_itself != (self.claim == "none"):
            raise ValueError("claim is none for covers-today, recent, present and expected, and only for them")
        if (self.kind == "recent") != (self.months is not None):
            raise ValueError("months belongs to kind recent, which needs it")
        if (self.kind == "covers-today") != (self.begins is not None):
            raise ValueError("begins belongs to kind covers-today, which needs it")
        if self.expected is not None and self.kind != "exact":
            raise ValueError("expected belongs to kind exact")
        if self.identified_by is not None and self.kind != "name":
            raise ValueError("identified_by belongs to kind name")
        if self.own is not None and (self.claim, self.kind) != ("required", _OWN[self.own]):
            raise ValueError("own is name or birth_date of a field that is compared as such and required")
        if self.claim == "holder" and self.kind != "exact":
            raise ValueError("the holder's index is compared by kind exact")
        return self


class DocumentType(BaseModel):
    """The fields of a document type that are compared, in the order in which they are shown.

    `follows_person`: it proves nothing while the person is suspended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    follows_person: bool = False
    fields: dict[str, FieldRule]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        _check(self.fields)
        return self


def _check(fields: Mapping[str, FieldRule]) -> None:
    """Raise ValueError for rules that would let anything prove the document, or a name that no number stands behind."""
    for rule in fields.values():
        number = fields.get(rule.identified_by or "")
        if rule.identified_by is not None and (number is None or number.claim != "holder"):
            raise ValueError("identified_by names a field that is compared with the holder's index")
    if all(rule.claim in {"optional", "holder"} for rule in fields.values()):
        raise ValueError("at least one field must always be compared, or anything would prove it")


class _ComparedField(TypePart):
    compare: FieldRule | None = None


class ComparedType(TypePart):
    """The matcher's part of what the registry says of a document type."""

    follows_person: bool = False
    fields: dict[str, _ComparedField]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        _check(self._compared)
        return self

    @property
    def rules(self) -> DocumentType:
        """How it is compared."""
        return DocumentType(follows_person=self.follows_person, fields=self._compared)

    @property
    def _compared(self) -> dict[str, FieldRule]:
        return {name: field.compare for name, field in self.fields.items() if field.compare}


Rules = Mapping[str, DocumentType]
"""Document type code -> its rules."""


def following_the_person(rules: Rules) -> frozenset[str]:
    """Return the document types that prove nothing while their holder is suspended."""
    return frozenset(code for code, document_type in rules.items() if document_type.follows_person)
