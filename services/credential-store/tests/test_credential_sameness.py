"""One document, one valid credential: whoever states it, a new version replaces the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.event import NotYet
from credential_office import INDEX, NOW, Office, Told, approved, granted, published, withdrawn
from credential_store.domain.credential import Credential
from credential_store.domain.status import status_on
from credential_store.events import CredentialRevoked, CredentialStatusChanged, CredentialStored
from runtime.clock import today

TENANCY = "rental-contract-record"
FLAT = {"tenant_name": "李育成", "address": "民治街道梅龙路12号3栋501"}
NUMBER = {"record_number": "LH-2026-1"}


@pytest.fixture
def office() -> Office:
    return Office()


def valid(office: Office, document_type: str = TENANCY) -> list[Credential]:
    day = today(office.clock())
    return [
        each
        for each in office.documents.all.values()
        if each.document_type == document_type and status_on(each, day) == "01"
    ]


def tenancy(minute: int = 20, **changes: object) -> Told:
    said: dict[str, object] = {"fields": NUMBER | FLAT | {"landlord_name": "陈桂英", "term_to": "2027-08-31"}}
    return granted(minute, TENANCY, **said | changes)


def housing(sequence: int = 1, **fields: object) -> Told:
    said: dict[str, object] = {**NUMBER, **FLAT, "term_from": "2026-09-01", "term_to": "2027-08-31", **fields}
    data: dict[str, object] = {
        "department": "housing",
        "record_id": "h-1",
        "document_type": TENANCY,
        "holder_index": INDEX,
        "fields": said,
        "valid_from": None,
        "valid_until": None,
        "sequence": sequence,
    }
    return "housing.department-record-published.v1", 30 + sequence, data


def review(minute: int = 40, document_type: str = TENANCY, **changes: object) -> Told:
    return approved(minute, document_type, **{"fields": dict(FLAT), "task_id": f"task_{minute}"} | changes)


@pytest.mark.parametrize("held", [tenancy(), housing()], ids=["granted", "published"])
@pytest.mark.parametrize(
    "fields", [NUMBER | FLAT, {"record_number": " lh－2026－1 "} | FLAT, FLAT], ids=["number", "written", "none"]
)
async def test_a_tenancy_that_is_held_and_approved_again_is_one_credential_with_a_new_version(
    office: Office, held: Told, fields: dict[str, object]
) -> None:
    [first] = await office.hears(held)
    assert isinstance(first, CredentialStored)
    [told] = await office.hears(review(fields=fields))
    assert isinstance(told, CredentialStored)
    [credential] = valid(office)
    assert (told.credential_id, told.predecessor) == (first.credential_id, first.identifier)
    assert credential.current is not None
    assert credential.current.content.fields["term_to"] == "2027-08-31", "what nobody said anew stays"
    assert credential.issues[0].ended is not None


async def test_what_people_approved_beside_a_held_one_is_that_one_however_it_is_written(office: Office) -> None:
    [first] = await office.hears(tenancy())
    assert isinstance(first, CredentialStored)
    other = FLAT | {"address": "梅龙路拾贰号叁栋五〇一"}
    await office.hears(review(fields=other, evidence_id=first.credential_id))
    [credential] = valid(office)
    assert credential.id == first.credential_id
    assert credential.current is not None
    assert credential.current.content.fields["record_number"] == "LH-2026-1"


async def test_another_tenancy_of_the_same_person_is_a_credential_of_its_own(office: Office) -> None:
    [first] = await office.hears(tenancy())
    assert isinstance(first, CredentialStored)
    elsewhere = {"tenant_name": "李育成", "address": "大浪街道华旺路8号2栋302"}
    await office.hears(
        review(fields=elsewhere | {"record_number": "LH-2026-2"}, evidence_id=first.credential_id),
        review(41, fields=elsewhere | {"record_number": "LH-2026-3"}),
    )
    others = [each.id for each in valid(office)]
    await office.hears(review(42, fields=FLAT | {"address": "大浪街道华旺路9号"}, other_than=others))
    assert len(valid(office)) == 4


async def test_evidence_that_is_not_here_yet_is_waited_for(office: Office) -> None:
    with pytest.raises(NotYet):
        await office.hears(review(evidence_id="crd_unknown"))


async def test_a_department_that_publishes_what_was_approved_replaces_it_and_names_it(office: Office) -> None:
    [first] = await office.hears(review(25, fields=NUMBER | FLAT))
    assert isinstance(first, CredentialStored)
    stored, ended = await office.hears(housing())
    assert isinstance(stored, CredentialStored)
    assert isinstance(ended, CredentialRevoked)
    assert (stored.predecessor, ended.credential_id, ended.reason) == (
        first.identifier,
        first.credential_id,
        "replaced",
    )
    assert [each.id for each in valid(office)] == [stored.credential_id]
    assert await office.hears(housing()) == []


async def test_a_record_that_is_older_than_the_approval_does_not_count_beside_it(office: Office) -> None:
    [first] = await office.hears(review(50, fields=NUMBER | FLAT))
    assert isinstance(first, CredentialStored)
    await office.hears(housing())
    assert [each.id for each in valid(office)] == [first.credential_id]


async def test_of_a_type_of_which_one_has_only_one_the_published_record_and_the_approval_are_one(
    office: Office,
) -> None:
    fields = {"child_name": "李小桦", "birth_date": "2020-02-29", "complete": True}
    await office.hears(published(1), review(40, "vaccination-record", fields=fields))
    [credential] = valid(office, "vaccination-record")
    assert credential.current is not None
    assert credential.current.content.fields == fields
    await office.hears(published(20))
    [credential] = valid(office, "vaccination-record")
    assert credential.current is not None
    assert credential.current.content.origin == "department"


async def test_a_withdrawal_takes_back_what_the_department_published_and_not_what_people_approved(
    office: Office,
) -> None:
    fields = {"child_name": "李小桦", "birth_date": "2020-02-29", "complete": True}
    await office.hears(published(1), review(40, "vaccination-record", fields=fields), withdrawn(15))
    [credential] = valid(office, "vaccination-record")
    assert credential.current is not None
    assert credential.current.content.fields == fields


TELLINGS: Sequence[Told] = (
    tenancy(),
    tenancy(25, valid_until="2028-08-31"),
    review(27, fields=NUMBER | FLAT),
    housing(1),
    housing(2, address="梅龙路12号3栋502"),
    review(28, fields={"record_number": "LH－2026－1"} | FLAT),
    review(60, fields=NUMBER | FLAT | {"address": "梅龙路12号3栋503"}),
)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(TELLINGS), max_size=5).flatmap(lambda more: st.permutations([*TELLINGS, *more])))
def test_in_any_order_and_any_repetition_one_document_is_one_valid_credential_with_the_latest_word(
    told: Sequence[Told],
) -> None:
    office = Office()
    asyncio.run(_all_of(office, told))
    [credential] = valid(office)
    assert credential.current is not None
    assert credential.current.content.fields["address"] == "梅龙路12号3栋503"
    assert credential.current.said.at >= NOW
    last = {
        event.credential_id: event
        for event in office.published
        if isinstance(event, CredentialStored | CredentialStatusChanged)
    }
    assert [id_ for id_, event in last.items() if isinstance(event, CredentialStored)] == [credential.id]


async def _all_of(office: Office, told: Sequence[Told]) -> None:
    await office.hears_or_refuses(*told)
