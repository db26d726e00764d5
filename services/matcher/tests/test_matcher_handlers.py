from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bus.envelope import BrokenMessageError
from bus.event import NOTHING, NotYet, Received, View
from matcher.events import DataAccessed, MatchFailed, MatchPostponed, MatchSucceeded
from matcher.handlers import document_match, guardianships, items, people, records
from matcher.handlers.dependencies import Deps
from matcher.handlers.dry_run import DryRun, DryRunPerson, DryRunRequest, dry_run
from matcher.views import (
    AskedDocument,
    CityRecord,
    DocumentSubmitted,
    ItemPublished,
    PersonKnown,
    StoredCredential,
    SuspensionChanged,
)
from runtime.errors import NotFound, Refusal
from runtime.submissions import since_v1
from services.matcher.tests.fakes import BLIND, deps_of
from testkit.fakes import apply, received
from web.auth import Principal, Role

NUMBER = "440309199001010013"
INDEX = BLIND.of(NUMBER)
LANDLORD = "2e" * 32
OFFICIAL = Principal("official-7", Role.OFFICIAL)
FLAT = "深圳市龙华区民治街道梅陇镇花园3栋1201"


@pytest.fixture
def deps() -> Deps:
    document_match.MATCHES.clear()
    return deps_of()


def counted() -> dict[tuple[str, ...], float]:
    """Return how many answers were counted, by result, document type and source."""
    samples = [sample for family in document_match.MATCHES.collect() for sample in family.samples]
    return {tuple(each.labels.values()): each.value for each in samples if each.name.endswith("_total")}


async def hear(handler: Any, data: View, deps: Deps) -> list[Any]:  # noqa: ANN401 - any of the handlers
    outcome = await handler(received(data, type="city.event.v1"), deps)
    apply(outcome)
    return list(outcome.events)


async def register(deps: Deps, resident_id: str = "res_1", index: str = INDEX, **changes: Any) -> None:  # noqa: ANN401 - JSON
    person = {
        "resident_id": resident_id,
        "holder_index": index,
        "name": "李育成",
        "birth_date": "1990-01-01",
        "address": FLAT,
        "sequence": 1,
        **changes,
    }
    await hear(people.learn_person, PersonKnown.model_validate(person), deps)


async def hold(deps: Deps, document_type: str, fields: dict[str, Any], index: str = INDEX) -> None:
    record = {
        "record_id": f"city-{document_type}",
        "document_type": document_type,
        "holder_index": index,
        "fields": fields,
        "valid_from": None,
        "valid_until": "2027-06-30",
        "sequence": 1,
    }
    await hear(records.learn_city_record, CityRecord.model_validate(record), deps)


def document(
    *document_types: str,
    claims: dict[str, Any],
    scans: tuple[str, ...] = (),
    declined: tuple[str, ...] = (),
    of: tuple[str, str] = ("res_1", INDEX),
    key: str = "identity",
) -> AskedDocument:
    return AskedDocument.model_validate(
        {
            "requirement": key,
            "attempt": 1,
            "document_types": list(document_types),
            "holder": {"resident_id": of[0], "index": of[1]},
            "claims": claims,
            "scans": [
                {"scan_id": f"s{n}", "document_type": type_, "media_type": "image/png", "size": 9, "sha256": "0" * 64}
                for n, type_ in enumerate(scans)
            ],
            "reviewable": True,
            "declined": declined,
        }
    )


def submission(*documents: AskedDocument) -> DocumentSubmitted:
    return DocumentSubmitted(
        application_id="app_1", item="senior-card", documents=list(documents), community="440309002001"
    )


def submitted(*document_types: str, claims: dict[str, Any], scans: tuple[str, ...] = ()) -> DocumentSubmitted:
    return submission(document(*document_types, claims=claims, scans=scans))


CARD = {"number": INDEX, "name": "李育成", "birth_date": "1990-01-01"}


async def test_a_proven_document_is_answered_with_its_source(deps: Deps) -> None:
    await register(deps)
    await hold(deps, "id-card", CARD)
    [answer] = await hear(document_match.match_documents, submitted("id-card", claims=CARD), deps)
    assert isinstance(answer, MatchSucceeded)
    [proven] = answer.documents
    assert (proven.source, proven.evidence_id, str(proven.valid_until)) == ("city-mirror", "city-id-card", "2027-06-30")
    assert [(field.field, field.result) for field in proven.fields] == [
        ("number", "equal"),
        ("name", "equal"),
        ("birth_date", "equal"),
    ]
    assert counted() == {("succeeded", "id-card", "city-mirror"): 1}


