"""Which handler hears which event."""

from __future__ import annotations

from bus.consumer import Subscription
from matcher.events import DataErased, DataExported, ErasurePreviewed
from matcher.handlers import data_export, document_match, guardianships, items, people, records
from matcher.handlers.dependencies import Deps
from matcher.views import (
    CityRecord,
    CityRecordGone,
    CredentialGone,
    DocumentSubmitted,
    ItemPublished,
    PersonKnown,
    StoredCredential,
    SuspensionChanged,
)
from privacy import erasure, exports
from privacy.guardianships import GuardianshipNews, begin, end
from records.persons import EncryptedRecord, EncryptedWithdrawal
from runtime.submissions import since_v1
from web import presences
from web.signed_requests import of_clerk

SUBSCRIPTIONS: tuple[Subscription[Deps], ...] = (
    Subscription(
        "applications.document-submitted.v2",
        DocumentSubmitted,
        document_match.match_documents,
        older={"applications.document-submitted.v1": since_v1},
    ),
    Subscription("matcher.match-postponed.v1", DocumentSubmitted, document_match.match_documents),
    Subscription("applications.item-published.v1", ItemPublished, items.learn_item),
    Subscription("identity.id-registered.v1", PersonKnown, people.learn_person),
    Subscription("identity.id-updated.v1", PersonKnown, people.learn_person),
    Subscription("identity.id-suspended.v1", SuspensionChanged, of_clerk(people.suspend_person)),
    Subscription("identity.id-reinstated.v1", SuspensionChanged, of_clerk(people.reinstate_person)),
    Subscription("identity.guardianship-registered.v1", GuardianshipNews, of_clerk(begin)),
    Subscription(
        "identity.guardianship-ended.v1",
        GuardianshipNews,
        of_clerk(end, majority=guardianships.majority),
    ),
    Subscription("identity.presence-begun.v1", presences.PresenceBegun, presences.note_begun),
    Subscription("identity.presence-ended.v1", presences.PresenceEnded, presences.note_ended),
    Subscription("credential-store.credential-stored.v1", StoredCredential, records.learn_credential),
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
    exports.subscription(DataExported, data_export.gather),
    *erasure.subscriptions(ErasurePreviewed, DataErased),
)
