"""What a resident sees of the evidence: each value with its keeper and its age."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from matcher.api.views import TEXTS, Coded
from matcher.domain.claims import Role
from matcher.domain.evidence import EvidenceContent, Value
from matcher.domain.verdicts import Standing
from matcher.handlers.preview import MatchPreview, PreviewedDocument, ShownPreview
from runtime.clock import today
from standards.document_types import field_name, fields_of
from standards.field_kinds import FieldKind


class HeldFieldView(BaseModel):
    """One value. `value` is null for the identity number, which is held as a key: `text` says so."""

    field: str
    label: str
    value: Value | None
    text: str

    @classmethod
    def of(cls, document_type: str, field: str, kind: FieldKind, value: Value, language: str) -> HeldFieldView:
        return cls(
            field=field,
            label=field_name(document_type, field, language),
            value=None if kind == "key" else value,
            text=_written(kind, value, language),
        )


class PreviewHeldView(BaseModel):
    """A record: what it says, who keeps it since when, and whether it counts today.

    `evidence_id` names it in an application that is to use it or not.
    """

    evidence_id: str
    document_type: Coded
    keeper: Coded
    told_at: datetime | None
    """When its keeper told what it says; null: not known."""
    age_days: int | None
    age_text: str
    valid_from: date | None
    valid_until: date | None
    standing: Standing
    standing_name: str
    fields: list[HeldFieldView]

    @classmethod
    def of(cls, held: PreviewedDocument, on: date, language: str) -> PreviewHeldView:
        """Show a record."""
        record, content = held.record, held.record.content
        told = record.told_at
        age = max(0, (on - today(told)).days) if told else None
        age_key = "ages.unknown" if age is None else ("ages.today", "ages.yesterday", "ages.days")[min(age, 2)]
        return cls(
            evidence_id=record.record_id,
            document_type=Coded.of("documents", record.document_type, language),
            keeper=Coded.of("sources", record.source, language),
            told_at=told,
            age_days=age,
            age_text=TEXTS.say(language, age_key, days=age or 0),
            valid_from=content.valid_from if content else None,
            valid_until=content.valid_until if content else None,
            standing=held.standing,
            standing_name=TEXTS.say(language, f"standings.{held.standing}"),
            fields=_fields(record.document_type, content, language),
        )


class RequirementHeldView(BaseModel):
    """What is held for one requirement, in the order in which it is asked. `proven`: nothing more is needed."""

    requirement: str
    holder: Role
    any_of: list[Coded]
    proven: bool
    held: list[PreviewHeldView]

    @classmethod
    def of(cls, shown: ShownPreview, on: date, language: str) -> RequirementHeldView:
        return cls(
            requirement=shown.requirement.key,
            holder=shown.requirement.holder,
            any_of=[Coded.of("documents", code, language) for code in shown.requirement.document_types],
            proven=shown.proven,
            held=[PreviewHeldView.of(each, on, language) for each in shown.held],
        )


class PreviewView(BaseModel):
    """What government holds of the caller, and of the child who was named, for one item."""

    item: str
    requirements: list[RequirementHeldView]

    @classmethod
    def of(cls, preview: MatchPreview, language: str) -> PreviewView:
        shown = [RequirementHeldView.of(each, preview.on, language) for each in preview.shown]
        return cls(item=preview.item, requirements=shown)


def _fields(document_type: str, content: EvidenceContent | None, language: str) -> list[HeldFieldView]:
    """Show the fields that the document type has, in their order; others have no name that people could read."""
    said = content.fields if content else {}
    return [
        HeldFieldView.of(document_type, field, kind, said[field], language)
        for field, kind in fields_of(document_type).items()
        if field in said
    ]


def _written(kind: FieldKind, value: Value, language: str) -> str:
    if kind == "key":
        return TEXTS.say(language, "values.own-number")
    if isinstance(value, bool):
        return TEXTS.say(language, f"values.{str(value).lower()}")
    return TEXTS.say(language, "values.between").join(value) if isinstance(value, list) else str(value)
