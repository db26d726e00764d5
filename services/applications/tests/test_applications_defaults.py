"""What answers a form where the applicant does not: what the document says that is asked first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from applications import views
from applications.domain.record import Value
from applications.events import ItemPublished
from applications.handlers import catalogue, lifecycle, people, queries
from applications.handlers.lifecycle import NewApplication
from applications.handlers.parties import NamedParty
from applications.handlers.queries import SeenApplication
from applications.store.catalogue_files import read_catalogue
from runtime.data_files import DataFileError
from services.applications.tests.office import DATA, ENROLMENT, HOME, Office, resident_token
from web.presences import PresentCaller

ON_THE_CARD = "广东省深圳市龙华区民治街道3号"
OLD = "广东省深圳市罗湖区1栋101"


def held(document_type: str, source: str = "city-mirror", **says: Value) -> views.HeldDocument:
    return views.HeldDocument(document_type=document_type, source=source, valid_until=None, says=says)


async def holds(office: Office, *documents: views.HeldDocument, who: str = "senior", sequence: int = 1) -> None:
    said = views.HoldingsChanged(resident_id=who, holdings=list(documents), sequence=sequence)
    await office.hears(people.learn_holdings, said)


async def begun(office: Office, form: Mapping[str, Value] | None = None) -> SeenApplication:
    new = NewApplication("senior-card", NamedParty(), form or {})
    outcome = await queries.changed(await lifecycle.draft(new, resident_token("senior"), office.deps), office.deps)
    return office.commits(outcome)


def taken(seen: SeenApplication) -> list[tuple[str, Value, str | None]]:
    return [(p.field.key, p.value, p.document.document_type if p.document else None) for p in seen.prefilled]


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], (ON_THE_CARD, None)),
        ([held("residence-permit", address=HOME)], (HOME, "residence-permit")),
        (
            [held("household-register", address=OLD), held("residence-permit", address=HOME)],
            (OLD, "household-register"),
        ),
        # source by source, as the matcher asks them
        (
            [held("household-register", "district-store", address=OLD), held("residence-permit", address=HOME)],
            (HOME, "residence-permit"),
        ),
        ([held("residence-permit")], (ON_THE_CARD, None)),
        ([held("bank-account", address=OLD)], (ON_THE_CARD, None)),
        ([held("residence-permit", address="长" * 201)], (ON_THE_CARD, None)),
    ],
)
async def test_the_address_is_what_the_document_says_that_will_prove_it(
    office: Office, documents: list[views.HeldDocument], expected: tuple[str, str | None]
) -> None:
    await holds(office, *documents)
    explained = office.commits(
        await catalogue.explain("senior-card", None, PresentCaller(resident_token("senior")), office.deps)
    )
    shown = [(p.field.key, p.value, p.document.document_type if p.document else None) for p in explained.prefilled]
    seen = await begun(office)
    assert taken(seen) == shown == [("registered_address", *expected)]
    submitted = await office.submits(seen.application.id)
    assert submitted.form == {"registered_address": expected[0]}


async def test_the_address_of_a_permit_is_that_of_the_home_that_is_held_and_may_be_used(office: Office) -> None:
    tenancy = held("rental-contract-record", address=HOME).model_copy(update={"evidence_id": "ten-1"})
    await holds(office, tenancy, who="newcomer")
    by = resident_token("newcomer")
    outcome = await lifecycle.draft(NewApplication("residence-permit", NamedParty(), {}), by, office.deps)
    seen = office.commits(await queries.changed(outcome, office.deps))
    assert taken(seen) == [("address", HOME, "rental-contract-record")]
    declined = lifecycle.ApplicationChange({}, {"housing": {"ten-1": "decline"}})
    changed = await lifecycle.change(seen.application.id, declined, by, office.deps, if_match=None)
    assert taken(office.commits(await queries.changed(changed, office.deps))) == []


async def test_an_answer_of_the_applicant_s_own_is_taken_instead(office: Office) -> None:
    await holds(office, held("residence-permit", address=HOME))
    seen = await begun(office, {"registered_address": OLD})
    assert taken(seen) == []
    assert (await office.submits(seen.application.id)).form == {"registered_address": OLD}


async def test_what_became_known_after_the_draft_counts_when_it_is_looked_at_and_submitted(office: Office) -> None:
    seen = await begun(office)
    await holds(office, held("residence-permit", address=HOME))
    by = resident_token("senior")
    again = office.commits(await queries.see(seen.application.id, by, office.deps))
    assert taken(again) == [("registered_address", HOME, "residence-permit")]
    submitted = await office.submits(seen.application.id)
    assert submitted.form["registered_address"] == HOME
    assert office.commits(await queries.see(seen.application.id, by, office.deps)).prefilled == ()


async def test_nobody_s_form_is_filled_with_another_s_document(office: Office) -> None:
    await holds(office, held("residence-permit", address=OLD), who="child")
    await holds(office, held("residence-permit", address=OLD), who="landlord")
    id = await office.applies("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)
    assert office.now(id).form["registered_address"] == "湖南省邵阳市邵东县1号"


async def test_fewer_months_than_the_item_asks_for_have_to_be_brought(office: Office) -> None:
    for months, need in ((11, "needed"), (12, "held"), (240, "held")):
        work = held("social-insurance-record", months_paid=months)
        await holds(office, work, who="newcomer", sequence=months)
        by = resident_token("newcomer")
        explained = office.commits(await catalogue.explain("residence-permit", None, PresentCaller(by), office.deps))
        assert {each.requirement.key: each.need for each in explained.documents}["work"] == need


@pytest.mark.parametrize("path", ["document.photo", "document.landlord", "applicant.nothing"])
def test_a_default_that_no_document_can_give_is_refused_with_its_place(tmp_path: Path, path: str) -> None:
    for file in DATA.rglob("*.yaml"):
        copy = tmp_path / file.relative_to(DATA)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(file.read_text().replace("document.status", path))
    with pytest.raises(DataFileError, match=r"s(chool-enrolment|enior-card)\.yaml"):
        read_catalogue(tmp_path)


async def test_others_are_told_where_the_answers_stand(office: Office) -> None:
    for outcome in await catalogue.publish_items(office.deps):
        office.commits(outcome)
    told = {event.item: event.defaults for event in office.events(ItemPublished)}
    assert told["senior-card"] == {"registered_address": ["document.status", "applicant.address"]}
    assert told["rental-contract-filing"] == {}
