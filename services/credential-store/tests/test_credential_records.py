"""What departments publish and withdraw: validity, sequences, receipts, and what is wrong with a record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.envelope import BrokenMessageError, decode_event
from credential_office import HANDLERS, INDEX, RECORD, RESIDENT, TYPES, Office, Told, published, registered, withdrawn
from credential_store.domain.credential import CredentialPlace
from credential_store.domain.identifiers import CredentialIds, credential_id, credential_of, identifier
from credential_store.domain.signed import sign
from credential_store.domain.verdict import VerificationRequest, judge
from credential_store.events import CredentialExpired, CredentialRevoked, CredentialStored, RecordAccepted
from credential_store.store.credentials import CredentialDocuments, HeldCredentialDocuments
from standards.bounds import MOST_RECORDS
from testkit.fakes import apply


@pytest.fixture
def office() -> Office:
    return Office()


async def test_a_record_that_has_expired_already_is_stored_as_expired(office: Office) -> None:
    (event,) = await office.hears(published(1, valid_until="2026-11-22"))
    assert isinstance(event, CredentialExpired)
    assert office.holds(RECORD).status == "05"


async def test_a_record_is_valid_on_its_last_day_and_expired_on_the_next(office: Office) -> None:
    await office.hears(published(1, valid_until="2026-11-24"))
    assert await office.lets_time_pass(days=1) == []
    (event,) = await office.lets_time_pass(days=1)
    assert isinstance(event, CredentialExpired)
    assert await office.lets_time_pass(days=1) == []


async def test_what_has_an_id_keeps_it_and_what_is_new_gets_one_that_the_index_does_not_give(office: Office) -> None:
    def keyed(content: bytes) -> str:
        return sha256(b"the key of this store" + content).hexdigest()

    (stored,) = await office.hears(published(1))
    credentials = CredentialDocuments(office.documents)
    office.deps = replace(
        office.deps,
        ids=CredentialIds(keyed),
        credentials=credentials,
        holdings=HeldCredentialDocuments(office.holdings, credentials, keyed),
    )

    (changed,) = await office.hears(published(2, complete=False))
    (new,) = await office.hears(published(1, record_id="vac-2"))
    (again,) = await office.hears(published(2, record_id="vac-2", complete=False))

    assert isinstance(stored, CredentialStored)
    assert isinstance(new, CredentialStored)
    made_of_the_index = credential_id(INDEX, "vaccination-record", "vac-2", "health")
    assert {getattr(each, "credential_id", None) for each in (changed, again)} == {RECORD, new.credential_id}
    assert new.credential_id != made_of_the_index
    assert made_of_the_index.removeprefix("crd_").upper() not in new.identifier
    [holding] = office.holdings.all.values()
    assert set(holding.credentials) == {RECORD, new.credential_id}


async def test_after_a_downtime_everything_that_is_overdue_expires(office: Office) -> None:
    for number in range(5):
        await office.hears(published(1, record_id=f"vac-{number}", valid_until=f"2026-12-{number + 1:02}"))
    assert len(await office.lets_time_pass(days=100)) == 5


async def test_a_withdrawn_record_is_revoked_and_can_be_published_again(office: Office) -> None:
    _, gone, back = await office.hears(published(1), withdrawn(2), published(3))
    assert isinstance(gone, CredentialRevoked)
    assert gone.reason == "entered for the wrong child"
    assert isinstance(back, CredentialStored)
    assert back.identifier.split(".")[-2] == "002"


async def test_a_record_that_is_published_after_its_withdrawal_arrived_is_revoked(office: Office) -> None:
    assert await office.hears(withdrawn(2)) == []
    (event,) = await office.hears(published(1))
    assert isinstance(event, CredentialRevoked)


async def test_a_record_learns_its_resident_when_the_person_registers(office: Office) -> None:
    (event,) = await office.hears(published(1))
    assert isinstance(event, CredentialStored)
    assert event.holder.resident_id is None
    await office.hears(registered())
    assert await office.deps.credentials.index_of(RESIDENT) == INDEX
    assert RECORD in {it.id for it in await office.deps.credentials.of_holder(INDEX)}
    (event,) = await office.hears(published(2, complete=False))
    assert isinstance(event, CredentialStored)
    assert event.holder.resident_id == RESIDENT


@pytest.mark.parametrize(
    ("changes", "reason", "path"),
    [
        ({"document_type": "library-card"}, "unknown-document-type", "/data/document_type"),
        ({"document_type": "bank-account"}, "document-type-not-kept", "/data/document_type"),
        ({"department": "civil"}, "wrong-department", "/data/department"),
    ],
)
async def test_a_department_is_told_what_is_wrong_with_its_record(
    office: Office, changes: dict[str, Any], reason: str, path: str
) -> None:
    with pytest.raises(BrokenMessageError) as caught:
        await office.hears(published(1, **changes))
    assert (caught.value.reason, caught.value.path) == (reason, path)
    assert office.documents.all == {}


@pytest.mark.parametrize(
    ("held", "late", "reason", "rule"),
    [
        ([published(1), published(3)], published(2, complete=False), "older-than-held", "greater than 3"),
        ([published(3)], withdrawn(2), "older-than-held", "greater than 3"),
        ([withdrawn(5)], withdrawn(4), "older-than-held", "greater than 5"),
        ([published(3), withdrawn(5)], withdrawn(4), "older-than-held", "greater than 5"),
        ([published(2)], published(2, complete=False), "sequence-reused", "greater than 2"),
        ([published(2)], withdrawn(2), "sequence-reused", "greater than 2"),
        ([withdrawn(2)], published(2), "sequence-reused", "greater than 2"),
    ],
)
async def test_what_is_older_or_under_a_used_sequence_is_refused_naming_the_one_that_is_held(
    office: Office, held: Sequence[Told], late: Told, reason: str, rule: str
) -> None:
    await office.hears(*held)
    before = dict(office.documents.all)
    with pytest.raises(BrokenMessageError) as caught:
        await office.hears(late)
    assert (caught.value.reason, caught.value.path) == (reason, "/data/sequence")
    assert caught.value.rule.startswith(rule)
    assert office.documents.all == before


async def test_the_same_under_the_same_sequence_is_no_fault_not_even_on_another_day(office: Office) -> None:
    kind, _, data = published(1)
    assert len(await office.hears(published(1))) == 1
    assert await office.hears((kind, 3 * 24 * 60, data)) == []
    assert len(await office.hears(withdrawn(2))) == 1
    assert await office.hears(withdrawn(2)) == []


async def test_who_asks_for_a_receipt_learns_whether_anything_was_new(office: Office) -> None:
    _, stored = await office.hears(published(1), receipt=True)
    (unchanged,) = await office.hears(published(1), receipt=True)
    assert isinstance(stored, RecordAccepted)
    assert isinstance(unchanged, RecordAccepted)
    assert (stored.addressee, stored.record_id, stored.sequence, stored.result) == ("health", "vac-1", 1, "stored")
    assert unchanged.result == "unchanged"
    assert stored.routing_key == "credential-store.record-accepted.v1.health"


async def test_an_older_record_that_an_operator_has_delivered_again_is_ignored(office: Office) -> None:
    await office.hears(published(1), published(2, complete=False))
    assert await office.hears(published(1), redelivered=True) == []


def test_a_thousandth_version_begins_a_new_series() -> None:
    numbering = TYPES.numbering("vaccination-record")
    *_, serial, version, _ = identifier(numbering, RECORD, 1000).split(".")
    assert (serial[-2:], version) == ("G1", "001")
    assert credential_of(serial) == RECORD


async def test_a_record_that_ends_before_it_begins_is_refused_and_nothing_is_stored(office: Office) -> None:
    with pytest.raises(BrokenMessageError) as refused:
        await office.hears(published(1, valid_from="2026-05-01", valid_until="2026-01-01"))

    assert (refused.value.reason, refused.value.path) == ("term-reversed", "/data/valid_until")
    assert not office.documents.all


async def test_a_department_holds_so_many_records_of_one_person_and_no_more(office: Office) -> None:
    for number in range(MOST_RECORDS):
        await office.hears(published(1, record_id=f"vac-{number}"))
    held = dict(office.documents.all)

    for one_more in (published(1, record_id="one-more"), withdrawn(1, record_id="one-more")):
        with pytest.raises(BrokenMessageError) as refused:
            await office.hears(one_more)
        assert (refused.value.reason, refused.value.path) == ("holder-full", "/data/holder_index")
    assert office.documents.all == held
    await office.hears(published(2, complete=False, record_id="vac-0"))
    await office.hears(published(1, record_id="another", holder_index="0" * 64))


async def test_a_record_has_no_more_bytes_than_a_document(office: Office) -> None:
    fields = {"child_name": "李小华", "birth_date": "2020-02-29", "complete": True}
    much = {f"remark_{number}": "九" * 500 for number in range(6)}

    with pytest.raises(BrokenMessageError) as refused:
        await office.hears(published(1, fields={**fields, **much}))

    assert (refused.value.reason, refused.value.path) == ("record-too-large", "/data/fields")


async def test_a_record_that_is_changed_beyond_all_measure_is_refused_before_it_fills_its_document(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credential_store.handlers.departments.LARGEST_HISTORY", 100_000)

    async def changes_without_end() -> None:
        for number in range(1, 1_000):
            await office.hears(published(number, complete=number % 2 == 0))

    with pytest.raises(BrokenMessageError) as refused:
        await changes_without_end()
    assert (refused.value.reason, refused.value.path) == ("record-full", "/data/record_id")
    [kept] = office.documents.all.values()
    assert len(kept.model_dump_json()) <= 100_000


@settings(max_examples=200)
@given(st.none() | st.dates(), st.none() | st.dates(), st.datetimes(timezones=st.just(UTC)))
def test_whatever_the_days_a_record_is_stored_signed_and_shown_or_refused(
    begins: date | None, ends: date | None, at: datetime
) -> None:
    asyncio.run(_told_and_shown(begins, ends, at))


async def _told_and_shown(begins: date | None, ends: date | None, at: datetime) -> None:
    office = Office()
    days: dict[str, Any] = {"valid_from": begins and begins.isoformat(), "valid_until": ends and ends.isoformat()}
    type_, _, data = published(1, **days)
    envelope = {"specversion": "1.0", "id": "e", "source": "/yizheng/health", "correlationid": INDEX}
    body = orjson.dumps({**envelope, "type": type_, "time": at.isoformat(), "data": data})
    subscription = HANDLERS["*.department-record-published.v1"]
    try:
        apply(await subscription.handler(subscription.read(decode_event(body)), office.deps))
    except BrokenMessageError as error:
        assert error.path in {"/time", "/data/valid_from", "/data/valid_until"}  # noqa: PT017 - each is right
        return
    [credential] = office.documents.all.values()
    issue = credential.current
    assert issue is not None
    assert issue.content.valid_until is None or issue.content.valid_from <= issue.content.valid_until
    text = sign(credential, issue, CredentialPlace(list=1, index=1), office.deps.issuer, TYPES, office.clock()).text
    assert judge(text, VerificationRequest(), office.deps.trusted, office.clock()).kind == "credential"
