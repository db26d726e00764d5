"""What a resident is shown of the evidence, and that what was declined is compared with nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.event import Outcome
from matcher.api.preview_views import PreviewView
from matcher.domain.evidence import Evidence
from matcher.domain.verdicts import decide
from matcher.events import DataAccessed, MatchFailed, MatchSucceeded
from matcher.handlers import document_match, items, records
from matcher.handlers.dependencies import Deps
from matcher.handlers.preview import MatchPreview, preview
from matcher.views import CityRecord, ItemPublished
from privacy import guardianships
from privacy.guardianships import GuardianshipNews
from runtime.errors import NotAllowed, NotFound
from services.matcher.tests.fakes import BLIND, RULES, deps_of
from services.matcher.tests.test_matcher_deciding import CLAIMS, PROPERTY, TODAY, record
from services.matcher.tests.test_matcher_handlers import (
    CARD,
    FLAT,
    INDEX,
    document,
    hear,
    hold,
    register,
    submission,
    submitted,
)
from testkit.fakes import FakeClock, apply, received
from web.auth import Principal, Role
from web.presences import PresentCaller

ANN, STRANGER = Principal("res_1", Role.RESIDENT), Principal("res_9", Role.RESIDENT)
CHILD = BLIND.of("440309202005010012")
REGISTER = {"holder_name": "李育成", "household_number": "H1", "address": FLAT}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def deps(clock: FakeClock) -> Deps:
    deps = deps_of(clock=clock)
    wanted = [("id-card", "id-card", "applicant"), ("birth-certificate", "birth-certificate", "subject")]
    wanted += [("status", "household-register", "applicant"), ("other", "id-card", "second-party")]
    requirements = [{"key": key, "document_types": [kind], "holder": who, "claims": {}} for key, kind, who in wanted]
    requirements[0]["claims"] = {"name": "holder.name", "birth_date": "holder.birth_date"}
    await hear(
        items.learn_item, ItemPublished.model_validate({"item": "senior-card", "requirements": requirements}), deps
    )
    await register(deps)
    await register(deps, "res_2", CHILD)
    return deps


async def cares(deps: Deps, *, active: bool, sequence: int) -> None:
    said = GuardianshipNews(guardianship_id="g", guardian_id="res_1", child_id="res_2", sequence=sequence)
    await hear(guardianships.begin if active else guardianships.end, said, deps)


async def seen(deps: Deps, subject_id: str | None = None, by: Principal | PresentCaller = ANN) -> Outcome[MatchPreview]:
    return await preview("senior-card", subject_id, by if isinstance(by, PresentCaller) else PresentCaller(by), deps)


def shown(outcome: Outcome[MatchPreview], language: str = "en") -> dict[str, Any]:
    assert outcome.result is not None
    view = PreviewView.of(outcome.result, language).model_dump(mode="json")
    return {each["requirement"]: each for each in view["requirements"]}


async def test_every_value_is_shown_with_its_keeper_and_age(deps: Deps, clock: FakeClock) -> None:
    told = CityRecord.model_validate(
        {"record_id": "c1", "document_type": "household-register", "holder_index": INDEX, "fields": REGISTER,
         "valid_from": None, "valid_until": "2027-06-30", "sequence": 1}
    )  # fmt: skip
    event = replace(received(told, type="city.event.v1"), time=clock() - timedelta(days=12))
    apply(await records.learn_city_record(event, deps))
    await hold(deps, "id-card", CARD)
    requirements = shown(await seen(deps))
    [held] = requirements["status"]["held"]
    assert held["evidence_id"] == "c1"
    assert held["keeper"]["name"] == "the city's resource centre"
    assert (held["age_days"], held["age_text"]) == (12, "updated 12 days ago")
    assert (held["standing"], held["valid_until"]) == ("valid", "2027-06-30")
    assert held["fields"][0]["label"] != "holder_name"
    assert [each["text"] for each in held["fields"]] == ["李育成", "H1", FLAT]
    [card] = requirements["id-card"]["held"]
    assert requirements["id-card"]["proven"]
    assert card["fields"][0]["value"] is None
    assert INDEX not in str(requirements)


async def test_of_the_other_party_nothing_is_shown_and_of_a_child_only_to_the_guardian(deps: Deps) -> None:
    await hold(
        deps, "birth-certificate", {"child_name": "李小雨", "birth_date": "2020-05-01", "parents": ["李育成"]}, CHILD
    )
    assert "other" not in shown(await seen(deps))
    for who, child in ((ANN, "res_2"), (STRANGER, "res_2"), (ANN, "res_of_nobody")):
        with pytest.raises(NotAllowed, match="no-guardianship" if who is ANN else "not-registered"):
            await seen(deps, child, who)
    await cares(deps, active=True, sequence=1)
    assert shown(await seen(deps, "res_2"))["birth-certificate"]["held"][0]["fields"][0]["text"] == "李小雨"
    await cares(deps, active=False, sequence=2)
    await cares(deps, active=True, sequence=1)  # late
    with pytest.raises(NotAllowed, match="no-guardianship"):
        await seen(deps, "res_2")
    with pytest.raises(NotFound, match="item-unknown"):
        await preview("no-such-item", None, PresentCaller(ANN), deps)


async def test_every_look_is_recorded_also_ones_own(deps: Deps) -> None:
    await hold(deps, "household-register", REGISTER)
    await cares(deps, active=True, sequence=1)
    own, childs = (await seen(deps, "res_2")).published
    assert isinstance(own, DataAccessed)
    assert isinstance(childs, DataAccessed)
    assert (own.holder.resident_id, own.by.subject, own.how, own.what) == ("res_1", "self", "viewed", "evidence")
    assert (childs.holder.resident_id, childs.by.subject, childs.by.role) == ("res_2", "res_1", "resident")
    assert [each.document_type for each in own.documents] == ["household-register"]


async def test_who_read_the_card_sees_what_the_person_sees_and_the_person_reads_that(deps: Deps) -> None:
    await hold(deps, "household-register", REGISTER)
    await cares(deps, active=True, sequence=1)
    clerk = PresentCaller(ANN, Principal("clerk-7", Role.CLERK), "prs_1")
    outcome = await seen(deps, "res_2", clerk)
    assert [each["text"] for each in shown(outcome)["status"]["held"][0]["fields"]] == ["李育成", "H1", FLAT]
    told = [each for each in outcome.published if isinstance(each, DataAccessed)]
    assert [(each.holder.resident_id, each.by.subject) for each in told] == [("res_1", "clerk-7"), ("res_2", "clerk-7")]
    with pytest.raises(NotAllowed, match="no-guardianship"):
        await seen(deps, "res_9", clerk)


async def test_what_was_declined_proves_nothing_and_a_person_is_told_so(deps: Deps) -> None:
    await hold(deps, "id-card", CARD)
    asked = submitted("id-card", claims=CARD)
    [answer] = await hear(document_match.match_documents, asked, deps)
    assert isinstance(answer, MatchSucceeded)
    refused = submission(document("id-card", claims=CARD, declined=(answer.documents[0].evidence_id,)))
    for was_handled in (False, True):
        outcome = await document_match.match_documents(replace(received(refused), was_handled=was_handled), deps)
        assert [type(each) for each in outcome.events] == ([] if was_handled else [MatchFailed])
    [failed] = (await document_match.match_documents(received(refused), deps)).events
    assert isinstance(failed, MatchFailed)
    [unproven] = failed.documents
    assert {(each.reason, each.held) for each in unproven.fields} == {("declined", None)}
    assert unproven.evidence_id is None


def test_another_record_that_says_the_same_is_not_compared_either() -> None:
    same = record({**PROPERTY, "address": "龙华区民治街道梅陇镇花园三栋1201"}, source="district-store", id="r2")
    other = record({**PROPERTY, "address": "龙华区民治街道梅陇镇花园3栋1202"}, source="district-store", id="r3")
    held = Evidence(id="index", resident_id="res_1").with_records([record(PROPERTY), same, other])
    verdict = decide(held, ["property-certificate"], CLAIMS, RULES, TODAY, declined=["r1"])
    assert not verdict.proven
    assert verdict.record is not None
    assert verdict.record.record_id == "r3"


@given(
    addresses=st.lists(st.sampled_from(["3栋1201", "三棟1201", "3栋1202", "4栋1201"]), min_size=1, max_size=5),
    refused=st.sets(st.integers(0, 4)),
    claimed=st.sampled_from(["3栋1201", "3栋1202", "4栋1201"]),
)
def test_nothing_that_was_declined_is_ever_the_proof_or_the_explanation(
    addresses: list[str], refused: set[int], claimed: str
) -> None:
    place = "深圳市龙华区民治街道梅陇镇花园"
    held = [record({**PROPERTY, "address": place + each}, id=f"r{n}") for n, each in enumerate(addresses)]
    evidence = Evidence(id="index", resident_id="res_1").with_records(held)
    declined = {f"r{n}" for n in refused}
    claims = {**CLAIMS, "address": place + claimed}
    verdict = decide(evidence, ["property-certificate"], claims, RULES, TODAY, declined=declined)
    if verdict.record is not None:
        assert verdict.record.record_id not in declined
    said = {each.replace("三棟", "3栋") for n, each in enumerate(addresses) if n in refused}
    assert verdict.proven == (claimed not in said and claimed in {each.replace("三棟", "3栋") for each in addresses})


async def test_repeated_news_leave_the_age_as_it_was(deps: Deps) -> None:
    said = CityRecord.model_validate(
        {"record_id": "c1", "document_type": "household-register", "holder_index": INDEX, "fields": REGISTER,
         "valid_from": None, "valid_until": None, "sequence": 1}
    )  # fmt: skip
    first, again = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    for moment in (first, again):
        apply(await records.learn_city_record(replace(received(said, type="city.event.v1"), time=moment), deps))
    [held] = shown(await seen(deps))["status"]["held"]
    assert held["told_at"] == "2026-01-01T00:00:00Z"
