"""Which handler hears which event."""

from __future__ import annotations

from credential_store.consumed import (
    ApplicationApproved,
    CardRead,
    CorrectionAnswered,
    DecisionMade,
    DuplicateChecked,
    FieldCheckPassed,
    GuardianshipChanged,
    MatchFailed,
    MatchSucceeded,
    PersonHeld,
    RecordPublished,
    RecordWithdrawn,
    ReviewApproved,
    approved_since_v1,
)
from credential_store.handlers import (
    correcting,
    departments,
    district,
    erasing,
    exporting,
    guardianships,
    identity,
    proofs,
    submissions,
)
from credential_store.handlers.needs import Deps
from messaging.consumer import Subscription
from runtime.erasing import ErasurePreviewRequested, ErasureRequested
from runtime.exports import ExportRequested
from runtime.records.persons import DepartmentRecord, DepartmentRecordGone

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("identity.id-registered.v1", CardRead, identity.store_card),
    Subscription("identity.id-updated.v1", CardRead, identity.store_card),
    Subscription("identity.id-suspended.v1", PersonHeld, identity.suspend_card),
    Subscription("identity.id-reinstated.v1", PersonHeld, identity.reinstate_card),
    Subscription("identity.guardianship-registered.v1", GuardianshipChanged, guardianships.begin),
    Subscription("identity.guardianship-ended.v1", GuardianshipChanged, guardianships.end),
    Subscription("matcher.match-failed.v1", MatchFailed, submissions.note),
    Subscription("matcher.match-succeeded.v1", MatchSucceeded, proofs.note_match),
    Subscription("review-dispatch.field-check-passed.v1", FieldCheckPassed, proofs.note_check),
    Subscription("review-dispatch.decision-made.v1", DecisionMade, proofs.note_decision),
    Subscription(
        "review-dispatch.review-approved.v2",
        ReviewApproved,
        district.store_approved,
        older={"review-dispatch.review-approved.v1": approved_since_v1},
    ),
    Subscription("review-dispatch.duplicate-checked.v1", DuplicateChecked, district.note_check),
    Subscription("applications.application-approved.v1", ApplicationApproved, district.store_granted),
    Subscription("review-dispatch.correction-answered.v1", CorrectionAnswered, correcting.correct),
    Subscription(
        "*.department-record-published.v1",
        RecordPublished,
        departments.store_record,
        refused=departments.answer_sender,
    ),
    Subscription(
        "*.department-record-withdrawn.v1",
        RecordWithdrawn,
        departments.withdraw_record,
        refused=departments.answer_sender,
    ),
    Subscription(
        "*.department-record-published.v2",
        DepartmentRecord,
        departments.store_record,
        refused=departments.answer_sender,
        opened=departments.open_record,
    ),
    Subscription(
        "*.department-record-withdrawn.v2",
        DepartmentRecordGone,
        departments.withdraw_record,
        refused=departments.answer_sender,
        opened=departments.open_withdrawal,
    ),
    Subscription("data-rights.export-requested.v1", ExportRequested, exporting.export, once=True),
    Subscription("data-rights.erasure-preview-requested.v1", ErasurePreviewRequested, erasing.preview, once=True),
    Subscription("data-rights.erasure-requested.v1", ErasureRequested, erasing.erase, once=True),
)
