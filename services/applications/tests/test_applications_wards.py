"""A guardian answers for a child who is the second party: the owner of a flat that is let may be six."""

from __future__ import annotations

import pytest

from applications import views
from applications.domain import agreement
from applications.domain.agreement import AgreedParty
from applications.events import DataAccessed
from applications.handlers import confirmations, people, signed_agreements
from applications.handlers.confirmations import ConfirmationAnswer, ToConfirm
from runtime.errors import NotAllowed, NotFound, Refusal
from services.applications.tests.office import ENROLMENT, NUMBER_OF, SIGNER, Office, resident, resident_token
from services.applications.tests.service import Service

STRANGERS = ("child", "nobody")


@pytest.fixture
async def office() -> Office:
    """The child owns the flat. Its guardians are the newcomer and its mother."""
    office = Office()
    await office.knows_family()
    office.knows(resident("mother", name="王芳"))
    said = views.GuardianshipChanged(guardianship_id="g2", guardian_id="mother", child_id="child", sequence=1)
    await office.hears(people.begin_guardianship, said)
    return office


async def waiting(office: Office, by: str, ward: str) -> list[ToConfirm]:
    asked = confirmations.waiting_for(ward, resident_token(by), office.deps, before=None, limit=20)
    return office.commits(await asked)


async def answers(office: Office, id: str, by: str, *, agrees: bool = True, ward: str | None = "child") -> None:
    given = ConfirmationAnswer(agrees, office.agreements.all[id].current.terms.digest, resident_id=ward)
    office.commits(await confirmations.answer(id, given, resident_token(by), office.deps, if_match=None))


def looks(office: Office) -> list[tuple[str | None, str, str]]:
    return [(it.holder.resident_id, it.by.subject, it.how) for it in office.events(DataAccessed)]


async def test_a_guardian_sees_what_waits_for_the_child_and_the_child_can_read_that(office: Office) -> None:
    id = await office.files_tenancy("senior", "child")
    assert [each.application.id for each in await waiting(office, "newcomer", "child")] == [id]
    assert sorted(looks(office)) == [("child", "newcomer", "viewed"), ("senior", "second-party", "viewed")]
    assert await waiting(office, "newcomer", "newcomer") == []


async def test_the_evidence_says_who_signed_for_whom(office: Office) -> None:
    id = await office.files_tenancy("senior", "child")
    await answers(office, id, "newcomer")
    assert office.now(id).second_party_id == "child"
    said = SIGNER.keys.public.verify(office.agreements.all[id].current.evidence or "", agreement.TYP)
    own, for_the_child = said["signatures"]
    assert own["guardian"] is None
    assert (for_the_child["resident_id"], for_the_child["name"]) == ("child", "李小雨")
    assert AgreedParty(**for_the_child["guardian"]) == AgreedParty(resident_id="newcomer", name="李育成")
    assert for_the_child["sign_in"]["jti"] == "token-of-newcomer"
    assert ("child", "newcomer", "worked-on") in looks(office)


async def test_a_guardian_declines_for_the_child(office: Office) -> None:
    id = await office.files_tenancy("senior", "child")
    await answers(office, id, "newcomer", agrees=False)
    assert office.now(id).state == "rejected"
    assert ("child", "newcomer", "worked-on") in looks(office)


async def test_who_applied_does_not_answer_for_the_other_party_but_another_guardian_does(office: Office) -> None:
    id = await office.files_tenancy("newcomer", "child")
    for agrees in (True, False):
        with pytest.raises(NotAllowed, match="guardian-is-applicant"):
            await answers(office, id, "newcomer", agrees=agrees)
    await answers(office, id, "mother")
    assert office.now(id).confirmed_at is not None


async def test_nobody_answers_unnoticed_for_a_child_or_for_a_strangers(office: Office) -> None:
    id = await office.files_tenancy("senior", "child")
    with pytest.raises(NotFound, match="unknown-application"):  # a guardian must say for whom
        await answers(office, id, "newcomer", ward=None)
    for ward in STRANGERS:
        with pytest.raises(NotAllowed, match="no-guardianship"):
            await answers(office, id, "landlord", ward=ward)
        with pytest.raises(NotAllowed, match="no-guardianship"):
            await waiting(office, "landlord", ward)
    with pytest.raises(NotFound, match="unknown-application"):
        await signed_agreements.read(id, resident_token("landlord"), office.deps)
    ended = views.GuardianshipChanged(guardianship_id="g1", guardian_id="newcomer", child_id="child", sequence=2)
    await office.hears(people.end_guardianship, ended)
    with pytest.raises(NotAllowed, match="no-guardianship"):
        await answers(office, id, "newcomer")


