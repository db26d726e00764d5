"""What the credential store reads of other services' events."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from bus.event import View
from credential_store.domain.credential import Value
from records.parts import Code, Day, Fields, Index, Reason, RecordId, Sequence
from web.signed_requests import Signed


class Holder(View):
    """Whose document it is."""

    resident_id: str
    index: str


class CardRead(View):
    """`identity.id-registered.v1` and `identity.id-updated.v1`: an identity card was read in person."""

    resident_id: str
    holder_index: str
    name: str
    birth_date: date
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    sequence: int


class SuspensionChanged(View):
    """`identity.id-suspended.v1` and `identity.id-reinstated.v1`: a suspension was set or lifted."""

    resident_id: str
    holder_index: str
    reason: str
    sequence: int
    signed_request: Signed | None = None


class UnprovenSubmission(View):
    """A document that was submitted and could not be proven; people may look if `reviewable`."""

    requirement: str
    attempt: int
    document_type: str
    document_types: list[str]
    holder: Holder
    claims: dict[str, Value] | None = None
    reviewable: bool


class MatchFailed(View):
    """`matcher.match-failed.v2`: documents were submitted and could not be proven."""

    application_id: str
    documents: list[UnprovenSubmission]


class ProvenRequirement(View):
    """A requirement of an application that is proven, by this document of this person."""

    requirement: str
    attempt: int
    document_type: str
    holder: Holder


class MatchSucceeded(View):
    """`matcher.match-succeeded.v2`: requirements of an application are proven."""

    application_id: str
    item: str
    documents: list[ProvenRequirement]


class FieldCheckPassed(View):
    """`review-dispatch.field-check-passed.v1`: a grid officer has confirmed the address of an application."""

    application_id: str
    community: str
    officer: str
    checked_at: datetime
    signed_request: Signed | None = None


class DecisionMade(View):
    """`review-dispatch.decision-made.v1`: an officer has decided an application."""

    application_id: str
    officer: str
    approved: bool
    decided_at: datetime
    signed_request: Signed | None = None


class Approval(View):
    """One person's approval."""

    reviewer: str
    approved_at: datetime
    note: str | None
    signed_request: Signed | None = None


class ReviewApproved(View):
    """`review-dispatch.review-approved.v2`: people approved a document; `approvals` are theirs, in order."""

    task_id: str
    application_id: str
    requirement: str
    attempt: int
    document_type: str
    holder: Holder
    fields: dict[str, Value]
    stated_until: date | None
    evidence_id: str | None = None
    other_than: list[str] | None = None
    approvals: Annotated[list[Approval], Field(min_length=1)]


class DuplicateChecked(View):
    """`review-dispatch.duplicate-checked.v1`: whether a document is `same_as` a held one, or `other_than` them.

    The document is an approval of which nothing is stored yet, or else the stored `credential_id`.
    """

    task_id: str
    credential_id: str | None
    document_type: str
    holder: Holder
    same_as: str | None
    other_than: list[str]
    checked_by: str
    approval: ReviewApproved | None
    signed_request: Signed | None = None


class ReviewApprovedV1(View):
    """`review-dispatch.review-approved.v1`: what it says otherwise than its successor."""

    valid_until: date | None
    reviewer: str
    second_reviewer: str | None
    note: str | None
    approved_at: datetime

    @property
    def approvals(self) -> list[Approval]:
        """Everybody's approval; the only moment that v1 knows is given to both, its only note to the last."""
        last = Approval(reviewer=self.second_reviewer or self.reviewer, approved_at=self.approved_at, note=self.note)
        if self.second_reviewer is None:
            return [last]
        return [Approval(reviewer=self.reviewer, approved_at=self.approved_at, note=None), last]


def approved_since_v1(data: dict[str, Any]) -> dict[str, Any]:
    """Turn the data of a `review-approved.v1` into that of v2. Raises ValidationError for what is not v1 either."""
    older = ReviewApprovedV1.model_validate(data)
    return {**data, "stated_until": older.valid_until, "approvals": older.approvals}


class CorrectionRequested(View):
    """`data-rights.correction-requested.v1`: a resident says which value of which credential is wrong."""

    correction_id: str
    holder: Holder
    document_type: str
    credential_id: str | None
    field: str
    should_say: Value


class CorrectionAnswered(View):
    """`review-dispatch.correction-answered.v1`: a value was wrong, and `value` is right; or it stays (None)."""

    task_id: str
    correction_id: str
    holder: Holder
    document_type: str
    credential_id: str | None
    field: str
    value: Value | None
    officers: list[str]
    explanation: str
    answered_at: datetime
    signed_requests: list[Signed] | None = None


class Grant(View):
    """The credential that an approval grants."""

    document_type: str
    holder: Holder
    fields: dict[str, Value]
    valid_from: date
    valid_until: date | None


class ApplicationApproved(View):
    """`applications.application-approved.v1`: an application was approved and may grant a credential."""

    application_id: str
    item: str
    applicant: Holder
    subject: Holder
    decided_by: str
    decided_at: datetime
    grant: Grant | None


class RecordPublished(View):
    """`<department>.department-record-published`: a record of a department, new or changed; v2 when it is opened."""

    department: Code
    record_id: RecordId
    document_type: Code
    holder_index: Index
    fields: Fields
    valid_from: Day | None
    valid_until: Day | None
    sequence: Sequence


class RecordWithdrawn(View):
    """`<department>.department-record-withdrawn`: a department took a record back; v2 when it is opened."""

    department: Code
    record_id: RecordId
    document_type: Code
    holder_index: Index
    reason: Reason
    sequence: Sequence
