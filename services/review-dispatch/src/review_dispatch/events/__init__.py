"""The events that review-dispatch owns: who was asked, by when, and what people decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bus.event import PERSONAL, Event
from privacy import access_log, erasure, exports
from review_dispatch.events.parts import (
    ApplicationId,
    Approval,
    Attempt,
    CheckedAt,
    Community,
    Department,
    DocumentType,
    Explanation,
    Fields,
    Holder,
    Item,
    MaybeRequirement,
    MaybeWritten,
    NamedField,
    Officer,
    Part,
    Reasoned,
    RequirementKey,
    ReviewedDocument,
    Reviewer,
    Slot,
    StatedUntil,
    TaskId,
    TaskSequence,
    Value,
    WorkKind,
    Written,
)
from web.signed_requests import MaybeSigned, SignedByEach


class ReviewRequested(ReviewedDocument, Event):
    """A document that failed to match was sent to `department`, to be reviewed by the end of `due_on`."""

    type: ClassVar[str] = "review-dispatch.review-requested.v1"
    due_on: Annotated[date, Field(description="The last day for it")]


class ApprovedDocument(Part):
    """Which document people approved, and the values in it."""

    task_id: TaskId
    application_id: ApplicationId
    item: Item
    requirement: RequirementKey
    attempt: Attempt
    document_type: DocumentType
    department: Department
    holder: Annotated[Holder, Field(description="Whose document it is")]
    fields: Fields


class ReviewApproved(ApprovedDocument, Event):
    """People looked and approved the document; it goes into the credential store.

    `approvals` are everybody's, in order: one, or two for document types that ask for two people. `stated_until` is the
    end of validity that they read in the document; null says that it states none, not that it has none.
    """

    type: ClassVar[str] = "review-dispatch.review-approved.v2"
    stated_until: StatedUntil
    evidence_id: Annotated[
        str | None,
        Field(description="The held credential that the document is, unless its own number says otherwise; null: none"),
    ] = None
    other_than: Annotated[
        list[str] | None,
        Field(description="Held credentials that the document is not, by who approved it; null: not said"),
    ] = None
    approvals: Annotated[list[Approval], Field(min_length=1, description="Who approved, in order")]


class WaitingApproval(ApprovedDocument):
    """An approval that waited for the answer, as it was told."""

    stated_until: StatedUntil
    approvals: Annotated[list[Approval], Field(min_length=1, description="Who approved, in order")]


class DuplicateChecked(Event):
    """A person told whether a document is one that is held already: `same_as` it, or none of `other_than`.

    Of an approval (`approval`) nothing was stored until now; anything else is stored as `credential_id`.
    """

    type: ClassVar[str] = "review-dispatch.duplicate-checked.v1"
    task_id: TaskId
    document_type: DocumentType
    holder: Annotated[Holder, Field(description="Whose document it is")]
    credential_id: Annotated[str | None, Field(description="The credential that it is stored as; null: not yet")]
    same_as: Annotated[str | None, Field(description="The held credential that it is; null: none of them")]
    other_than: Annotated[list[str], Field(description="The held credentials that it is not")]
    checked_by: Annotated[str, Field(description="Who told, by the account")]
    checked_at: Annotated[datetime, Field(description="When that was")]
    approval: Annotated[WaitingApproval | None, Field(description="The approval that waited; null: none did")]
    signed_request: MaybeSigned = None


class ReviewApprovedV1(ApprovedDocument, Event):
    """A person looked and approved the document; it goes into the credential store.

    `fields` are the values that were approved. `valid_until` is set where the reviewer read a term from the document.
    `second_reviewer` is set for document types that ask for two people.
    """

    type: ClassVar[str] = "review-dispatch.review-approved.v1"
    valid_until: Annotated[
        date | None,
        Field(description="The end that the reviewer read; null: none was read", json_schema_extra=PERSONAL),
    ]
    reviewer: Annotated[str, Field(description="Who approved first, by the account")]
    second_reviewer: Annotated[str | None, Field(description="Who approved second; null: one person sufficed")]
    note: Annotated[
        str | None, Field(description="What the last of them wrote, else the first", json_schema_extra=PERSONAL)
    ]
    approved_at: Annotated[datetime, Field(description="When the last of them approved")]
    signed_requests: SignedByEach = None


class ReviewRejected(ReviewedDocument, Reasoned, Event):
    """A person looked and did not accept the document."""

    type: ClassVar[str] = "review-dispatch.review-rejected.v1"
    reviewer: Reviewer
    reason: Written
    fields: Annotated[list[NamedField] | None, Field(description="What it is about; null: not said")] = None
    rejected_at: Annotated[datetime, Field(description="When it was rejected")]
    signed_request: MaybeSigned = None


class ReviewReturned(ReviewedDocument, Reasoned, Event):
    """The applicant is asked to correct `field`; `message` says how."""

    type: ClassVar[str] = "review-dispatch.review-returned.v1"
    reviewer: Reviewer
    field: Annotated[str, Field(description="What is to be corrected: a field of the document, or `scans`")]
    form_field: Annotated[
        str | None, Field(description="The form's own field that it is answered in; null: none, or not known")
    ] = None
    message: Written
    returned_at: Annotated[datetime, Field(description="When it was returned")]
    signed_request: MaybeSigned = None


class ReviewEscalated(Event):
    """A task of any kind was not done by its deadline and now belongs to `escalated_to`, until the new `due_on`."""

    type: ClassVar[str] = "review-dispatch.review-escalated.v1"
    task_id: TaskId
    kind: WorkKind
    application_id: ApplicationId
    requirement: MaybeRequirement
    department: Annotated[str, Field(description="Code of the department that had it")]
    escalated_to: Annotated[str, Field(description="Code of the department that has it now")]
    was_due_on: Annotated[date, Field(description="The deadline that passed")]
    due_on: Annotated[date, Field(description="The new deadline")]


class FieldCheckPassed(Reasoned, Event):
    """The grid officer looked at the address and confirmed it."""

    type: ClassVar[str] = "review-dispatch.field-check-passed.v1"
    task_id: TaskId
    application_id: ApplicationId
    community: Community
    officer: Officer
    note: MaybeWritten
    checked_at: CheckedAt
    signed_request: MaybeSigned = None


class FieldCheckFailed(Reasoned, Event):
    """The grid officer could not confirm the address."""

    type: ClassVar[str] = "review-dispatch.field-check-failed.v1"
    task_id: TaskId
    application_id: ApplicationId
    community: Community
    officer: Officer
    reason: Written
    checked_at: CheckedAt
    signed_request: MaybeSigned = None


class VisitArranged(Event):
    """What officer and applicant have agreed on for the visit at the door, and who moved last.

    `offered`: any of these can be chosen · `proposed`: the applicant would like `slot` · `agreed`: the officer comes in
    `slot` · `declined`: called off, with a reason. `sequence` counts up with every change of the task.
    """

    type: ClassVar[str] = "review-dispatch.visit-arranged.v1"
    task_id: TaskId
    application_id: ApplicationId
    state: Annotated[
        Literal["offered", "proposed", "agreed", "declined"], Field(description="Where the arrangement stands")
    ]
    by: Annotated[Literal["officer", "applicant"], Field(description="Who moved")]
    offered: Annotated[
        list[Slot], Field(description="The slots that can be chosen, in order", json_schema_extra=PERSONAL)
    ]
    slot: Annotated[
        Slot | None, Field(description="What is proposed or agreed; null: nothing", json_schema_extra=PERSONAL)
    ]
    reason: Annotated[
        str | None, Field(description="Why it was called off; null: it was not", json_schema_extra=PERSONAL)
    ]
    arranged_at: Annotated[datetime, Field(description="When that was")]
    sequence: TaskSequence


class TaskClaimed(Event):
    """Somebody took a task in hand: from now on only this person decides it, and may see what it is about.

    `sequence` counts up with every change of the task; only the newest says who has it.
    """

    type: ClassVar[str] = "review-dispatch.task-claimed.v1"
    task_id: TaskId
    kind: WorkKind
    application_id: ApplicationId
    requirement: MaybeRequirement
    department: Annotated[str, Field(description="Code of the department whose task it is now")]
    claimed_by: Annotated[str, Field(description="Who has it, by the account")]
    claimed_at: Annotated[datetime, Field(description="Since when")]
    taken_from: Annotated[
        str | None, Field(description="Who had it until then and has it no longer, by the account; null: nobody")
    ] = None
    sequence: TaskSequence


class TaskReleased(Event):
    """Whoever had a task in hand has it no longer, for whatever reason: nobody does until it is claimed again."""

    type: ClassVar[str] = "review-dispatch.task-released.v1"
    task_id: TaskId
    kind: WorkKind
    application_id: ApplicationId
    requirement: MaybeRequirement
    claimed_by: Annotated[str, Field(description="Who had it, by the account")]
    because: Annotated[
        Literal["released", "first-approval", "decided", "cancelled", "escalated"],
        Field(description="Given back, waiting for a second reviewer, decided, void, or overdue"),
    ]
    released_at: Annotated[datetime, Field(description="When that was")]
    sequence: TaskSequence


class DecisionMade(Reasoned, Event):
    """An officer of the department decided the application."""

    type: ClassVar[str] = "review-dispatch.decision-made.v1"
    task_id: TaskId
    application_id: ApplicationId
    department: Annotated[str, Field(description="Code of the department that decided")]
    officer: Officer
    approved: Annotated[bool, Field(description="Yes or no")]
    reason: MaybeWritten
    decided_at: Annotated[datetime, Field(description="When it was decided")]
    signed_request: MaybeSigned = None


class DataAccessed(access_log.DataAccessed):
    """Somebody who works on a task saw, or decided on, what it says of a resident."""

    type: ClassVar[str] = "review-dispatch.data-accessed.v1"


class DisputeAnswered(Event):
    """A department explains a look at somebody's data that the person disputed."""

    type: ClassVar[str] = "review-dispatch.dispute-answered.v1"
    dispute_id: Annotated[str, Field(description="The dispute, as data-rights named it")]
    task_id: TaskId
    department: Annotated[str, Field(description="Code of the department that answers")]
    officer: Officer
    explanation: Explanation
    answered_at: Annotated[datetime, Field(description="When it was answered")]


