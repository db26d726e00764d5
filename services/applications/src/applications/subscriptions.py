"""The table: which handler hears which event, and as what."""

from __future__ import annotations

from applications import views
from applications.events import DataErased, DataExported, ErasurePreviewed
from applications.handlers import answers, credentials, data_export, people, review_switches, task_claims
from applications.handlers.dependencies import Deps
from bus.consumer import Subscription
from privacy import erasure, exports
from runtime.submissions import since_v1
from web import presences
from web.signed_requests import of_clerk

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("identity.id-registered.v1", views.IdRegistered, people.learn_resident),
    Subscription("identity.id-updated.v1", views.IdUpdated, people.renew_resident),
    Subscription("identity.id-suspended.v1", views.SuspensionChanged, of_clerk(people.suspend_resident)),
    Subscription("identity.id-reinstated.v1", views.SuspensionChanged, of_clerk(people.reinstate_resident)),
    Subscription("identity.guardianship-registered.v1", views.GuardianshipChanged, of_clerk(people.begin_guardianship)),
    Subscription(
        "identity.guardianship-ended.v1",
        views.GuardianshipChanged,
        of_clerk(people.end_guardianship, majority=people.majority),
    ),
    Subscription("identity.presence-begun.v1", presences.PresenceBegun, presences.note_begun),
    Subscription("identity.presence-ended.v1", presences.PresenceEnded, presences.note_ended),
    Subscription("matcher.holdings-changed.v1", views.HoldingsChanged, people.learn_holdings),
    Subscription(
        "matcher.match-succeeded.v2",
        views.MatchSucceeded,
        answers.note_match,
        older={"matcher.match-succeeded.v1": since_v1},
    ),
    Subscription(
        "matcher.match-failed.v2",
        views.MatchFailed,
        answers.note_mismatch,
        older={"matcher.match-failed.v1": since_v1},
    ),
    Subscription("review-dispatch.review-requested.v1", views.ReviewRequested, answers.note_review_requested),
    Subscription("review-dispatch.review-approved.v1", views.ReviewApproved, answers.note_review_approved),
    Subscription("review-dispatch.review-rejected.v1", views.ReviewRejected, answers.note_review_rejected),
    Subscription("review-dispatch.review-returned.v1", views.ReviewReturned, answers.note_review_returned),
    Subscription("review-dispatch.review-escalated.v1", views.ReviewEscalated, answers.note_escalation),
    Subscription("review-dispatch.visit-arranged.v1", views.VisitArranged, answers.note_visit),
    Subscription("review-dispatch.field-check-passed.v1", views.FieldCheckPassed, answers.note_check_passed),
    Subscription("review-dispatch.field-check-failed.v1", views.FieldCheckFailed, answers.note_check_failed),
    Subscription("review-dispatch.decision-made.v1", views.DecisionMade, answers.note_decision),
    Subscription("review-dispatch.task-claimed.v1", views.TaskClaimed, task_claims.note_claimed),
    Subscription("review-dispatch.task-released.v1", views.TaskReleased, task_claims.note_released),
    Subscription("credential-store.credential-stored.v1", views.CredentialStored, credentials.link_credential),
    Subscription("credential-store.credential-suspended.v1", views.CredentialEnded, credentials.note_suspended),
    Subscription("credential-store.credential-revoked.v1", views.CredentialEnded, credentials.note_revoked),
    Subscription("credential-store.credential-expired.v1", views.CredentialEnded, credentials.note_expired),
    Subscription("data-rights.correction-requested.v1", views.CorrectionRequested, review_switches.note_dispute),
    Subscription("review-dispatch.correction-answered.v1", views.CorrectionAnswered, review_switches.note_answer),
    exports.subscription(DataExported, data_export.gather),
    *erasure.subscriptions(ErasurePreviewed, DataErased),
)
