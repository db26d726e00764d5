"""Narrow views of other services' events: just the fields that applications reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from applications.domain.record import Value
from bus.event import View
from web.signed_requests import Signed


class IdRegistered(View):
    """A person was registered."""

    resident_id: str
    holder_index: str
    name: str
    sex: Literal["male", "female"]
    birth_date: date
    address: str
    community: str
    sequence: int


class IdUpdated(View):
    """A card was renewed."""

    resident_id: str
    name: str
    birth_date: date
    address: str
    community: str
    sequence: int


class SuspensionChanged(View):
    """A person was suspended or reinstated."""

    resident_id: str
    sequence: int
    signed_request: Signed | None = None


class GuardianshipChanged(View):
    """A guardianship was registered or has ended."""

    guardianship_id: str
    guardian_id: str
    child_id: str
    sequence: int
    signed_request: Signed | None = None


class OfHolder(View):
    """Whose document it is."""

    index: str


class CorrectionRequested(View):
    """data-rights.correction-requested: somebody says that a document is wrong."""

    document_type: str
    holder: OfHolder
    requested_at: datetime


class CorrectionAnswered(View):
    """review-dispatch.correction-answered: what the department says to it."""

    correction_id: str
    document_type: str
    holder: OfHolder
    result: str
    officers: list[str]
    answered_at: datetime
    signed_requests: list[Signed] | None = None


class HeldDocument(View):
    """A document that government holds."""

    document_type: str
    source: str
    evidence_id: str | None = None
    valid_until: date | None
    says: Mapping[str, Value] = {}


class HoldingsChanged(View):
    """What government holds of a resident."""

    resident_id: str
    holdings: list[HeldDocument]
    sequence: int


class MatchedRequirement(View):
    """A requirement that is proven."""

    requirement: str
    attempt: int
    document_type: str
    source: str


class MatchSucceeded(View):
    """Requirements are proven."""

    application_id: str
    documents: list[MatchedRequirement]


class Compared(View):
    """How a field compared."""

    field: str
    result: str
    reason: str | None = None
    claimed: Value | None = None
    held: Value | None = None


class UnmatchedRequirement(View):
    """A requirement that is not proven."""

    requirement: str
    attempt: int
    document_type: str
    fields: list[Compared]
    reviewable: bool


class MatchFailed(View):
    """Requirements are not proven."""

    application_id: str
    documents: list[UnmatchedRequirement]


class ReviewRequested(View):
    """A document was sent to a department."""

    task_id: str
    application_id: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    due_on: date


class ReviewApproved(View):
    """A person approved a document."""

    application_id: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    reviewer: str
    second_reviewer: str | None = None
    signed_requests: list[Signed] | None = None


class NamedField(View):
    """A field that a decision is about, by its name in the document; or `scans`."""

    field: str


class ReviewRejected(View):
    """A person did not accept a document."""

    application_id: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    reviewer: str
    signed_request: Signed | None = None
    reason: str
    fields: list[NamedField] | None = None
    texts: Mapping[str, str] | None = None


class ReviewReturned(View):
    """The applicant is asked to correct something."""

    application_id: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    reviewer: str
    signed_request: Signed | None = None
    field: str
    message: str
    texts: Mapping[str, str] | None = None


class ReviewEscalated(View):
    """A task was not done in time."""

    task_id: str
    kind: Literal["review", "field-check", "decision"]
    application_id: str
    requirement: str | None
    escalated_to: str
    due_on: date


class TaskClaimed(View):
    """Somebody took a task in hand."""

    task_id: str
    kind: Literal["review", "field-check", "decision"]
    application_id: str
    requirement: str | None
    claimed_by: str
    claimed_at: datetime
    sequence: int


class TaskReleased(View):
    """Nobody has a task in hand any more."""

    task_id: str
    kind: Literal["review", "field-check", "decision"]
    application_id: str
    requirement: str | None
    sequence: int


class Slot(View):
    """A time for a visit."""

    begins: datetime
    ends: datetime


class VisitArranged(View):
    """What officer and applicant have agreed on for the visit at the door."""

    application_id: str
    state: Literal["offered", "proposed", "agreed", "declined"]
    by: Literal["officer", "applicant"]
    offered: list[Slot]
    slot: Slot | None
    reason: str | None
    sequence: int


class FieldCheckPassed(View):
    """The grid officer confirmed the address."""

    application_id: str
    community: str
    officer: str
    signed_request: Signed | None = None
    note: str | None
    texts: Mapping[str, str] | None = None


class FieldCheckFailed(View):
    """The grid officer could not confirm the address."""

    application_id: str
    community: str
    officer: str
    signed_request: Signed | None = None
    reason: str
    texts: Mapping[str, str] | None = None


class DecisionMade(View):
    """An officer decided."""

    application_id: str
    department: str
    officer: str
    signed_request: Signed | None = None
    approved: bool
    reason: str | None
    texts: Mapping[str, str] | None = None


class CredentialStored(View):
    """A credential is valid."""

    credential_id: str
    identifier: str
    document_type: str
    origin: str
    application_id: str | None
    sequence: int


class CredentialEnded(View):
    """A credential no longer proves anything, for now or for good."""

    credential_id: str
    identifier: str
    document_type: str
    status_code: str | None = None
    sequence: int
