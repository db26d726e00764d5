"""Who may apply, what a form may say, and scans that are asked once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from applications import events, views
from applications.domain.catalogue import Catalogue
from applications.domain.people import ResidentHolding
from applications.domain.rules import AgeRule
from applications.domain.school_year import school_year_of
from applications.handlers import answers, catalogue, lifecycle, people, scans
from applications.handlers.catalogue import ExplainedItem
from applications.handlers.parties import NamedParty
from applications.handlers.scans import SWEPT_AFTER, ScanUpload
from runtime.errors import Conflict, NotAllowed, PreconditionFailed, Refusal, Refusals
from services.applications.tests.office import (
    CATALOGUE,
    ENROLMENT,
    HOME,
    TENANCY,
    Office,
    mismatched,
    resident,
    resident_token,
    review,
)
from web.presences import PresentCaller

PDF = b"%PDF-1.7 scan"


def codes(refusal: Refusal) -> list[str]:
    return [each.code for each in refusal.refusals] if isinstance(refusal, Refusals) else [refusal.code]


async def explained_to_newcomer(office: Office, item: str, child: str | None) -> ExplainedItem:
    """Explain an item to the newcomer; what is seen of the child is told, what is seen of oneself is not."""
    outcome = await catalogue.explain(item, child, PresentCaller(resident_token("newcomer")), office.deps)
    told = [event.holder.resident_id for event in outcome.published if isinstance(event, events.DataAccessed)]
    assert told == ([child] if child else [])
    assert outcome.result is not None
    return outcome.result


async def test_every_rule_that_is_not_met_is_named(office: Office) -> None:
    office.knows(resident("boy", born=date(2015, 1, 1), address="廣東省深圳市龍華區1號"))
    with pytest.raises(Refusals) as refused:
        await office.drafts("residence-permit", "boy")
    assert codes(refused.value) == ["not-eligible-age-at-least", "not-eligible-not-registered-in"]


@pytest.mark.parametrize(
    ("address", "allowance", "permit"),
    [
        ("上海市浦东新区深圳大道1号", [], None),
        ("山东省青岛市崂山区深圳路12号", [], None),
        ("海南省海口市龙华区1号", [], None),
        ("广东省深圳市龙华区民治街道1号", None, []),
        ("廣東省深圳市龍華區民治街道1號", None, []),
        ("广东省宝安县龙华镇1号", None, []),
        ("深圳市上海路1号", None, []),
    ],
)
async def test_the_front_of_an_address_says_where_a_person_is_registered(
    office: Office, address: str, allowance: list[str] | None, permit: list[str] | None
) -> None:
    """None: the item may be applied for."""
    office.knows(resident("old", born=date(1930, 1, 1), address=address))
    for item, refused, code in (
        ("senior-allowance", allowance, "not-eligible-registered-in"),
        ("residence-permit", permit, "not-eligible-not-registered-in"),
    ):
        if refused is None:
            assert await office.drafts(item, "old")
        else:
            with pytest.raises(Refusal, match=code):
                await office.drafts(item, "old")


@pytest.mark.parametrize(
    "address", ["民治街道1号", "龙华区民治街道1号", "深圳路12号", "无", "广东省深汕特别合作区鹅埠镇1号"]
)
@pytest.mark.parametrize("item", ["senior-allowance", "residence-permit"])
async def test_an_address_that_does_not_say_its_city_is_no_yes_for_either_rule(
    office: Office, address: str, item: str
) -> None:
    office.knows(resident("old", born=date(1930, 1, 1), address=address))
    with pytest.raises(Refusal, match="not-eligible-registered-unclear"):
        await office.drafts(item, "old")


async def test_an_age_is_reached_on_the_birthday(office: Office) -> None:
    office.knows(resident("almost", born=date(1966, 11, 24)), resident("just", born=date(1966, 11, 23)))
    with pytest.raises(Refusal, match="not-eligible-age-at-least"):
        await office.drafts("senior-card", "almost")
    assert await office.drafts("senior-card", "just")


@pytest.mark.parametrize(
    ("today", "measured"),
    [
        (date(2026, 8, 31), date(2026, 8, 31)),
        (date(2026, 9, 1), date(2027, 8, 31)),
        (date(2026, 11, 23), date(2027, 8, 31)),
        (date(2027, 1, 1), date(2027, 8, 31)),
    ],
)
def test_a_child_must_be_six_by_the_next_31_august(today: date, measured: date) -> None:
    rule = AgeRule(rule="age", of="subject", at_least=6, by="08-31")
    assert rule.measured_on(today) == measured
    assert school_year_of(today).first == date(measured.year, 9, 1)


async def test_a_child_too_young_for_school_is_refused(office: Office) -> None:
    office.knows(resident("baby", born=date(2021, 9, 1)))
    said = views.GuardianshipChanged(guardianship_id="g2", guardian_id="newcomer", child_id="baby", sequence=1)
    await office.hears(people.begin_guardianship, said)
    with pytest.raises(Refusal, match="not-eligible-age-at-least"):
        await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="baby"), ENROLMENT)


async def test_a_guardianship_that_has_ended_before_the_submission_is_refused(office: Office) -> None:
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    said = views.GuardianshipChanged(guardianship_id="g1", guardian_id="newcomer", child_id="child", sequence=2)
    await office.hears(people.end_guardianship, said)
    with pytest.raises(NotAllowed, match="no-guardianship"):
        await office.submits(id)
    assert office.now(id).state == "draft"


async def test_nobody_applies_for_somebody_else_where_the_item_is_for_oneself(office: Office) -> None:
    with pytest.raises(Refusal, match="subject-not-allowed"):
        await office.drafts("senior-card", "newcomer", NamedParty(subject_id="senior"))


async def test_a_retired_item_takes_no_new_applications(office: Office) -> None:
    items = {**CATALOGUE.items, "senior-card": CATALOGUE.item("senior-card").model_copy(update={"retired": True})}
    retired = Office(catalogue=Catalogue(items, CATALOGUE.document_types, CATALOGUE.departments))
    await retired.knows_family()
    with pytest.raises(Refusal, match="item-retired"):
        await retired.drafts("senior-card", "senior")


async def test_somebody_who_is_not_registered_learns_what_to_do(office: Office) -> None:
    with pytest.raises(NotAllowed, match="not-registered"):
        await office.drafts("senior-card", "stranger")


async def test_nobody_has_drafts_without_end_and_one_that_is_submitted_makes_room(office: Office) -> None:
    first = await office.drafts("senior-card", "senior")
    for _ in range(lifecycle.MOST_DRAFTS - 1):
        await office.drafts("senior-card", "senior")
    with pytest.raises(Conflict, match="too-many-drafts"):
        await office.drafts("senior-card", "senior")

    await office.submits(first)
    await office.drafts("senior-card", "senior")


async def test_an_older_version_is_not_overwritten(office: Office) -> None:
    id = await office.drafts("senior-card", "senior")
    with pytest.raises(PreconditionFailed):
        await lifecycle.change(id, lifecycle.ApplicationChange({}), resident_token("senior"), office.deps, if_match=7)


async def test_the_card_s_address_answers_where_the_applicant_does_not(office: Office) -> None:
    id = await office.applies("senior-card", "senior")
    assert office.now(id).form == {"registered_address": "广东省深圳市龙华区民治街道3号"}


async def test_a_submission_draws_on_what_is_known_now(office: Office) -> None:
    id = await office.drafts("senior-card", "senior")
    renewed = views.IdUpdated(
        resident_id="senior",
        name="张伟",
        birth_date=date(1951, 1, 1),
        address="深圳市龙华区新居1号",
        community="440309001001",
        sequence=2,
    )
    of_age_on = await people.majority("senior", office.deps)
    await office.hears(people.renew_resident, renewed.model_copy(update={"birth_date": date(1900, 1, 1)}))
    await office.hears(people.renew_resident, renewed.model_copy(update={"sequence": 3}))
    assert await people.majority("senior", office.deps) == of_age_on  # a card alone makes nobody of age
    await office.submits(id)
    asked = {event.requirement: event for event in office.sent()}
    assert asked["status"].claims["address"] == "深圳市龙华区新居1号"
    assert [event.community for event in office.events(events.DocumentSubmitted)] == ["440309001001"]


async def hand_in(office: Office, id: str, document_type: str = "birth-certificate") -> str:
    by, upload = resident_token("newcomer"), ScanUpload("birth-certificate", document_type, PDF)
    scan = await scans.store(id, upload, by, office.deps)
    office.commits(await scans.attach(id, scan, by, office.deps, if_match=None))
    return scan.id


async def test_what_was_handed_in_once_is_used_for_the_next_application(office: Office) -> None:
    named = NamedParty(subject_id="child")
    first = await office.drafts("school-enrolment", "newcomer", named, ENROLMENT)
    scan_id = await hand_in(office, first)
    second = await office.drafts("school-enrolment", "newcomer", named, ENROLMENT)
    await office.submits(first)
    explained = await explained_to_newcomer(office, "school-enrolment", "child")
    needs = {each.requirement.key: each.need for each in explained.documents}
    assert (needs["birth-certificate"], needs["vaccination"]) == ("handed-in", "needed")
    office.said.clear()
    await office.submits(second)
    sent = {event.requirement: event for event in office.sent()}
    assert [scan.scan_id for scan in sent["birth-certificate"].scans] == [scan_id]
    assert [scan.id for scan in office.now(second).scans] == [scan_id]


async def test_after_a_return_only_the_new_scan_counts(office: Office) -> None:
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    await hand_in(office, id)
    await office.submits(id)
    said = views.ReviewReturned.model_validate(review(office.now(id), "birth-certificate", "returned"))
    await office.hears(answers.note_review_returned, said)
    new = await hand_in(office, id)
    office.said.clear()
    await office.submits(id)
    (sent,) = [e for e in office.sent() if e.requirement == "birth-certificate"]
    assert [scan.scan_id for scan in sent.scans] == [new]


async def test_a_new_scan_reaches_whoever_is_still_looking(office: Office) -> None:
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    await office.submits(id)
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "birth-certificate"))
    said = views.ReviewReturned.model_validate(review(office.now(id), "vaccination", "returned"))
    await office.hears(answers.note_review_returned, said)
    office.hands_in(id, "vaccination")
    await hand_in(office, id)
    office.said.clear()
    await office.submits(id)
    sent = {event.requirement: event.attempt for event in office.sent()}
    assert sent == {"birth-certificate": 2, "vaccination": 2}


async def test_too_many_scans_are_refused(office: Office) -> None:
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    for _ in range(20):
        await hand_in(office, id)
    with pytest.raises(Refusal, match="too-many-scans"):
        await hand_in(office, id)
    assert len(office.files.contents) == 20


async def test_the_sweep_removes_what_a_crash_left_and_nothing_else(office: Office) -> None:
    id = await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    kept = await hand_in(office, id)
    by, upload = resident_token("newcomer"), ScanUpload("birth-certificate", "birth-certificate", PDF)
    await scans.store(id, upload, by, office.deps)  # and never attached
    await scans.sweep(office.deps)
    assert len(office.files.contents) == 2  # too young to be swept: its commit may be under way
    office.later(SWEPT_AFTER + timedelta(seconds=1))
    await scans.sweep(office.deps)
    assert set(office.files.contents) == {kept}
    assert office.files.trusted == {kept}


async def test_documents_that_government_holds_need_not_be_brought(office: Office) -> None:
    held = [
        views.HeldDocument(document_type="id-card", source="city-mirror", valid_until=None),
        views.HeldDocument(document_type="property-certificate", source="city-mirror", valid_until=date(2026, 1, 1)),
        views.HeldDocument(
            document_type="rental-contract-record", source="district-store", valid_until=date(2028, 1, 1)
        ),
    ]
    said = views.HoldingsChanged(resident_id="newcomer", holdings=held, sequence=1)
    await office.hears(people.learn_holdings, said)
    explained = await explained_to_newcomer(office, "school-enrolment", "child")
    by_key = {each.requirement.key: each for each in explained.documents}
    assert by_key["guardian-id-card"].need == "held"
    holding = by_key["housing"].holding  # the certificate has expired
    assert holding == ResidentHolding(
        document_type="rental-contract-record", source="district-store", valid_until=date(2028, 1, 1)
    )
    assert by_key["birth-certificate"].need == "needed"
    assert explained.eligible


async def test_an_item_for_children_is_explained_without_one_as_far_as_it_goes(office: Office) -> None:
    explained = await explained_to_newcomer(office, "school-enrolment", None)
    assert explained.rules == ()
    assert {each.need for each in explained.documents if each.requirement.holder == "subject"} == {"choose-child"}


async def test_without_a_child_nobody_is_told_that_they_may_apply_for_one(office: Office) -> None:
    assert (await explained_to_newcomer(office, "school-enrolment", None)).eligible is None
    assert (await explained_to_newcomer(office, "school-enrolment", "child")).eligible is True
    suspended = office.residents.all["newcomer"].model_copy(update={"suspended": True})
    office.knows(suspended)
    assert (await explained_to_newcomer(office, "school-enrolment", None)).eligible is False


async def test_the_second_party_s_documents_are_not_told_to_the_applicant(office: Office) -> None:
    explained = await explained_to_newcomer(office, "rental-contract-filing", None)
    needs = {each.requirement.key: each.need for each in explained.documents}
    assert needs == {"tenant-id-card": "needed", "landlord-id-card": "other-party", "landlord-property": "other-party"}


async def test_a_stranger_s_child_is_not_explained(office: Office) -> None:
    with pytest.raises(NotAllowed, match="no-guardianship"):
        await catalogue.explain("school-enrolment", "child", PresentCaller(resident_token("senior")), office.deps)


async def test_a_form_is_not_changed_while_it_is_in_progress(office: Office) -> None:
    id = await office.files_tenancy()
    with pytest.raises(Conflict, match="already-submitted"):
        await lifecycle.change(
            id, lifecycle.ApplicationChange({"address": HOME}), resident_token("newcomer"), office.deps, if_match=None
        )


async def test_a_day_is_shenzhen_s(office: Office) -> None:
    office.clock.now = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)  # 1 December, 1 a.m. in Shenzhen
    with pytest.raises(Refusal, match="form-date-past"):
        await office.drafts(
            "rental-contract-filing",
            "newcomer",
            NamedParty(second_party_number="440309194906150026"),
            {**TENANCY, "term_from": "2026-01-01", "term_to": "2026-11-30"},
        )
