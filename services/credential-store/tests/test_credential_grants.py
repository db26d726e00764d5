"""Applications alone, or whoever has its key, can grant nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bus.envelope import BrokenMessageError
from bus.event import NotYet
from credential_office import (
    CHILD,
    GRANTS,
    HOLDER,
    ITEM_OF,
    NOW,
    PEOPLE,
    Office,
    Told,
    approved,
    granted,
    held,
    proofs_of,
    proven,
    registered,
)
from credential_store.handlers.guardianships import majority

TYPES = sorted(ITEM_OF)
OTHER = {"resident_id": "res_09", "index": "6e" * 32}


def asked(document_type: str, **changes: object) -> Told:
    """Return what applications says of an application that grants this, to whom its item grants it."""
    rule = GRANTS.items[ITEM_OF[document_type]]
    kind, minute, data = granted(20, document_type, holder=PEOPLE[rule.to], fields={"name": "李育成"})
    is_for = CHILD if rule.to == "subject" else HOLDER
    return kind, minute, data | {"applicant": HOLDER, "subject": is_for} | changes


def guardianship() -> Told:
    people = {"guardian_id": HOLDER["resident_id"], "child_id": CHILD["resident_id"]}
    return "identity.guardianship-registered.v1", 1, {"guardianship_id": "g_1", "sequence": 1, **people}


@pytest.fixture
def office() -> Office:
    return Office(are_submitted=False)


@pytest.mark.parametrize("document_type", TYPES)
async def test_nothing_is_granted_until_all_is_proven_in_whatever_order(office: Office, document_type: str) -> None:
    grant = asked(document_type)
    for each in (guardianship(), *proofs_of(grant)):
        with pytest.raises(NotYet):
            await office.hears(grant)
        await office.hears(each)
    assert len(await office.hears(grant)) == 1
    assert len(office.documents.all) == 1


@pytest.mark.parametrize("document_type", TYPES)
async def test_each_proof_is_missed(document_type: str) -> None:
    grant = asked(document_type)
    said = [*([guardianship()] if CHILD in grant[2].values() else []), *proofs_of(grant)]
    for left_out in said:
        office = Office(are_submitted=False)
        await office.hears(*(each for each in said if each is not left_out))
        with pytest.raises(NotYet):
            await office.hears(grant)
        assert office.documents.all == {}


@pytest.mark.parametrize(
    "otherwise",
    [
        {"holder": OTHER},
        {"document_type": "portrait-photo"},
        {"application_id": "app_of_another"},
        {"requirement": "household"},
        {"item": "rental-contract-filing"},
        {"item": "an-item-of-its-own"},
    ],
    ids=["another person", "another document", "another application", "another requirement", "another item", "made up"],
)
async def test_what_is_proven_of_something_else_counts_for_nothing(
    office: Office, otherwise: dict[str, object]
) -> None:
    grant = asked("senior-card")
    await office.hears(*(proven(grant, key) for key in ("photo", "status")), proven(grant, "id-card", **otherwise))
    with pytest.raises(NotYet, match="id-card"):
        await office.hears(grant)
    assert office.documents.all == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"item": "an-item-of-its-own"},
        {"item": "rental-contract-filing"},
        {"applicant": OTHER, "subject": OTHER},
    ],
    ids=["an item that nobody knows", "an item that grants something else", "to somebody else"],
)
async def test_what_an_item_does_not_grant_is_refused_whatever_is_proven(
    office: Office, changes: dict[str, object]
) -> None:
    grant = asked("senior-card")
    await office.hears(*proofs_of(grant))
    kind, minute, data = grant
    with pytest.raises(BrokenMessageError, match="not-granted-by-item"):
        await office.hears((kind, minute, data | changes))
    assert office.documents.all == {}


async def test_documents_of_two_people_make_no_landlord(office: Office) -> None:
    grant = asked("rental-contract-record")
    await office.hears(*proofs_of(grant), proven(grant, "landlord-property", holder=OTHER, attempt=2))
    with pytest.raises(NotYet, match="landlord-property"):
        await office.hears(grant)


async def test_an_officers_no_is_no_decision(office: Office) -> None:
    grant = asked("school-place-notice")
    refusal: dict[str, Any] = {"application_id": grant[2]["application_id"], "approved": False, "officer": "edu-1"}
    refusal |= {"decided_at": NOW.isoformat()}
    said = [guardianship(), *(each for each in proofs_of(grant) if each[0].startswith("matcher."))]
    await office.hears(*said, ("review-dispatch.decision-made.v1", 5, refusal))
    with pytest.raises(NotYet, match="officer"):
        await office.hears(grant)


async def test_what_people_approved_is_proven_once_it_was_submitted(office: Office) -> None:
    grant = asked("senior-card")
    said = {"application_id": grant[2]["application_id"], "requirement": "photo", "attempt": 1}
    approval = approved(10, "portrait-photo", **said, fields={"present": True, "taken_on": "2026-10-01"})
    await office.hears(proven(grant, "id-card"), proven(grant, "status"))
    with pytest.raises(NotYet, match="no submission"):
        await office.hears(approval)
    with pytest.raises(NotYet, match="photo"):
        await office.hears(grant)
    photo = {"document_type": "portrait-photo", "document_types": ["portrait-photo"], "reviewable": True, "claims": {}}
    failed = {"application_id": said["application_id"], "documents": [{**said, **photo, "holder": HOLDER}]}
    await office.hears(("matcher.match-failed.v2", 5, failed), approval)
    assert await office.hears(grant)


async def test_an_older_attempt_does_not_write_over_a_newer_one(office: Office) -> None:
    grant = asked("senior-card")
    newer, older = proven(grant, "id-card", attempt=2), proven(grant, "id-card", attempt=1, holder=OTHER)
    await office.hears(newer, older, newer)
    assert {each.index for each in office.proofs.all.values()} == {HOLDER["index"]}


async def test_who_acts_for_a_child_was_registered_as_its_guardian(office: Office) -> None:
    grant = asked("school-place-notice")
    await office.hears(*proofs_of(grant))
    with pytest.raises(NotYet, match="guardian"):
        await office.hears(grant)


async def test_nothing_of_a_person_or_an_application_stands_in_a_proof(office: Office) -> None:
    grant = asked("residence-permit")
    await office.hears(*proofs_of(grant))
    kept = str([each.model_dump() for each in office.proofs.all.values()])
    assert str(grant[2]["application_id"]) not in kept
    assert HOLDER["resident_id"] not in kept


async def test_a_card_with_another_birth_date_makes_no_child_of_age(office: Office) -> None:
    assert await majority("res_01", office.deps) is None
    await office.hears(registered(birth_date="2020-05-04"))
    await office.hears(registered(2, "updated", birth_date="1990-01-01", sequence=2))
    assert await majority("res_01", office.deps) == date(2038, 5, 4)


ANOTHERS = HOLDER | {"resident_id": "res_2"}


@pytest.mark.parametrize(
    "told",
    [
        granted(holder=ANOTHERS),
        approved(holder=ANOTHERS),
        registered(2, "updated", resident_id="res_2", sequence=2),
        registered(2, resident_id="res_2"),
        registered(2, holder_index="6e" * 32),
        ("identity.id-suspended.v1", 2, held(2, "suspended", 2)[2] | {"resident_id": "res_2"}),
        ("identity.id-reinstated.v1", 2, held(2, "reinstated", 2)[2] | {"resident_id": "res_2"}),
    ],
)
async def test_one_number_leads_to_no_other_resident_and_one_resident_to_no_other_number(
    told: Told,
) -> None:
    office = Office()
    await office.hears(registered())
    with pytest.raises(BrokenMessageError) as caught:
        await office.hears(told)
    assert caught.value.reason == "another-holder"
