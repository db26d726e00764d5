"""The table: which handler hears which event, and as what."""

from __future__ import annotations

from applications import consumed
from applications.handlers import answers, credentials, erasing, exporting, hands, people, review_switches
from applications.handlers.needs import Deps
from messaging.consumer import Subscription
from runtime import presences
from runtime.erasing import ErasurePreviewRequested, ErasureRequested
from runtime.exports import ExportRequested

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("identity.id-registered.v1", consumed.IdRegistered, people.learn_resident),
    Subscription("identity.id-updated.v1", consumed.IdUpdated, people.renew_resident),
    Subscription("identity.id-suspended.v1", consumed.IdStanding, people.suspend_resident),
    Subscription("identity.id-reinstated.v1", consumed.IdStanding, people.reinstate_resident),
    Subscription("identity.guardianship-registered.v1", consumed.GuardianshipChanged, people.begin_guardianship),
    Subscription("identity.guardianship-ended.v1", consumed.GuardianshipChanged, people.end_guardianship),
    Subscription("identity.presence-begun.v1", presences.PresenceBegun, presences.note_begun),
    Subscription("identity.presence-ended.v1", presences.PresenceEnded, presences.note_ended),
    Subscription("matcher.holdings-changed.v1", consumed.HoldingsChanged, people.learn_holdings),
    Subscription("matcher.match-succeeded.v1", consumed.MatchSucceeded, answers.note_match),
    Subscription("matcher.match-failed.v1", consumed.MatchFailed, answers.note_mismatch),
    Subscription("review-dispatch.review-requested.v1", consumed.ReviewRequested, answers.note_review_requested),
    Subscription("review-dispatch.review-approved.v1", consumed.ReviewApproved, answers.note_review_approved),
    Subscription("review-dispatch.review-rejected.v1", consumed.ReviewRejected, answers.note_review_rejected),
    Subscription("review-dispatch.review-returned.v1", consumed.ReviewReturned, answers.note_review_returned),
    Subscription("review-dispatch.review-escalated.v1", consumed.ReviewEscalated, answers.note_escalation),
    Subscription("review-dispatch.visit-arranged.v1", consumed.VisitArranged, answers.note_visit),
    Subscription("review-dispatch.field-check-passed.v1", consumed.FieldCheckPassed, answers.note_check_passed),
    Subscription("review-dispatch.field-check-failed.v1", consumed.FieldCheckFailed, answers.note_check_failed),
    Subscription("review-dispatch.decision-made.v1", consumed.DecisionMade, answers.note_decision),
    Subscription("review-dispatch.task-claimed.v1", consumed.TaskClaimed, hands.note_claimed),
    Subscription("review-dispatch.task-released.v1", consumed.TaskReleased, hands.note_released),
    Subscription("credential-store.credential-stored.v1", consumed.CredentialStored, credentials.link_credential),
    Subscription("credential-store.credential-suspended.v1", consumed.CredentialEnded, credentials.note_suspended),
    Subscription("credential-store.credential-revoked.v1", consumed.CredentialEnded, credentials.note_revoked),
    Subscription("credential-store.credential-expired.v1", consumed.CredentialEnded, credentials.note_expired),
    Subscription("data-rights.correction-requested.v1", consumed.CorrectionRequested, review_switches.note_dispute),
    Subscription("review-dispatch.correction-answered.v1", consumed.CorrectionAnswered, review_switches.note_answer),
    Subscription("data-rights.export-requested.v1", ExportRequested, exporting.export, once=True),
    Subscription("data-rights.erasure-preview-requested.v1", ErasurePreviewRequested, erasing.preview, once=True),
    Subscription("data-rights.erasure-requested.v1", ErasureRequested, erasing.erase, once=True),
)
