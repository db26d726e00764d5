"""What departments publish and withdraw: validity, sequences, receipts, and what is wrong with a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from credential_office import INDEX, RECORD, RESIDENT, TYPES, Office, Told, published, registered, withdrawn
from credential_store.domain.identifiers import credential_of, identifier
from credential_store.published import CredentialExpired, CredentialRevoked, CredentialStored, RecordAccepted
from messaging.envelope import BrokenMessageError


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