class CorrectionAnswered(Event):
    """A department answers a resident who says that a value is wrong: it was, and `value` is right; or it stays.

    Of a credential that the district approved or granted the credential store issues the next version. What a
    department's own system keeps it publishes again itself, and the registration changes at a window.
    """

    type: ClassVar[str] = "review-dispatch.correction-answered.v1"
    correction_id: Annotated[str, Field(description="The request, as data-rights named it")]
    task_id: TaskId
    holder: Annotated[Holder, Field(description="Whose data it is")]
    document_type: Annotated[str, Field(description="The document type; `registration`: the registration itself")]
    credential_id: Annotated[str | None, Field(description="The credential, the same for all its versions; null: none")]
    field: Annotated[str, Field(description="The field, by its name in the document type")]
    result: Annotated[Literal["corrected", "refused"], Field(description="Whether the value was wrong")]
    value: Annotated[
        Value | None, Field(description="What is right; null: the value stays", json_schema_extra=PERSONAL)
    ]
    department: Annotated[str, Field(description="Code of the department that answers")]
    officers: Annotated[list[str], Field(min_length=1, description="Who answered, by the account, in order")]
    explanation: Explanation
    answered_at: Annotated[datetime, Field(description="When it was answered")]
    signed_requests: SignedByEach = None


class DataExported(exports.DataExported):
    """What review-dispatch holds of a resident: the tasks that were about them."""

    type: ClassVar[str] = "review-dispatch.data-exported.v1"


class DataErased(erasure.DataErased):
    """What review-dispatch has erased of what it held of a resident, and what stays."""

    type: ClassVar[str] = "review-dispatch.data-erased.v1"


class ErasurePreviewed(erasure.ErasurePreviewed):
    """Which tasks would go with their applications, and what would stay."""

    type: ClassVar[str] = "review-dispatch.erasure-previewed.v1"
