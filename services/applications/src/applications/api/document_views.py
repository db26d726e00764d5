"""What an applicant sees of the documents of an application: what proved them, or why nothing did yet."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from applications.api.labels import LabelledCode, Labels
from applications.domain.application import Application, ApplicationScan, AskedRequirement, Standing
from applications.domain.reasons import FailureReason, failures_of
from applications.domain.record import PersonRole
from standards.document_types import enterable_fields

_CORRECTABLE = frozenset({"field-rejected", "field-close", "field-different"})
"""Reasons with which the record may be what is wrong."""


class ApplicationScanView(BaseModel):
    """A scan that was handed in."""

    scan_id: str
    requirement: str
    document_type: LabelledCode
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime

    @classmethod
    def of(cls, scan: ApplicationScan, wording: Labels) -> Self:
        return cls(
            scan_id=scan.id,
            requirement=scan.requirement,
            document_type=wording.document(scan.document_type),
            media_type=scan.media_type,
            size=scan.size,
            sha256=scan.sha256,
            uploaded_at=scan.uploaded_at,
        )


class DecidedProofView(BaseModel):
    """What proved a document; the source `person` is a reviewer."""

    document_type: LabelledCode
    source: str
    source_name: str


class CorrectableView(BaseModel):
    """A value of a record that its keeper can be asked to correct (data-rights, `/v1/corrections`)."""

    document_type: LabelledCode
    field: LabelledCode
    resident_id: str
    """About whom the record is: the applicant, or the child."""

    @classmethod
    def of(cls, reason: FailureReason, application: Application, wording: Labels) -> Self | None:
        """Return the value that a reason finds wrong; None where there is none, or where it is the second party's."""
        kind, field, asked = reason.document_type, reason.field, application.asked_for(reason.requirement or "")
        if reason.code not in _CORRECTABLE or not kind or not field or asked is None or asked.holder == "second-party":
            return None
        if field not in enterable_fields(kind):
            return None
        whose = application.subject_id if asked.holder == "subject" else application.applicant_id
        return cls(document_type=wording.document(kind), field=wording.field(kind, field), resident_id=whose)


class FailureReasonView(BaseModel):
    """Why something is not proven or was refused."""

    code: str
    requirement: str | None
    document_type: LabelledCode | None
    field: LabelledCode | None
    claimed: str | None
    """What the applicant answered, written for people; null where it is not theirs to see beside what is held."""
    held: str | None
    text: str
    action: str
    """What the applicant can do about it."""
    correctable: CorrectableView | None
    """What may be wrong in the record; null where the reason is another, or the record is not theirs."""

    @classmethod
    def of(cls, reason: FailureReason, application: Application, wording: Labels) -> Self:
        kind, beside = reason.document_type, wording.beside(application, reason.requirement, reason.field)
        return cls(
            code=reason.code,
            requirement=reason.requirement,
            document_type=wording.document(kind) if kind else None,
            field=wording.answer(application, reason.requirement, kind, reason.field)
            if kind and reason.field
            else None,
            claimed=beside.claimed,
            held=beside.held,
            text=wording.reason(reason, application),
            action=wording.action(reason, application),
            correctable=CorrectableView.of(reason, application, wording),
        )


class ApplicationDocumentView(BaseModel):
    """A document that the application needs, and where it stands."""

    requirement: str
    any_of: list[LabelledCode]
    holder: PersonRole
    holder_name: str
    attempt: int
    standing: Standing
    standing_name: str
    proof: DecidedProofView | None
    failures: list[FailureReasonView]

    @classmethod
    def of(cls, asked: AskedRequirement, application: Application, wording: Labels) -> Self:
        proof = asked.proof
        return cls(
            requirement=asked.key,
            any_of=wording.documents(asked.document_types),
            holder=asked.holder,
            holder_name=wording.role(application.item, asked.holder),
            attempt=asked.attempt,
            standing=asked.standing,
            standing_name=wording.standing(asked, application),
            proof=proof
            and DecidedProofView(
                document_type=wording.document(proof[0]), source=proof[1], source_name=wording.source(proof[1])
            ),
            failures=[FailureReasonView.of(reason, application, wording) for reason in failures_of(asked)],
        )