async def test_delivered_once_more_only_a_proof_is_said_again_and_nothing_is_counted(deps: Deps) -> None:
    await register(deps)
    await hold(deps, "id-card", CARD)
    right, wrong = (submitted("id-card", claims=claims) for claims in (CARD, {**CARD, "name": "王芳"}))
    proven = await document_match.match_documents(replace(received(right), was_handled=True), deps)
    assert ([type(event) for event in proven.events], proven.corrects) == ([MatchSucceeded], True)
    failed = await document_match.match_documents(replace(received(wrong), was_handled=True), deps)
    assert failed is NOTHING
    assert counted() == {}


async def test_a_document_that_is_not_proven_is_explained_with_both_values(deps: Deps) -> None:
    await register(deps)
    await hold(deps, "id-card", CARD)
    wrong = {**CARD, "birth_date": "1990-10-01"}
    [answer] = await hear(document_match.match_documents, submitted("id-card", claims=wrong), deps)
    assert isinstance(answer, MatchFailed)
    [unproven] = answer.documents
    [birth_date] = [field for field in unproven.fields if field.result != "equal"]
    assert (birth_date.claimed, birth_date.held, birth_date.source) == ("1990-10-01", "1990-01-01", "city-mirror")
    assert (birth_date.result, birth_date.reason) == ("different", "date-differs")
    assert (unproven.claims, unproven.reviewable, answer.community) == (wrong, True, "440309002001")


async def test_scans_are_passed_on_and_decide_which_document_is_explained(deps: Deps) -> None:
    await register(deps)
    asked = submitted(
        "property-certificate",
        "rental-contract-record",
        claims={"tenant_name": "李育成", "address": FLAT},
        scans=("portrait-photo", "rental-contract-record"),
    )
    [answer] = await hear(document_match.match_documents, asked, deps)
    assert isinstance(answer, MatchFailed)
    [unproven] = answer.documents
    assert unproven.document_type == "rental-contract-record"
    assert [scan.scan_id for scan in unproven.scans] == ["s0", "s1"]


async def test_a_holder_who_is_not_registered_yet_is_waited_for(deps: Deps) -> None:
    with pytest.raises(NotYet):
        await hear(document_match.match_documents, submitted("id-card", claims=CARD), deps)
    await hold(deps, "id-card", CARD)
    with pytest.raises(NotYet):
        await hear(document_match.match_documents, submitted("id-card", claims=CARD), deps)
    await register(deps)
    assert await hear(document_match.match_documents, submitted("id-card", claims=CARD), deps)


async def test_the_card_of_a_new_resident_is_waited_for_until_it_is_stored(deps: Deps) -> None:
    await register(deps)
    with pytest.raises(NotYet):
        await hear(document_match.match_documents, submitted("id-card", claims=CARD), deps)
    assert counted() == {}
    card = {
        "credential_id": "c1",
        "document_type": "id-card",
        "holder": {"index": INDEX},
        "fields": CARD,
        "origin": "identity",
        "valid_from": "2020-01-01",
        "valid_until": None,
        "sequence": 1,
    }
    await hear(records.learn_credential, StoredCredential.model_validate(card), deps)
    [answer] = await hear(document_match.match_documents, submitted("id-card", claims=CARD), deps)
    assert isinstance(answer, MatchSucceeded)
    assert [each.source for each in answer.documents] == ["district-store"]


def keys(event: Any) -> list[str]:  # noqa: ANN401 - any event about documents
    return [each.requirement for each in event.documents]


async def test_what_was_submitted_together_is_answered_together_and_each_by_itself(deps: Deps) -> None:
    await register(deps)
    await hold(deps, "id-card", CARD)
    right, wrong = document("id-card", claims=CARD, key="card"), document("portrait-photo", claims={}, key="photo")
    again = document("id-card", claims=CARD, key="again")
    proven, failed = await hear(document_match.match_documents, submission(right, wrong, again), deps)
    assert (type(proven), keys(proven)) == (MatchSucceeded, ["card", "again"])
    assert (type(failed), keys(failed)) == (MatchFailed, ["photo"])
    assert counted() == {("succeeded", "id-card", "city-mirror"): 2, ("failed", "portrait-photo", "none"): 1}


