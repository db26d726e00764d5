"""Which handler hears which event."""

from __future__ import annotations

from bus.consumer import Subscription
from credential_store.events import DataErased, DataExported, ErasurePreviewed
from credential_store.handlers import (
    corrections,
    data_export,
    departments,
    district,
    guardianships,
    identity,
    proofs,
    submissions,
)
from credential_store.handlers.dependencies import Deps
from credential_store.views import (
    ApplicationApproved,
    CardRead,
    CorrectionAnswered,
    CorrectionRequested,
    DecisionMade,
    DuplicateChecked,
    FieldCheckPassed,
    MatchFailed,
    MatchSucceeded,
    RecordPublished,
    RecordWithdrawn,
    ReviewApproved,
    SuspensionChanged,
    approved_since_v1,
)
from privacy import erasure, exports
from privacy.guardianships import GuardianshipNews, begin, end
from records.persons import DepartmentRecord, DepartmentRecordGone
from runtime.submissions import since_v1
from web.signed_requests import of_clerk

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("identity.id-registered.v1", CardRead, identity.store_card),
    Subscription("identity.id-updated.v1", CardRead, identity.store_card),
    Subscription("identity.id-suspended.v1", SuspensionChanged, of_clerk(identity.suspend_card)),
    Subscription("identity.id-reinstated.v1", SuspensionChanged, of_clerk(identity.reinstate_card)),
    Subscription("identity.guardianship-registered.v1", GuardianshipNews, of_clerk(begin)),
    Subscription(
        "identity.guardianship-ended.v1",
        GuardianshipNews,
        of_clerk(end, majority=guardianships.majority),
    ),
    Subscription(
        "matcher.match-failed.v2",
        MatchFailed,
        submissions.note,
        older={"matcher.match-failed.v1": since_v1},
    ),
    Subscription(
        "matcher.match-succeeded.v2",
        MatchSucceeded,
        proofs.note_match,
        older={"matcher.match-succeeded.v1": since_v1},
    ),
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
    Subscription("data-rights.correction-requested.v1", CorrectionRequested, corrections.note_request),
    Subscription("review-dispatch.correction-answered.v1", CorrectionAnswered, corrections.correct),
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
    exports.subscription(DataExported, data_export.gather),
    *erasure.subscriptions(ErasurePreviewed, DataErased),
)