@pytest.mark.parametrize("who", ["newcomer", "child"])
async def test_neither_a_suspended_guardian_nor_for_a_suspended_child(office: Office, who: str) -> None:
    id = await office.files_tenancy("senior", "child")
    office.knows(office.residents.all[who].standing(suspended=True, sequence=9))
    with pytest.raises(Refusal, match="suspended-person"):
        await answers(office, id, "newcomer")


@pytest.mark.parametrize("answered", [False, True])
async def test_a_guardian_reads_the_agreement_and_the_child_can_read_that(office: Office, *, answered: bool) -> None:
    id = await office.files_tenancy("senior", "child")
    if answered:
        await answers(office, id, "mother")
    before = len(office.said)
    read = office.commits(await signed_agreements.read(id, resident_token("newcomer"), office.deps))
    assert read.id == id
    told = [event for event in office.said[before:] if isinstance(event, DataAccessed)]
    assert {each.holder.resident_id for each in told} == {"senior", "child"}


async def test_a_look_that_shows_nothing_new_is_not_recorded(service: Service) -> None:
    await service.knows("newcomer", "child")
    await service.has_guardian("newcomer", "child")
    id = await service.drafts({"item": "school-enrolment", "subject_id": "child", "form": ENROLMENT})
    path = f"/v1/applications/{id}"

    first = await service.call("GET", path)
    has_seen = {"If-None-Match": first.headers["ETag"]}
    again = await service.call("GET", path, headers=has_seen)
    in_chinese = await service.call("GET", path, headers={**has_seen, "Accept-Language": "zh-CN"})
    of_another = await service.call("GET", path, by="child", headers=has_seen)
    change = {"form": {"parents": ["李育成"]}}
    changed = await service.call("PATCH", path, change, headers={"If-Match": again.headers["ETag"]})
    after = await service.call("GET", path, headers=has_seen)

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (in_chinese.status_code, of_another.status_code) == (200, 404)
    assert (changed.status_code, after.status_code) == (200, 200)
    looks = [await service.next_event("data-accessed") for _ in range(3)]
    assert [look["data"]["holder"]["resident_id"] for look in looks] == ["child"] * 3
    await service.submits(id)
    assert "applications.data-accessed.v1" not in await service.kinds_until("application-submitted")


async def test_over_http_with_the_ward_named_as_elsewhere(service: Service) -> None:
    await service.knows("newcomer", "child", "senior")
    await service.has_guardian("newcomer", "child")
    form = {"address": "民治街道幸福路9号", "term_from": "2026-12-01", "term_to": "2099-11-30"}
    filing = {"item": "rental-contract-filing", "second_party_number": NUMBER_OF["child"], "form": form}
    id = await service.drafts(filing, by="senior")
    await service.submits(id, by="senior")

    shown = (await service.call("GET", "/v1/confirmations?resident_id=child")).json()["items"]
    given = {"terms_sha256": shown[0]["terms_sha256"], "resident_id": "child"}
    others = await service.call("POST", f"/v1/applications/{id}/confirmation", given, by="senior")
    confirmed = await service.call("POST", f"/v1/applications/{id}/confirmation", given)
    agreed = (await service.call("GET", f"/v1/applications/{id}/agreement")).json()

    assert (others.status_code, others.json()["code"]) == (403, "no-guardianship")
    assert (confirmed.status_code, confirmed.json()["answer"]) == (200, "confirmed")
    assert [(each["name"], each["guardian"]) for each in agreed["signatures"]] == [
        ("张伟", None),
        ("李小雨", "李育成"),
    ]
    told = (await service.next_event("data-accessed"))["data"]
    assert (told["by"]["subject"], told["how"]) == ("second-party", "viewed")
