"""Which handler hears which event."""

from __future__ import annotations

from data_rights.consumed import (
    CorrectionAnswered,
    CredentialStored,
    DataAccessed,
    DataErased,
    DataExported,
    DisputeAnswered,
    ErasurePreviewed,
    GuardianshipChanged,
    Matched,
    NotMatched,
    PersonRegistered,
    PresenceBegun,
    RegistrationCorrected,
)
from data_rights.handlers import correcting, disputing, erasing, exporting, people, recording
from data_rights.handlers.needs import Deps
from messaging.consumer import Subscription

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("identity.id-registered.v1", PersonRegistered, people.learn_person),
    Subscription("identity.guardianship-registered.v1", GuardianshipChanged, people.begin_guardianship),
    Subscription("identity.guardianship-ended.v1", GuardianshipChanged, people.end_guardianship),
    Subscription("identity.presence-begun.v1", PresenceBegun, recording.record_presence),
    Subscription("identity.data-accessed.v1", DataAccessed, recording.record),
    Subscription("applications.data-accessed.v1", DataAccessed, recording.record),
    Subscription("matcher.data-accessed.v1", DataAccessed, recording.record),
    Subscription("review-dispatch.data-accessed.v1", DataAccessed, recording.record),
    Subscription("credential-store.data-accessed.v1", DataAccessed, recording.record),
    Subscription("operations.data-accessed.v1", DataAccessed, recording.record),
    Subscription("matcher.match-succeeded.v1", Matched, recording.record_match),
    Subscription("matcher.match-failed.v1", NotMatched, recording.record_mismatch),
    Subscription("review-dispatch.dispute-answered.v1", DisputeAnswered, disputing.note_answer),
    Subscription("credential-store.credential-stored.v1", CredentialStored, correcting.learn_credential),
    Subscription("review-dispatch.correction-answered.v1", CorrectionAnswered, correcting.note_answer),
    Subscription("identity.registration-corrected.v1", RegistrationCorrected, correcting.note_made),
    Subscription("identity.data-exported.v1", DataExported, exporting.note_part),
    Subscription("applications.data-exported.v1", DataExported, exporting.note_part),
    Subscription("matcher.data-exported.v1", DataExported, exporting.note_part),
    Subscription("review-dispatch.data-exported.v1", DataExported, exporting.note_part),
    Subscription("credential-store.data-exported.v1", DataExported, exporting.note_part),
    Subscription("operations.data-exported.v1", DataExported, exporting.note_part),
    Subscription("identity.erasure-previewed.v1", ErasurePreviewed, erasing.note_preview),
    Subscription("applications.erasure-previewed.v1", ErasurePreviewed, erasing.note_preview),
    Subscription("matcher.erasure-previewed.v1", ErasurePreviewed, erasing.note_preview),
    Subscription("review-dispatch.erasure-previewed.v1", ErasurePreviewed, erasing.note_preview),
    Subscription("operations.erasure-previewed.v1", ErasurePreviewed, erasing.note_preview),
    Subscription("credential-store.erasure-previewed.v1", ErasurePreviewed, erasing.note_preview),
    Subscription("identity.data-erased.v1", DataErased, erasing.note_answer),
    Subscription("applications.data-erased.v1", DataErased, erasing.note_answer),
    Subscription("matcher.data-erased.v1", DataErased, erasing.note_answer),
    Subscription("review-dispatch.data-erased.v1", DataErased, erasing.note_answer),
    Subscription("operations.data-erased.v1", DataErased, erasing.note_answer),
    Subscription("credential-store.data-erased.v1", DataErased, erasing.note_answer),
)
