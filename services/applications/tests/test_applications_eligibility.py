"""What may I get: every item judged at once, for oneself or a child."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applications.api.labels import Labels
from applications.domain.eligibility import check_rules, possible_from
from applications.domain.people import Party, ResidentHolding, ResidentHoldings
from applications.domain.record import PersonRole
from applications.domain.rules import AgeRule
from applications.eligibility import use_cases
from applications.eligibility.api import EligibilityOfAllView, JudgedItemView
from applications.events import DataAccessed
from applications.handlers import catalogue
from bus.event import Outcome
from runtime.errors import NotAllowed
from runtime.texts import Language, Texts
from services.applications.tests.office import CATALOGUE, Office, resident, resident_token
from standards.working_days import Calendar
from testkit.fakes import apply
from web.presences import PresentCaller

LONGEST_WAIT = 1500
"""Days: nobody in these examples waits longer for a birthday that counts."""


async def asked(
    office: Office, by: str, child: str | None = None, language: Language = "en"
) -> dict[str, JudgedItemView]:
    found = office.commits(await use_cases.survey(child, PresentCaller(resident_token(by)), office.deps))
    wording = Labels(language, Texts.of("applications"), CATALOGUE, Calendar.load())
    return {each.item.code: each for each in EligibilityOfAllView.of(found, wording).items}


def holds(office: Office, person: str, *types: str) -> None:
    held = tuple(ResidentHolding(document_type=each, source="city-mirror", valid_until=None) for each in types)
    apply(Outcome(changes=[office.holdings.save(ResidentHoldings(id=person, sequence=1, holdings=held))]))


async def test_every_item_is_judged_what_costs_nothing_first(office: Office) -> None:
    holds(office, "senior", "id-card", "portrait-photo", "household-register")
    found = await asked(office, "senior")
    assert {code: each.verdict for code, each in found.items()} == {
        "senior-card": "may",
        "rental-contract-filing": "may",
        "senior-allowance": "may-from",
        "school-enrolment": "choose-child",
        "residence-permit": "may-not",
    }
    assert list(found)[:2] == ["rental-contract-filing", "senior-card"]
    assert found["senior-card"].text == "You may apply, and you bring nothing."
    assert [found[each].second_party for each in ("senior-card", "rental-contract-filing")] == [None, "landlord"]
    assert found["rental-contract-filing"].brings_nothing  # what the landlord holds is looked up with the application
    assert (found["senior-allowance"].possible_from, found["senior-allowance"].bring) == (
        date(2030, 1, 1), ["bank account"]
    )  # fmt: skip
    assert found["senior-allowance"].text == "You may apply from 1 January 2030."
    assert found["school-enrolment"].brings_nothing is None
    assert found["residence-permit"].reasons == ["the applicant must be registered outside Shenzhen"]


async def test_what_is_not_held_is_named_once_for_each_requirement(office: Office) -> None:
    found = (await asked(office, "newcomer", language="zh-CN"))["residence-permit"]
    assert (found.verdict, found.brings_nothing) == ("may", False)
    assert found.bring == ["居民身份证", "证件照片", "房屋租赁凭证或不动产权证书", "社保记录"]
    assert found.text == (
        "可以申请；政府没有查到的，附上扫描件可以加快办理：居民身份证；证件照片；房屋租赁凭证或不动产权证书；社保记录。"
    )


async def test_an_unmet_rule_that_no_day_mends_is_no_promise_of_a_day(office: Office) -> None:
    office.knows(resident("young-stranger", born=date(1960, 1, 1)))
    found = (await asked(office, "young-stranger"))["senior-allowance"]
    assert (found.verdict, found.possible_from, len(found.reasons)) == ("may-not", None, 2)
    assert "the applicant must be 80 or older, and is 66" in found.reasons
    chinese = (await asked(office, "young-stranger", language="zh-CN"))["senior-allowance"]
    assert "申请人须年满80周岁，现66周岁" in chinese.reasons  # no date: it counts today


async def test_a_child_is_judged_for_its_guardian_and_can_read_so(office: Office) -> None:
    found = await asked(office, "newcomer", "child")
    assert found["school-enrolment"].verdict == "may"
    assert {each.verdict for code, each in found.items() if code != "school-enrolment"} == {"may-not"}
    assert found["senior-card"].reasons == ["it can only be applied for by oneself"]
    (told,) = office.events(DataAccessed)
    assert (told.holder.resident_id, told.by.subject, told.item) == ("child", "newcomer", None)
    assert "birth-certificate" in {each.document_type for each in told.documents}
    for stranger in ("landlord", "senior"):
        with pytest.raises(NotAllowed, match="no-guardianship"):
            await asked(office, stranger, "child")
    with pytest.raises(NotAllowed, match="no-guardianship"):
        await asked(office, "newcomer", "res_there_is_none")
    assert len(office.events(DataAccessed)) == 1
    await asked(office, "newcomer")
    assert len(office.events(DataAccessed)) == 1  # a look at one's own


async def test_a_child_that_is_too_young_may_from_the_day_on_which_the_next_year_is_applied_for(office: Office) -> None:
    child = office.residents.all["child"].model_copy(update={"birth_date": date(2021, 9, 1)})
    apply(Outcome(changes=[office.residents.save(child)]))
    found = (await asked(office, "newcomer", "child"))["school-enrolment"]
    assert (found.verdict, found.possible_from) == ("may-from", date(2027, 9, 1))  # six by 31 August 2028
    assert found.reasons == ["the child must be 6 by 31 August 2027, and is 5 then"]
    chinese = (await asked(office, "newcomer", "child", language="zh-CN"))["school-enrolment"]
    assert chinese.reasons == ["子女须在2027年8月31日前年满6周岁，届时5周岁"]


async def test_whoever_is_suspended_may_have_nothing_and_reads_why(office: Office) -> None:
    newcomer = office.residents.all["newcomer"].standing(suspended=True, sequence=9)
    apply(Outcome(changes=[office.residents.save(newcomer)]))
    found = await asked(office, "newcomer")
    assert {each.verdict for each in found.values()} == {"may-not"}
    assert all("the registration of the applicant is suspended" in each.reasons for each in found.values())


async def test_a_retired_item_is_not_offered(office: Office) -> None:
    retired = {**CATALOGUE.items, "senior-card": CATALOGUE.item("senior-card").model_copy(update={"retired": True})}
    closed = Office(catalogue=type(CATALOGUE)(retired, CATALOGUE.document_types, CATALOGUE.departments))
    await closed.knows_family()
    assert "senior-card" not in await asked(closed, "senior")


@pytest.mark.parametrize(("by", "child"), [("newcomer", None), ("newcomer", "child"), ("senior", None)])
async def test_one_answer_for_all_is_the_answer_for_each(office: Office, by: str, child: str | None) -> None:
    holds(office, by, "id-card", "household-register")
    together = await asked(office, by, child)
    for code, judged in together.items():
        item = CATALOGUE.item(code)
        if child is not None and item.subject == "applicant":
            continue  # asked one by one, it is refused
        subject = child if item.subject == "child" else None
        alone = office.commits(await catalogue.explain(code, subject, PresentCaller(resident_token(by)), office.deps))
        verdicts = {True: {"may"}, None: {"choose-child"}, False: {"may-from", "may-not"}}[alone.eligible]
        assert judged.verdict in verdicts, code
        needed = [each for each in alone.documents if each.need == "needed"]
        assert len(judged.bring) == len(needed), code


@given(
    born=st.dates(date(2020, 1, 1), date(2026, 11, 1)),
    bounds=st.lists(
        st.tuples(
            st.none() | st.integers(0, 3),
            st.none() | st.integers(0, 4),
            st.none() | st.sampled_from(["08-31", "01-01", "12-31", "02-28", "11-30"]),
        ),
        max_size=3,
    ),
    now=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_the_day_that_is_named_is_the_first_on_which_every_rule_is_met(
    born: date, bounds: list[tuple[int | None, int | None, str | None]], now: date
) -> None:
    rules = tuple(AgeRule(rule="age", at_least=low, at_most=high, by=by) for low, high, by in bounds)
    item = CATALOGUE.item("senior-card").model_copy(update={"eligibility": rules})
    people: Mapping[PersonRole, Party] = {"applicant": resident("x", born=born).party}
    days = (now + timedelta(days=n) for n in range(LONGEST_WAIT))
    walked = next(
        (day for day in days if all(r.met for r in check_rules(item, people, guardian=False, today=day))), None
    )
    assert possible_from(item, people, guardian=False, today=now) == walked
