"""The dry run, the explanation before applying and the application say the same of the same facts.

Two services answer, each from what it heard: the synthetic population is told to both of them in memory, and every
person applies for every item.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from applications import views as heard
from applications.domain.item import DOCUMENT
from applications.domain.record import Value
from applications.events import DocumentSubmitted, ItemPublished
from applications.handlers import catalogue, lifecycle
from applications.handlers import people as residents
from applications.handlers.catalogue import ExplainedItem
from applications.handlers.lifecycle import NewApplication
from applications.handlers.parties import NamedParty
from bus.event import Event
from matcher import views
from matcher.domain.evidence import Evidence
from matcher.events import HoldingsChanged, MatchFailed, MatchSucceeded
from matcher.handlers import document_match, dry_run, items, people, records
from matcher.handlers.dependencies import Deps
from records.persons import by_index
from runtime.errors import NotAllowed, Refusal, Refusals
from services.applications.tests.office import CATALOGUE, NOON, Office, resident_token
from services.matcher.tests.fakes import BLIND, FakeEvidence, deps_of
from synthetic.facts import departments_facts, mirror_publications, mirror_withdrawals
from synthetic.flaws import Shares
from synthetic.households import Household
from synthetic.people import SyntheticPerson
from synthetic.population import Population
from testkit.fakes import FakeClock, apply, received
from web.auth import Principal, Role
from web.presences import PresentCaller

TODAY = date(2026, 11, 23)
SEED = int(os.environ.get("SEED", "20261123"))
OFFICIAL = Principal("official-1", Role.OFFICIAL)
MANY_FLAWS = Shares(
    flaws={
        "missing": 0.1,
        "old-address": 0.1,
        "other-script": 0.1,
        "swapped-date": 0.1,
        "expired": 0.1,
        "revoked": 0.1,
        "duplicate": 0.1,
    },
    department_only={"household-register": 0.3, "residence-permit": 0.5, "portrait-photo": 0.3},
)


@dataclass
class Town:
    """Both services, each with what it was told."""

    office: Office
    evidence: FakeEvidence
    matcher: Deps

    async def tells_matcher(self, handler: Any, data: Any, event_type: str = "x") -> list[Event]:  # noqa: ANN401 - any
        outcome = await handler(received(data, type=event_type), self.matcher)
        apply(outcome)
        for event in outcome.published:
            if isinstance(event, HoldingsChanged):
                said = heard.HoldingsChanged.model_validate(event.model_dump())
                await self.office.hears(residents.learn_holdings, said)
        return list(outcome.published)

    async def registers(self, person: SyntheticPerson) -> None:
        index = BLIND.of(person.number)
        said = {
            "resident_id": _id(person),
            "holder_index": index,
            "name": person.name,
            "sex": person.sex,
            "birth_date": person.born,
            "address": person.address,
            "community": person.community,
            "sequence": 1,
        }
        await self.office.hears(residents.learn_resident, heard.IdRegistered.model_validate(said))
        await self.tells_matcher(people.learn_person, views.PersonKnown.model_validate(said))
        card = {
            "credential_id": f"card-{index}",
            "document_type": "id-card",
            "holder": {"index": index},
            "fields": {"number": index, "name": person.name, "birth_date": person.born.isoformat()},
            "origin": "identity",
            "valid_from": person.valid_from,
            "valid_until": person.valid_until,
            "sequence": 1,
        }
        await self.tells_matcher(records.learn_credential, views.StoredCredential.model_validate(card))

    async def learns(self, population: Population) -> None:
        """Tell both services of the items, the people, and all records, withdrawn ones in any order."""
        for outcome in await catalogue.publish_items(self.office.deps):
            self.office.commits(outcome)
        for item in self.office.events(ItemPublished):
            view = views.ItemPublished.model_validate(item.model_dump())
            await self.tells_matcher(items.learn_item, view)
        for person in population.people:
            await self.registers(person)
        held = list(population.records)
        for fact in (*mirror_publications(held, NOON), *mirror_withdrawals(held, NOON)):
            gone = "withdrawn" in fact.type
            told = (views.CityRecordGone if gone else views.CityRecord).model_validate(by_index(fact.data, BLIND))
            await self.tells_matcher(records.revoke_city_record if gone else records.learn_city_record, told, fact.type)
        for fact in departments_facts(held, NOON):
            data = by_index(fact.data, BLIND)
            credential = {
                **data,
                "credential_id": f"c-{data['record_id']}",
                "holder": {"index": data["holder_index"]},
                "origin": "department",
                "valid_from": data.get("valid_from") or TODAY,
            }
            if "withdrawn" in fact.type:
                gone_ = views.CredentialGone.model_validate(credential)
                await self.tells_matcher(records.revoke_credential, gone_)
            else:
                await self.tells_matcher(records.learn_credential, views.StoredCredential.model_validate(credential))
        for made in population.households:
            if made.child is not None:
                care = heard.GuardianshipChanged(
                    guardianship_id=f"g-{made.index}", guardian_id=_id(made.head), child_id=_id(made.child), sequence=1
                )
                await self.office.hears(residents.begin_guardianship, care)

    async def explains(self, item: str, made: Household) -> ExplainedItem:
        child = _id(made.child) if made.child and CATALOGUE.item(item).subject == "child" else None
        by = PresentCaller(resident_token(_id(made.head)))
        return self.office.commits(await catalogue.explain(item, child, by, self.office.deps))

    async def dry_runs(self, item: str, made: Household, form: Mapping[str, Value]) -> dict[str, bool]:
        named: Any = {"applicant": dry_run.DryRunPerson(_id(made.head), None)}
        if made.child and CATALOGUE.item(item).subject == "child":
            named["subject"] = dry_run.DryRunPerson(_id(made.child), None)
        outcome = await dry_run.dry_run(dry_run.DryRunRequest(item, named, form, "比较"), OFFICIAL, self.matcher)
        assert outcome.result is not None
        return {each.requirement.key: each.verdict.proven for each in outcome.result.tried if each.verdict}

    async def applies(self, item: str, made: Household, form: Mapping[str, Value]) -> dict[str, bool] | None:
        """Apply, and have the matcher answer; None when it is refused to apply at all."""
        child = _id(made.child) if made.child and CATALOGUE.item(item).subject == "child" else None
        landlord = made.landlord.number if made.landlord and CATALOGUE.item(item).second_party else None
        named = NamedParty(subject_id=child, second_party_number=landlord)
        by = resident_token(_id(made.head))
        try:
            drafted = await lifecycle.draft(NewApplication(item, named, form), by, self.office.deps)
        except (NotAllowed, Refusal, Refusals):
            return None
        id = self.office.commits(drafted).id
        await self.office.submits(id)
        answers: dict[str, bool] = {}
        for asked in self.office.events(DocumentSubmitted):
            if asked.application_id == id:
                view = views.DocumentSubmitted.model_validate(asked.model_dump())
                for answer in await self.tells_matcher(document_match.match_documents, view):
                    assert isinstance(answer, MatchSucceeded | MatchFailed)
                    proven = isinstance(answer, MatchSucceeded)
                    answers |= {document.requirement: proven for document in answer.documents}
        return answers


def _id(person: SyntheticPerson) -> str:
    return f"res_{BLIND.of(person.number)[:20]}"


def _answers(item: str, made: Household) -> dict[str, Value]:
    """Return what only the applicant can answer, as it stands on the papers at home."""
    given: dict[str, Value] = {
        "address": made.home.address,
        "parents": list(made.parents),
        "account_number": made.account_number,
        "term_from": "2026-12-01",
        "term_to": "2028-11-30",
    }
    fields = [field for field in CATALOGUE.item(item).form if field.required]
    asked = {field.key for field in fields if all(place.startswith(DOCUMENT) for place in field.default)}
    return {key: value for key, value in given.items() if key in asked}


def _as_held(item: str, made: Household, town: Town) -> dict[str, Value]:
    """Return the answers that agree with what is held, where something is."""
    form = _answers(item, made)
    for requirement in CATALOGUE.item(item).requirements:
        who = {"applicant": made.head, "subject": made.child or made.head, "second-party": None}[requirement.holder]
        evidence = town.evidence.all[BLIND.of(who.number)] if who else Evidence(id="")
        held = {(each.document_type, each.source) for each in evidence.holdings}
        for record in evidence.records:
            if (record.document_type, record.source) in held and record.document_type in requirement.any_of:
                content = record.content.fields if record.standing(TODAY) == "valid" and record.content else {}
                for name, claim in requirement.claims.items():
                    key = str(claim).removeprefix("form.")
                    if key in form and name in content and requirement.holder != "second-party":
                        form[key] = content[name]
    return form


@pytest.fixture(scope="module")
def population() -> Population:
    print(f"SEED={SEED}")
    return Population(SEED, TODAY, 60, MANY_FLAWS)


@pytest.fixture
async def town(population: Population) -> Town:
    evidence = FakeEvidence()
    town = Town(Office(), evidence, deps_of(evidence, clock=FakeClock(NOON)))
    await town.learns(population)
    return town


async def test_three_ways_of_asking_give_one_answer(town: Town, population: Population) -> None:
    compared, refused, proven = 0, 0, 0
    for made in population.households:
        for item in CATALOGUE.items.values():
            if (item.subject == "child" and made.child is None) or (item.second_party and made.landlord is None):
                continue
            explained = await town.explains(item.code, made)
            known = {each.field.key for each in explained.prefilled}
            form = {key: value for key, value in _as_held(item.code, made, town).items() if key not in known}
            tried = await town.dry_runs(item.code, made, form)
            answered = await town.applies(item.code, made, form)
            where = f"SEED={SEED} household {made.index} {item.code}"
            assert (answered is not None) == explained.eligible, where
            told = {
                each.requirement.key: each.need == "held" for each in explained.documents if each.need != "other-party"
            }
            assert {key: tried[key] for key in told} == told, where
            if answered is None:
                refused += 1
                continue
            assert answered == {key: tried[key] for key in answered} == told, where
            compared += len(answered)
            proven += sum(answered.values())
    assert compared > 300
    assert refused > 50
    assert 0.3 < proven / compared < 0.95
    print(f"{compared} documents compared, {proven} proven, {refused} not entitled")


async def test_whatever_is_written_at_home_the_dry_run_is_the_application(town: Town, population: Population) -> None:
    for made in population.households:
        for item in CATALOGUE.items.values():
            if (item.subject == "child" and made.child is None) or item.second_party:
                continue
            form = _answers(item.code, made)
            tried = await town.dry_runs(item.code, made, form)
            answered = await town.applies(item.code, made, form)
            explained = await town.explains(item.code, made)
            held = {each.requirement.key for each in explained.documents if each.need == "held"}
            if answered is not None:
                assert answered == tried, f"SEED={SEED} household {made.index} {item.code}"
                assert {key for key, proven in answered.items() if proven} <= held


async def test_what_items_draw_from_the_holder_is_what_the_comparison_takes_for_the_holder_s(town: Town) -> None:
    rules = town.matcher.rules
    paths = {"holder.name": "name", "holder.birth_date": "birth_date"}
    for item in CATALOGUE.items.values():
        for requirement in item.requirements:
            for name, claim in requirement.claims.items():
                for rule in (rules[code].fields.get(name) for code in requirement.any_of):
                    where = f"{item.code}/{requirement.key}/{name}"
                    if rule is None or rule.claim != "required":
                        continue
                    assert rule.own == paths.get(str(claim)), where
                    if not isinstance(claim, str) or any(
                        field.key == claim.removeprefix("form.")
                        and any(path.startswith("document.") for path in field.default)
                        for field in item.form
                    ):
                        assert rule.told, f"{where}: applications can't know what the document says"
