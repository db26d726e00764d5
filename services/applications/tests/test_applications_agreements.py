"""Evidence of what two parties agreed on."""

from __future__ import annotations

import pytest

from applications import views
from applications.domain import agreement
from applications.events import DataAccessed
from applications.handlers import answers, confirmations, lifecycle, signed_agreements
from runtime.errors import Conflict, NotAllowed, NotFound, Refusal
from services.applications.tests.office import SIGNER, Office, resident_token, review
from services.applications.tests.test_applications_task_claims import claims
from standards import canonical_json
from web.auth import Principal, Role


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.knows_family()
    return office


async def test_both_sign_ins_are_kept_over_one_hash(office: Office) -> None:
    id = await office.files_tenancy()
    assert office.agreements.all[id].current.evidence is None
    await office.confirms(id)
    agreed = office.agreements.all[id].current
    said = SIGNER.keys.public.verify(agreed.evidence or "", agreement.TYP)
    assert said["terms"]["form"]["term_to"] == "2028-11-30"
    assert said["terms"]["statement"]["en"].startswith("I confirm that I have let this flat")
    assert canonical_json.digest(said["terms"]) == said["terms_sha256"] == agreed.terms.digest
    signed = {
        each["party"]: (each["name"], each["terms_sha256"], each["sign_in"]["jti"]) for each in said["signatures"]
    }
    assert signed == {
        "applicant": ("李育成", said["terms_sha256"], "token-of-newcomer"),
        "second-party": ("陈桂英", said["terms_sha256"], "token-of-landlord"),
    }
    assert all(each.index not in (agreed.evidence or "") for each in office.residents.all.values())


async def test_nobody_confirms_what_they_did_not_see(office: Office) -> None:
    id = await office.files_tenancy()
    seen = office.agreements.all[id].current.terms.digest
    said = views.ReviewReturned.model_validate(review(office.now(id), "tenant-id-card", "returned"))
    await office.hears(answers.note_review_returned, said)
    office.hands_in(id, "tenant-id-card")
    by = resident_token("newcomer")
    office.commits(
        await lifecycle.change(
            id, lifecycle.ApplicationChange({"term_to": "2036-11-30"}), by, office.deps, if_match=None
        )
    )
    await office.submits(id)
    with pytest.raises(Conflict, match="terms-changed"):
        await office.confirms(id, seen=seen)
    await office.confirms(id)
    kept = office.agreements.all[id]
    assert [each.terms.form["term_to"] for each in (*kept.earlier, kept.current)] == ["2028-11-30", "2036-11-30"]


async def test_the_same_terms_again_stay_confirmed(office: Office) -> None:
    id = await office.files_tenancy()
    await office.confirms(id)
    evidence = office.agreements.all[id].current.evidence
    said = views.ReviewReturned.model_validate(review(office.now(id), "landlord-property", "returned"))
    await office.hears(answers.note_review_returned, said)
    office.hands_in(id, "landlord-property")
    await office.submits(id)
    assert office.now(id).confirmed_at is not None
    assert office.agreements.all[id].current.evidence == evidence


async def test_only_the_parties_read_it_and_the_other_one_can_read_that(office: Office) -> None:
    id = await office.files_tenancy()
    await office.confirms(id)
    parties = {name: resident_token(name).subject for name in ("newcomer", "landlord")}
    for party, subject in parties.items():
        read = await signed_agreements.read(id, resident_token(party), office.deps)
        assert read.result is not None
        assert read.result.id == id
        told = [event for event in read.published if isinstance(event, DataAccessed)]
        assert {event.by.subject for event in told} == {subject}
        assert {event.holder.resident_id for event in told} == set(parties.values()) - {subject}
    with pytest.raises(NotFound, match="unknown-application"):
        await signed_agreements.read(id, resident_token("senior"), office.deps)


async def test_until_the_landlord_confirms_the_tenant_learns_that_the_named_person_looked_and_not_who_that_is(
    office: Office,
) -> None:
    id = await office.files_tenancy()
    landlord = resident_token("landlord")
    waiting = await confirmations.waiting_for(None, landlord, office.deps, before=None, limit=5)
    read = await signed_agreements.read(id, landlord, office.deps)
    told = [event for event in (*waiting.published, *read.published) if isinstance(event, DataAccessed)]
    assert {(event.holder.resident_id, event.by.subject, event.by.role) for event in told} == {
        ("newcomer", "second-party", "second-party")
    }
    await office.confirms(id, agrees=False)
    read = await signed_agreements.read(id, landlord, office.deps)
    assert landlord.subject not in "".join(event.model_dump_json() for event in (*read.published, *office.said))


async def test_an_item_without_a_second_party_has_no_agreement(office: Office) -> None:
    id = await office.enrols()
    with pytest.raises(NotFound, match="no-agreement"):
        await signed_agreements.read(id, resident_token("newcomer"), office.deps)


async def test_what_was_submitted_before_this_was_kept_can_still_be_confirmed(office: Office) -> None:
    id = await office.files_tenancy()
    expected = office.agreements.all.pop(id).current.terms
    await office.confirms(id, seen=expected.digest)
    applicant, second = office.agreements.all[id].current.signatures
    assert (applicant.sign_in.jti, second.sign_in.jti) == (None, "token-of-landlord")


async def test_whoever_reviews_a_tenancy_record_reads_what_was_signed_and_both_can_read_that(office: Office) -> None:
    tenancy = await office.files_tenancy()
    permit = await office.applies("residence-permit", "newcomer", form={"address": "民治街道幸福路9号"})
    wang = Principal("wang", Role.REVIEWER, frozenset({"housing"}))
    with pytest.raises(NotAllowed, match="agreement-not-in-hand"):
        await signed_agreements.read_behind(permit, "核实租赁", wang, office.deps)
    await claims(office, permit, about="housing")
    with pytest.raises(NotFound, match="no-agreement"):  # the landlord has not signed yet
        await signed_agreements.read_behind(permit, "核实租赁", wang, office.deps)
    await office.confirms(tenancy)
    with pytest.raises(Refusal, match="purpose-needed"):
        await signed_agreements.read_behind(permit, " ", wang, office.deps)

    read = await signed_agreements.read_behind(permit, "核实租赁", wang, office.deps)

    assert read.result is not None
    assert (read.result.id, read.result.current.evidence is not None) == (tenancy, True)
    told = [event for event in read.published if isinstance(event, DataAccessed)]
    assert {event.holder.resident_id for event in told} == {
        resident_token(party).subject for party in ("newcomer", "landlord")
    }
    assert {(event.by.subject, event.purpose, event.application_id) for event in told} == {
        ("wang", "核实租赁", tenancy)
    }
    others = Principal("li", Role.REVIEWER, frozenset({"housing"}))
    with pytest.raises(NotAllowed, match="agreement-not-in-hand"):
        await signed_agreements.read_behind(permit, "核实租赁", others, office.deps)


async def test_a_review_of_another_document_leads_to_no_agreement(office: Office) -> None:
    await office.confirms(await office.files_tenancy())
    permit = await office.applies("residence-permit", "newcomer", form={"address": "民治街道幸福路9号"})
    await claims(office, permit, about="work")

    with pytest.raises(NotFound, match="no-agreement"):
        await signed_agreements.read_behind(permit, "核实", Principal("wang", Role.REVIEWER), office.deps)