async def test_a_document_that_can_not_be_answered_yet_holds_up_no_other_and_is_answered_once_it_can(
    deps: Deps,
) -> None:
    await register(deps)
    await hold(deps, "id-card", CARD)
    card, landlords = (
        document("id-card", claims=CARD, key="card"),
        document("portrait-photo", claims={}, of=("res_2", LANDLORD), key="landlord", declined=("sz-1",)),
    )
    proven, postponed = await hear(document_match.match_documents, submission(card, landlords), deps)
    assert (type(proven), keys(proven)) == (MatchSucceeded, ["card"])
    assert isinstance(postponed, MatchPostponed)
    waiting = DocumentSubmitted.model_validate(postponed.model_dump())
    assert waiting == submission(landlords)
    with pytest.raises(NotYet, match="res_2"):
        await hear(document_match.match_documents, waiting, deps)
    await register(deps, "res_2", LANDLORD)
    [failed] = await hear(document_match.match_documents, waiting, deps)
    assert (type(failed), keys(failed)) == (MatchFailed, ["landlord"])
    assert sum(counted().values()) == 2


async def test_delivered_once_more_what_waits_is_left_to_its_own_event(deps: Deps) -> None:
    await register(deps)
    await hold(deps, "id-card", CARD)
    landlords = document("id-card", claims={}, of=("res_2", LANDLORD), key="landlord")
    asked = submission(document("id-card", claims=CARD, key="card"), landlords)
    again = await document_match.match_documents(replace(received(asked), was_handled=True), deps)
    assert [(type(event), keys(event)) for event in again.events] == [(MatchSucceeded, ["card"])]


def test_an_event_of_before_about_one_document_is_read_as_one_about_a_list_of_one() -> None:
    asked = submitted("id-card", claims=CARD).model_dump(mode="json")
    [flat] = asked.pop("documents")
    read = DocumentSubmitted.model_validate(since_v1({**asked, **flat}))
    assert read.model_dump(mode="json") == {**asked, "documents": [flat]}


async def test_any_other_document_is_not_waited_for(deps: Deps) -> None:
    await register(deps)
    [answer] = await hear(document_match.match_documents, submitted("portrait-photo", claims={}), deps)
    assert isinstance(answer, MatchFailed)


def item(**claims: Any) -> ItemPublished:  # noqa: ANN401 - values of any kind
    requirements = [
        {"key": "identity", "document_types": ["id-card"], "holder": "applicant", "claims": claims},
        {
            "key": "landlord",
            "document_types": ["property-certificate"],
            "holder": "second-party",
            "claims": {"owner_name": "second_party.name", "address": "form.address"},
        },
    ]
    return ItemPublished.model_validate({"item": "rental-contract-filing", "requirements": requirements})


def asked(**people_: DryRunPerson) -> DryRunRequest:
    people_by_role: Any = {role.replace("_", "-"): person for role, person in people_.items()}
    return DryRunRequest("rental-contract-filing", people_by_role, {"address": FLAT}, "窗口咨询")


async def tried(deps: Deps, question: DryRunRequest) -> DryRun:
    outcome = await dry_run(question, OFFICIAL, deps)
    apply(outcome)
    assert {type(event) for event in outcome.published} == {DataAccessed}
    assert outcome.result is not None
    return outcome.result


async def test_a_later_publication_of_an_item_replaces_an_earlier_one_and_not_the_other_way(deps: Deps) -> None:
    def at(minutes: int, data: ItemPublished) -> Received[ItemPublished]:
        event = received(data)
        later = event.time + timedelta(minutes=minutes)
        return Received(event.id, event.type, event.source, event.case, later, data)

    for minutes, name in ((1, "second"), (0, "first"), (2, "third"), (2, "third again")):
        apply(await items.learn_item(at(minutes, item(name=name)), deps))
    known = await deps.items.get("rental-contract-filing")
    assert known is not None
    assert known.requirements[0].claims == {"name": "third"}


async def test_a_dry_run_answers_each_requirement_from_people_and_form(deps: Deps) -> None:
    await hear(items.learn_item, item(name="holder.name", birth_date="applicant.birth_date"), deps)
    await register(deps)
    await register(deps, "res_2", LANDLORD)
    await hold(deps, "id-card", CARD)
    await hold(deps, "property-certificate", {"owner_name": "李育成", "address": FLAT}, LANDLORD)
    run = await tried(deps, asked(applicant=DryRunPerson("res_1", None), second_party=DryRunPerson("res_2", None)))
    assert [each.verdict is not None and each.verdict.proven for each in run.tried] == [True, True]
    assert run.registered == {"applicant": True, "subject": True, "second-party": True}


