"""Which handler hears which event."""

from __future__ import annotations

from bus.consumer import Subscription
from data_rights.handlers import (
    access_disputes,
    correction_requests,
    erasure_requests,
    export_requests,
    people,
    record_entries,
)
from data_rights.handlers.dependencies import Deps
from data_rights.views import (
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
from runtime.submissions import since_v1
from web.signed_requests import of_clerk

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("identity.id-registered.v1", PersonRegistered, people.learn_person),
    Subscription("identity.guardianship-registered.v1", GuardianshipChanged, of_clerk(people.begin_guardianship)),
    Subscription(
        "identity.guardianship-ended.v1",
        GuardianshipChanged,
        of_clerk(people.end_guardianship, majority=people.majority),
    ),
    Subscription("identity.presence-begun.v1", PresenceBegun, record_entries.record_presence),
    Subscription("identity.data-accessed.v1", DataAccessed, record_entries.record),
    Subscription("applications.data-accessed.v1", DataAccessed, record_entries.record),
    Subscription("matcher.data-accessed.v1", DataAccessed, record_entries.record),
    Subscription("review-dispatch.data-accessed.v1", DataAccessed, record_entries.record),
    Subscription("credential-store.data-accessed.v1", DataAccessed, record_entries.record),
    Subscription("operations.data-accessed.v1", DataAccessed, record_entries.record),
    Subscription(
        "matcher.match-succeeded.v2",
        Matched,
        record_entries.record_match,
        older={"matcher.match-succeeded.v1": since_v1},
    ),
    Subscription(
        "matcher.match-failed.v2",
        NotMatched,
        record_entries.record_mismatch,
        older={"matcher.match-failed.v1": since_v1},
    ),
    Subscription("review-dispatch.dispute-answered.v1", DisputeAnswered, access_disputes.note_answer),
    Subscription("credential-store.credential-stored.v1", CredentialStored, correction_requests.learn_credential),
    Subscription("review-dispatch.correction-answered.v1", CorrectionAnswered, correction_requests.note_answer),
    Subscription("identity.registration-corrected.v1", RegistrationCorrected, correction_requests.note_made),
    Subscription("identity.data-exported.v1", DataExported, export_requests.note_part),
    Subscription("applications.data-exported.v1", DataExported, export_requests.note_part),
    Subscription("matcher.data-exported.v1", DataExported, export_requests.note_part),
    Subscription("review-dispatch.data-exported.v1", DataExported, export_requests.note_part),
    Subscription("credential-store.data-exported.v1", DataExported, export_requests.note_part),
    Subscription("operations.data-exported.v1", DataExported, export_requests.note_part),
    Subscription("identity.erasure-previewed.v1", ErasurePreviewed, erasure_requests.note_preview),
    Subscription("applications.erasure-previewed.v1", ErasurePreviewed, erasure_requests.note_preview),
    Subscription("matcher.erasure-previewed.v1", ErasurePreviewed, erasure_requests.note_preview),
    Subscription("review-dispatch.erasure-previewed.v1", ErasurePreviewed, erasure_requests.note_preview),
    Subscription("operations.erasure-previewed.v1", ErasurePreviewed, erasure_requests.note_preview),
    Subscription("credential-store.erasure-previewed.v1", ErasurePreviewed, erasure_requests.note_preview),
    Subscription("identity.data-erased.v1", DataErased, erasure_requests.note_answer),
    Subscription("applications.data-erased.v1", DataErased, erasure_requests.note_answer),
    Subscription("matcher.data-erased.v1", DataErased, erasure_requests.note_answer),
    Subscription("review-dispatch.data-erased.v1", DataErased, erasure_requests.note_answer),
    Subscription("operations.data-erased.v1", DataErased, erasure_requests.note_answer),
    Subscription("credential-store.data-erased.v1", DataErased, erasure_requests.note_answer),
)
