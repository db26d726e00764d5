"""A value that was wrong is issued anew with the right one; nothing else is changed by an answer."""

from __future__ import annotations

from datetime import date

import pytest

from bus.envelope import BrokenMessageError
from bus.event import NotYet
from credential_office import ID_CARD, RECORD, Office, approved, corrected, granted, published, registered
from credential_store.events import CredentialStored


@pytest.fixture
def office() -> Office:
    return Office()


async def test_a_corrected_value_is_the_next_version_and_the_earlier_one_no_longer_counts(office: Office) -> None:
    (first,) = await office.hears(approved())
    assert isinstance(first, CredentialStored)

    (second,) = await office.hears(corrected(20, first.credential_id))
    again = await office.hears(corrected(20, first.credential_id))

    assert isinstance(second, CredentialStored)
    assert again == []
    assert (second.fields["child_name"], second.fields["certificate_number"]) == ("李小桦", "T440300001")
    assert (second.predecessor, second.sequence) == (first.identifier, 2)
    old, new = office.holds(first.credential_id).issues
    assert old.ended is not None
    assert new.place is not None
    assert office.holds(first.credential_id).history[-1].by == "health-7"


async def test_a_correction_that_is_older_than_what_was_approved_since_changes_nothing(office: Office) -> None:
    (first,) = await office.hears(approved(30))
    assert isinstance(first, CredentialStored)

    assert await office.hears(corrected(20, first.credential_id)) == []


async def test_a_corrected_end_of_the_document_is_the_end_of_its_validity(office: Office) -> None:
    (first,) = await office.hears(granted())
    assert isinstance(first, CredentialStored)

    (second,) = await office.hears(corrected(40, first.credential_id, "2028-08-31", field="term_to"))

    assert isinstance(second, CredentialStored)
    assert (second.fields["term_to"], second.valid_until) == ("2028-08-31", date(2028, 8, 31))


async def test_what_others_vouch_for_what_stays_and_what_has_ended_is_not_corrected_here(office: Office) -> None:
    await office.hears(registered(), published(1))
    card = corrected(50, ID_CARD, field="name")
    assert await office.hears(card, corrected(51, RECORD), corrected(52, None), corrected(53, RECORD, None)) == []


@pytest.mark.parametrize(
    "changes",
    [{"holder": {"resident_id": "res_02", "index": "7c" * 32}}, {"value": 7}, {"value": ["李小桦"]}],
)
async def test_an_answer_about_somebody_else_or_of_another_kind_is_broken(
    office: Office, changes: dict[str, object]
) -> None:
    (first,) = await office.hears(approved())
    assert isinstance(first, CredentialStored)

    with pytest.raises(BrokenMessageError):
        await office.hears(corrected(20, first.credential_id, **changes))


async def test_an_answer_about_a_credential_that_is_not_known_yet_waits(office: Office) -> None:
    with pytest.raises(NotYet):
        await office.hears(corrected(20, "crd_unknown"))