async def test_a_dry_run_answers_as_the_document_says_where_an_application_would(deps: Deps) -> None:
    await register(deps)
    permit, register_ = (
        {"number": INDEX, "name": "李育成", "address": FLAT},
        {"holder_name": "王芳", "address": "湖南省1号"},
    )
    await hold(deps, "residence-permit", permit)
    await hold(deps, "household-register", register_)
    claims = {"holder_name": "holder.name", "name": "holder.name", "address": "form.registered_address"}
    status = {"key": "status", "document_types": ["household-register", "residence-permit"], "holder": "applicant"}
    published = ItemPublished.model_validate(
        {
            "item": "rental-contract-filing",
            "requirements": [{**status, "claims": claims}],
            "defaults": {"registered_address": ["document.status", "applicant.address"]},
        }
    )
    await hear(items.learn_item, published, deps)
    run = await tried(deps, asked(applicant=DryRunPerson("res_1", None)))
    [status_] = [each.verdict for each in run.tried]
    assert status_ is not None
    assert (status_.proven, status_.document_type) == (True, "residence-permit")
    elsewhere = DryRunRequest(
        "rental-contract-filing", {"applicant": DryRunPerson("res_1", None)}, {"registered_address": "湖南省1号"}, "p"
    )
    [answered] = [each.verdict for each in (await tried(deps, elsewhere)).tried]
    assert answered is not None
    assert not answered.proven


async def test_a_dry_run_says_which_requirement_has_no_holder(deps: Deps) -> None:
    await hear(items.learn_item, item(name="holder.name"), deps)
    await register(deps)
    run = await tried(deps, asked(applicant=DryRunPerson("res_1", None)))
    assert run.tried[1].verdict is None


async def test_a_dry_run_by_number_works_for_somebody_who_is_not_registered(deps: Deps) -> None:
    await hear(items.learn_item, item(name="李育成", birth_date="1990-01-01"), deps)
    await hold(deps, "id-card", CARD)
    run = await tried(deps, asked(applicant=DryRunPerson(None, NUMBER)))
    assert run.registered["applicant"] is False
    assert run.tried[0].verdict is not None
    assert run.tried[0].verdict.proven


async def test_each_resident_concerned_can_read_who_tried_what_for(deps: Deps) -> None:
    await hear(items.learn_item, item(name="holder.name"), deps)
    await register(deps)
    await register(deps, "res_2", LANDLORD)
    both = asked(applicant=DryRunPerson("res_1", None), second_party=DryRunPerson("res_2", None))
    told = [event for event in (await dry_run(both, OFFICIAL, deps)).published if isinstance(event, DataAccessed)]
    assert [look.holder.resident_id for look in told] == ["res_1", "res_2"]
    for look in told:
        assert (look.by.subject, look.purpose, look.item) == ("official-7", "窗口咨询", "rental-contract-filing")


async def test_a_dry_run_of_an_unknown_item_or_resident_says_so(deps: Deps) -> None:
    with pytest.raises(NotFound, match="item-unknown"):
        await dry_run(asked(applicant=DryRunPerson("res_1", None)), OFFICIAL, deps)
    await hear(items.learn_item, item(name="holder.name"), deps)
    with pytest.raises(NotFound) as caught:
        await dry_run(asked(applicant=DryRunPerson("res_9", None)), OFFICIAL, deps)
    assert (caught.value.code, caught.value.field) == ("resident-unknown", "applicant/resident_id")


async def test_a_dry_run_with_a_wrong_number_says_what_is_wrong_with_it(deps: Deps) -> None:
    await hear(items.learn_item, item(name="holder.name"), deps)
    with pytest.raises(Refusal) as caught:
        await dry_run(asked(applicant=DryRunPerson(None, "440309199001010014")), OFFICIAL, deps)
    assert (caught.value.code, caught.value.field) == ("identity-number-check-character", "applicant/number")


async def test_a_card_with_another_birth_date_makes_no_child_of_age(deps: Deps) -> None:
    assert await guardianships.majority("res_1", deps) is None
    for sequence, born in enumerate(("2020-05-04", "1990-01-01", "1991-01-01")):
        await register(deps, birth_date=born, sequence=sequence)
    assert await guardianships.majority("res_1", deps) == date(2038, 5, 4)


async def test_one_number_leads_to_no_other_resident_and_one_resident_to_no_other_number(deps: Deps) -> None:
    await register(deps)
    for resident, index in (("res_2", INDEX), ("res_1", "6e" * 32)):
        said = SuspensionChanged(resident_id=resident, holder_index=index, sequence=2)
        with pytest.raises(BrokenMessageError) as caught:
            await register(deps, resident, index, sequence=2)
        assert caught.value.reason == "another-holder"
        with pytest.raises(BrokenMessageError) as caught:
            await hear(people.suspend_person, said, deps)
        assert caught.value.reason == "another-holder"
