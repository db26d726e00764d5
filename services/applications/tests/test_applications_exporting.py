from __future__ import annotations

import json

from applications import views
from applications.handlers import answers, confirmations, data_export, people, signed_agreements
from applications.handlers.confirmations import ConfirmationAnswer
from applications.handlers.parties import NamedParty
from bus.event import Outcome
from privacy.exports import Content
from privacy.holders import Holder
from services.applications.tests.office import ENROLMENT, TENANCY, Office, mismatched, resident_token
from standards import mask


async def exported(office: Office, resident: str) -> Content:
    """Have everything exported that is held of a resident; return it."""
    content = await data_export.gather(Holder(resident_id=resident, index="9f" * 32), office.deps)
    return {section: records for section, records in content.items() if records}


async def test_a_resident_gets_the_applications_of_them_and_for_them(office: Office) -> None:
    id_ = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    for resident, applications in (("newcomer", [id_]), ("child", [id_]), ("senior", [])):
        held = await exported(office, resident)
        assert [each["id"] for each in held["person"]] == [resident]
        assert [each["id"] for each in held.get("applications", [])] == applications
        assert "signatures" not in held


async def test_a_guardian_gets_what_they_signed_for_a_ward_and_nothing_that_is_the_wards(office: Office) -> None:
    id_ = await office.files_tenancy("senior", "child")
    given = ConfirmationAnswer(terms_sha256=office.agreements.all[id_].current.terms.digest, resident_id="child")
    office.commits(await confirmations.answer(id_, given, resident_token("newcomer"), office.deps, if_match=None))
    ended = views.GuardianshipChanged(guardianship_id="g1", guardian_id="newcomer", child_id="child", sequence=2)
    await office.hears(people.end_guardianship, ended)

    held = await exported(office, "newcomer")
    assert "applications" not in held
    [signed] = held["signatures"]
    assert signed == {
        "application_id": id_,
        "reference": office.now(id_).reference,
        "item": "rental-contract-filing",
        "party": "second-party",
        "for_resident": "child",
        "at": "2026-11-23T04:00:00Z",
        "terms_sha256": given.terms_sha256,
        "sign_in": resident_token("newcomer").sign_in.model_dump(mode="json"),
    }
    assert "signatures" not in await exported(office, "child"), "it was not the child who signed"


async def test_each_party_gets_what_they_signed_themselves_and_what_was_signed_before_it_was_changed(
    office: Office,
) -> None:
    id_ = await office.files_tenancy()
    await office.confirms(id_)
    other = office.now(id_).model_copy(update={"form": {**TENANCY, "term_to": "2029-11-30"}})
    office.commits(Outcome(await signed_agreements.offer(other, resident_token("newcomer"), office.deps)))

    applied = (await exported(office, "newcomer"))["signatures"]
    assert [(each["party"], each["for_resident"]) for each in applied] == [("applicant", None)] * 2
    assert len({each["terms_sha256"] for each in applied}) == 2
    [confirmed] = (await exported(office, "landlord"))["signatures"]
    assert (confirmed["application_id"], confirmed["party"], confirmed["for_resident"]) == (id_, "second-party", None)


async def test_an_export_holds_of_the_other_party_no_more_than_their_masked_name(office: Office) -> None:
    id = await office.files_tenancy()
    landlord, tenant = office.residents.all["landlord"], office.residents.all["newcomer"]
    [own] = (await exported(office, "newcomer"))["applications"]
    assert landlord.index not in json.dumps(own)
    assert "applications" not in await exported(office, "landlord")

    await office.confirms(id)
    compared = views.Compared(field="address", result="different", claimed="梅龙路12号", held="梅龙路21号")
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "landlord-property", compared))
    assert "梅龙路21号" in str(await exported(office, "landlord"))
    assert "梅龙路21号" not in str(await exported(office, "newcomer"))
    await office.matches(id)
    [own] = (await exported(office, "newcomer"))["applications"]
    [confirmed] = (await exported(office, "landlord"))["applications"]
    assert own["second_party"] == {"name": mask.name(landlord.name)}
    assert confirmed["applicant"] == {"name": mask.name(tenant.name)}
    assert [asked["key"] for asked in confirmed["asked"]] == ["landlord-id-card", "landlord-property"]
    for text, other in ((json.dumps(own, ensure_ascii=False), landlord), (json.dumps(confirmed), tenant)):
        assert not [value for value in (other.index, other.address, str(other.birth_date)) if value in text]
        assert f'"{other.id}"' not in text
    assert own["applicant"]["address"] == tenant.address


async def test_the_code_of_the_receipt_is_in_no_export(office: Office) -> None:
    id = await office.files_tenancy()
    await office.confirms(id)
    for person in ("newcomer", "landlord"):
        told = await exported(office, person)
        assert told["applications"]
        assert office.now(id).inquiry_code not in str(told)
        assert "inquiry" not in str(told)
