"""Which handler hears which event."""

from __future__ import annotations

from matcher.consumed import (
    CityRecord,
    CityRecordGone,
    Credential,
    CredentialGone,
    DocumentSubmitted,
    GuardianshipChanged,
    ItemPublished,
    PersonHeldUp,
    PersonKnown,
)
from matcher.handlers import erasing, exporting, guardianships, items, matching, people, records
from matcher.handlers.needs import Deps
from messaging.consumer import Subscription
from runtime import presences
from runtime.erasing import ErasurePreviewRequested, ErasureRequested
from runtime.exports import ExportRequested
from runtime.records.persons import EncryptedRecord, EncryptedWithdrawal

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription("applications.document-submitted.v1", DocumentSubmitted, matching.match_document),
    Subscription("applications.item-published.v1", ItemPublished, items.learn_item),
    Subscription("identity.id-registered.v1", PersonKnown, people.learn_person),
    Subscription("identity.id-updated.v1", PersonKnown, people.learn_person),
    Subscription("identity.id-suspended.v1", PersonHeldUp, people.suspend_person),
    Subscription("identity.id-reinstated.v1", PersonHeldUp, people.reinstate_person),
    Subscription("identity.guardianship-registered.v1", GuardianshipChanged, guardianships.begin),
    Subscription("identity.guardianship-ended.v1", GuardianshipChanged, guardianships.end),
    Subscription("identity.presence-begun.v1", presences.PresenceBegun, presences.note_begun),
    Subscription("identity.presence-ended.v1", presences.PresenceEnded, presences.note_ended),
    Subscription("credential-store.credential-stored.v1", Credential, records.learn_credential),
    Subscription("credential-store.credential-suspended.v1", CredentialGone, records.suspend_credential),
    Subscription("credential-store.credential-revoked.v1", CredentialGone, records.revoke_credential),
    Subscription("credential-store.credential-expired.v1", CredentialGone, records.expire_credential),
    Subscription("city.city-record-published.v1", CityRecord, records.learn_city_record, refused=records.answer_city),
    Subscription(
        "city.city-record-withdrawn.v1", CityRecordGone, records.revoke_city_record, refused=records.answer_city
    ),
    Subscription(
        "city.city-record-published.v2",
        EncryptedRecord,
        records.learn_city_record,
        refused=records.answer_city,
        opened=records.open_city_record,
    ),
    Subscription(
        "city.city-record-withdrawn.v2",
        EncryptedWithdrawal,
        records.revoke_city_record,
        refused=records.answer_city,
        opened=records.open_city_withdrawal,
    ),
    Subscription("data-rights.export-requested.v1", ExportRequested, exporting.export, once=True),
    Subscription("data-rights.erasure-preview-requested.v1", ErasurePreviewRequested, erasing.preview, once=True),
    Subscription("data-rights.erasure-requested.v1", ErasureRequested, erasing.erase, once=True),
)
