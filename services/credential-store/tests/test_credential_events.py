"""What a registration, an approval by a person and a grant become in the store."""

from __future__ import annotations

import pytest

from credential_office import ID_CARD, INDEX, RESIDENT, Office, approved, granted, held, registered
from credential_store.events import CredentialStored, CredentialSuspended


@pytest.fixture
def office() -> Office:
    return Office()


async def test_the_identity_card_is_the_first_credential(office: Office) -> None:
    (event,) = await office.hears(registered())
    assert isinstance(event, CredentialStored)
    assert event.identifier.startswith("1.2.156.3005.2.11100000000013004C001.11440309000070017M.")
    assert event.identifier.split(".")[-2] == "001"
    assert event.fields == {"number": INDEX, "name": "李育成", "birth_date": "1990-01-01"}
    assert (event.origin, event.predecessor, event.sequence) == ("identity", None, 1)
    assert event.holder.resident_id == RESIDENT


async def test_a_renewed_card_is_the_next_version_and_names_its_predecessor(office: Office) -> None:
    renewal = registered(5, "updated", valid_until="2046-03-01", sequence=2)
    first, second = await office.hears(registered(), renewal)
    assert isinstance(first, CredentialStored)
    assert isinstance(second, CredentialStored)
    assert second.credential_id == first.credential_id
    assert second.predecessor == first.identifier
    assert second.identifier.split(".")[-2] == "002"
    assert office.holds(ID_CARD).issues[0].ended is not None


async def test_a_card_that_is_read_again_unchanged_makes_no_new_version(office: Office) -> None:
    await office.hears(registered())
    assert await office.hears(registered(5, sequence=2)) == []
    assert len(office.holds(ID_CARD).issues) == 1


async def test_a_suspended_persons_card_is_suspended_until_reinstated(office: Office) -> None:
    _, gone, back = await office.hears(registered(), held(1, "suspended", 2), held(2, "reinstated", 3))
    assert isinstance(gone, CredentialSuspended)
    assert gone.reason == "suspended by the police"
    assert isinstance(back, CredentialStored)
    assert back.sequence == 3


async def test_a_suspension_that_arrives_before_the_card_holds(office: Office) -> None:
    (event,) = await office.hears(held(1, "suspended", 2), registered())
    assert isinstance(event, CredentialSuspended)


async def test_what_a_person_approved_is_stored_for_as_long_as_such_an_approval_lasts(office: Office) -> None:
    fields = {"name": "李育成", "account_number": "6222"}
    (event,) = await office.hears(approved(document_type="bank-account", fields=fields))
    assert isinstance(event, CredentialStored)
    assert (event.origin, event.application_id) == ("review", "app_1")
    assert str(event.valid_from) == "2026-11-23"
    assert str(event.valid_until) == "2027-11-23"


async def test_the_same_approval_twice_is_one_credential(office: Office) -> None:
    assert len(await office.hears(approved(), approved())) == 1
    assert len(office.documents.all) == 1


async def test_a_later_approval_replaces_the_earlier_one_and_never_the_other_way_round(office: Office) -> None:
    later = approved(15, fields={"child_name": "李晓华", "certificate_number": "T440300001"})
    assert len(await office.hears(later, approved(10))) == 1


async def test_what_is_granted_is_stored(office: Office) -> None:
    (event,) = await office.hears(granted())
    assert isinstance(event, CredentialStored)
    assert (event.origin, event.application_id, str(event.valid_until)) == ("grant", "app_20", "2027-08-31")


async def test_an_approval_that_grants_nothing_stores_nothing(office: Office) -> None:
    kind, minute, data = granted()
    assert await office.hears((kind, minute, data | {"grant": None})) == []


async def test_a_holder_can_have_several_tenancies_but_one_senior_card(office: Office) -> None:
    other = {"record_number": "LH-2026-2", "tenant_name": "李育成", "term_to": "2027-08-31"}
    await office.hears(granted(), granted(21, fields=other))
    assert len(office.documents.all) == 2
    for minute in (22, 23):
        await office.hears(granted(minute, "senior-card", fields={"name": "李育成"}, valid_until=None))
    assert len(office.documents.all) == 3
