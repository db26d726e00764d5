"""What an applicant declines of what government holds: it travels with the application and is kept through a return."""

from __future__ import annotations

import pytest

from applications import events, views
from applications.domain.application import Application
from applications.domain.evidence_choices import MOST, Changes
from applications.domain.form import Prefilled
from applications.domain.reasons import failures_of
from applications.handlers import answers, lifecycle, people, queries
from applications.handlers.parties import NamedParty
from bus.event import Outcome
from runtime.errors import Refusal
from services.applications.tests.office import ENROLMENT, NUMBER_OF, TENANCY, Office, mismatched, resident_token
from services.applications.tests.test_applications_returns import returned

NEWCOMER = resident_token("newcomer")


async def chooses(office: Office, id: str, evidence: Changes, *, by: str = "newcomer") -> None:
    change = lifecycle.ApplicationChange({}, evidence)
    office.commits(await lifecycle.change(id, change, resident_token(by), office.deps, if_match=None))


def declined_in(outcome: Outcome[Application]) -> dict[str, tuple[str, ...]]:
    sent = [each for each in outcome.events if isinstance(each, events.DocumentSubmitted)]
    return {document.requirement: document.declined for each in sent for document in each.documents}


async def submitted(office: Office, id: str, *, by: str = "newcomer") -> dict[str, tuple[str, ...]]:
    outcome = await lifecycle.submit(id, resident_token(by), office.deps, if_match=None)
    office.commits(outcome)
    return declined_in(outcome)


async def enrolment(office: Office) -> str:
    return await office.drafts("school-enrolment", "newcomer", NamedParty(subject_id="child"), ENROLMENT)


async def test_what_was_declined_goes_out_with_the_document_and_nothing_else_does(office: Office) -> None:
    id = await enrolment(office)
    await chooses(office, id, {"birth-certificate": {"c1": "decline", "c2": "use"}, "status": {"c3": "use"}})
    sent = await submitted(office, id)
    assert sent["birth-certificate"] == ("c1",)
    assert {key for key, declined in sent.items() if declined} == {"birth-certificate"}
    seen = (await queries.see(id, NEWCOMER, office.deps)).result
    assert seen is not None
    assert seen.application.evidence["birth-certificate"] == {"c1": "decline", "c2": "use"}


async def test_a_choice_can_be_taken_back_and_what_was_not_named_stays(office: Office) -> None:
    id = await enrolment(office)
    await chooses(office, id, {"birth-certificate": {"c1": "decline", "c2": "decline"}})
    await chooses(office, id, {"birth-certificate": {"c1": None}})
    await chooses(office, id, {"status": {"c3": "decline"}})
    await chooses(office, id, {"status": {"c3": None}})
    assert office.now(id).evidence == {"birth-certificate": {"c2": "decline"}}


async def test_a_return_keeps_the_choices_and_another_one_is_asked_anew(office: Office) -> None:
    id = await enrolment(office)
    await chooses(office, id, {"birth-certificate": {"c1": "decline"}})
    await submitted(office, id)
    await returned(office, id, "vaccination", "child_name")
    await chooses(office, id, {"vaccination": {"c9": "decline"}})
    assert await submitted(office, id) == {"vaccination": ("c9",)}  # the other one still is as it was asked
    assert office.now(id).evidence["birth-certificate"] == {"c1": "decline"}


async def test_a_proof_ends_when_its_record_is_declined_afterwards(office: Office) -> None:
    id = await enrolment(office)
    await submitted(office, id)
    await office.matches(id, "birth-certificate")
    await returned(office, id, "vaccination", "child_name")
    await chooses(office, id, {"birth-certificate": {"c1": "decline"}, "vaccination": {"c9": "decline"}})
    assert await submitted(office, id) == {"birth-certificate": ("c1",), "vaccination": ("c9",)}
    asked = office.now(id).asked_for("birth-certificate")
    assert asked is not None
    assert asked.standing == "waiting"


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        ({"no-such-document": {"c1": "use"}}, "evidence-unknown-requirement"),
        ({"landlord-id-card": {"c1": "decline"}}, "evidence-unknown-requirement"),
        ({"tenant-id-card": {f"c{n}": "use" for n in range(MOST + 1)}}, "evidence-too-many"),
    ],
)
async def test_a_choice_about_what_is_not_the_applicants_is_refused(
    office: Office, evidence: Changes, code: str
) -> None:
    id = await office.drafts(
        "rental-contract-filing", "newcomer", NamedParty(second_party_number=NUMBER_OF["landlord"]), TENANCY
    )
    with pytest.raises(Refusal, match=code):
        await chooses(office, id, evidence)


async def test_nothing_is_declined_where_nobody_could_look(office: Office) -> None:
    id = await office.drafts("senior-card", "senior", NamedParty(), {})
    with pytest.raises(Refusal, match="evidence-needed"):
        await chooses(office, id, {"id-card": {"c1": "decline"}}, by="senior")
    await chooses(office, id, {"id-card": {"c1": "use"}}, by="senior")


async def test_no_form_is_filled_with_what_was_declined(office: Office) -> None:
    said = views.HoldingsChanged.model_validate(
        {
            "resident_id": "newcomer",
            "holdings": [
                {"document_type": "household-register", "source": "city-mirror", "evidence_id": "c1",
                 "valid_until": None, "says": {"address": "深圳市龙华区民治街道1号"}},
            ],
            "sequence": 9,
        }
    )  # fmt: skip
    await office.hears(people.learn_holdings, said)
    id = await enrolment(office)
    assert [each.value for each in await drawn(office, id)] == ["深圳市龙华区民治街道1号"]
    await chooses(office, id, {"status": {"c1": "decline"}})
    assert await drawn(office, id) == []


async def drawn(office: Office, id: str) -> list[Prefilled]:
    """Return what documents fill the form with."""
    seen = (await queries.see(id, NEWCOMER, office.deps)).result
    assert seen is not None
    return [each for each in seen.prefilled if each.document is not None]


async def test_the_applicant_reads_that_they_declined_it_and_not_that_nothing_is_held(office: Office) -> None:
    id = await enrolment(office)
    await submitted(office, id)
    field = views.Compared(field="child_name", result="missing", reason="declined")
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "birth-certificate", field, reviewable=False))
    asked = office.now(id).asked_for("birth-certificate")
    assert asked is not None
    assert [each.code for each in failures_of(asked)] == ["evidence-declined"]
