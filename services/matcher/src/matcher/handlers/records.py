"""What the city mirror and the credential store say: records and credentials, and their ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from bus.event import Event, Outcome, Received, Refused
from matcher.domain.evidence import Evidence, EvidenceContent, EvidenceRecord, Source, Status
from matcher.events import RecordAccepted, RecordRefused
from matcher.handlers.dependencies import Deps, outcome
from matcher.views import CityRecord, CityRecordGone, CredentialGone, StoredCredential
from records import checks, persons, replies

CITY = "city"
AnyCityEvent = Received[CityRecord] | Received[CityRecordGone]

_SOURCE_OF: Mapping[str, Source] = {"department": "department-record"}


def open_city_record(event: Received[persons.EncryptedRecord], deps: Deps) -> Received[CityRecord]:
    """Open a record that came with its person encrypted. Raises BrokenMessageError."""
    return deps.opener.open(event, CityRecord)


def open_city_withdrawal(event: Received[persons.EncryptedWithdrawal], deps: Deps) -> Received[CityRecordGone]:
    """Open a withdrawal that came so. Raises BrokenMessageError."""
    return deps.opener.open(event, CityRecordGone)


async def learn_city_record(event: Received[CityRecord], deps: Deps) -> Outcome[None]:
    """Keep a record of the city mirror, or what has changed in it."""
    return await _hear_city(event, city_record(event.data, event.time), deps)


async def revoke_city_record(event: Received[CityRecordGone], deps: Deps) -> Outcome[None]:
    """Keep a record as revoked, even before it is known itself."""
    said = event.data
    gone = EvidenceRecord(
        keeper="city",
        record_id=said.record_id,
        source="city-mirror",
        document_type=said.document_type,
        status="revoked",
        sequence=said.sequence,
    )
    return await _hear_city(event, gone, deps)


async def answer_city(refused: Refused, deps: Deps) -> Outcome[None]:
    """Tell the city what was wrong with what it sent."""
    return replies.refusal(refused, RecordRefused, {CITY}, deps.clock())


async def learn_credential(event: Received[StoredCredential], deps: Deps) -> Outcome[None]:
    """Keep a credential of the district's store, or what has changed in it."""
    return await _learn(event.data.holder.index, credential_record(event.data, event.time), deps)


async def suspend_credential(event: Received[CredentialGone], deps: Deps) -> Outcome[None]:
    """Keep a credential as suspended."""
    return await _learn(event.data.holder.index, credential_gone(event.data, "suspended"), deps)


async def revoke_credential(event: Received[CredentialGone], deps: Deps) -> Outcome[None]:
    """Keep a credential as revoked."""
    return await _learn(event.data.holder.index, credential_gone(event.data, "revoked"), deps)


async def expire_credential(event: Received[CredentialGone], deps: Deps) -> Outcome[None]:
    """Keep a credential as expired."""
    return await _learn(event.data.holder.index, credential_gone(event.data, "expired"), deps)


def city_record(said: CityRecord, told_at: datetime) -> EvidenceRecord:
    """Turn a record of the city mirror, from an event or a line of a bulk load, into evidence."""
    return EvidenceRecord(
        keeper="city",
        record_id=said.record_id,
        source="city-mirror",
        document_type=said.document_type,
        status="valid",
        sequence=said.sequence,
        content=EvidenceContent(
            fields=said.fields, valid_from=said.valid_from, valid_until=said.valid_until, sequence=said.sequence
        ),
        told_at=told_at.replace(microsecond=0),  # as the store keeps it
    )


def credential_record(said: StoredCredential, told_at: datetime) -> EvidenceRecord:
    """Turn a credential into evidence; its origin tells whether the district or a department vouches for it."""
    return EvidenceRecord(
        keeper="credential-store",
        record_id=said.credential_id,
        source=_SOURCE_OF.get(said.origin, "district-store"),
        document_type=said.document_type,
        status="valid",
        sequence=said.sequence,
        content=EvidenceContent(
            fields=said.fields, valid_from=said.valid_from, valid_until=said.valid_until, sequence=said.sequence
        ),
        told_at=told_at.replace(microsecond=0),  # as the store keeps it
    )


def credential_gone(said: CredentialGone, status: Literal["suspended", "revoked", "expired"]) -> EvidenceRecord:
    """Turn the end of a credential into evidence; its source is known when the credential itself is."""
    gone: Status = status
    return EvidenceRecord(
        keeper="credential-store",
        record_id=said.credential_id,
        source="district-store",
        document_type=said.document_type,
        status=gone,
        sequence=said.sequence,
    )


async def _hear_city(event: AnyCityEvent, news: EvidenceRecord, deps: Deps) -> Outcome[None]:
    """Check what the city says, and keep it. Raises BrokenMessageError for what the city has to be told."""
    checks.check_source(event)
    checks.check_case(event)
    checks.check_known(news.document_type, deps.rules)
    if news.content is not None:
        checks.check_fields(news.document_type, news.content.fields)
        checks.check_term(news.content.valid_from, news.content.valid_until)
    index = event.data.holder_index
    before = await deps.evidence.get(index) or Evidence(id=index)
    held = before.record(news.key)
    if held is None:
        checks.check_room(before.held_by("city"))
    is_news = held is None or checks.is_news(held.is_said_again(news), held.highest, event)
    decided = outcome(before, before.with_record(news) if is_news else before, deps)
    return Outcome(changes=decided.changes, events=[*decided.events, *_receipt(event, is_new=is_news)])


def _receipt(event: AnyCityEvent, *, is_new: bool) -> list[Event]:
    if not event.wants_receipt:
        return []
    result: replies.Result = "stored" if is_new else "unchanged"
    said = event.data
    return [
        RecordAccepted(
            addressee=CITY, event_id=event.id, record_id=said.record_id, sequence=said.sequence, result=result
        )
    ]


async def _learn(index: str, news: EvidenceRecord, deps: Deps) -> Outcome[None]:
    before = await deps.evidence.get(index) or Evidence(id=index)
    return outcome(before, before.with_record(news), deps)
