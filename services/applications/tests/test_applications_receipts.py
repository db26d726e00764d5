"""The receipt: everything that a page on paper says of an application."""

from __future__ import annotations

from datetime import date

import pytest

from applications.api.labels import Labels
from applications.domain.inquiry_code import shown
from applications.domain.item import Choice, FormField
from applications.domain.record import Localised
from applications.events import DataAccessed
from applications.handlers import lifecycle
from applications.receipts import use_cases
from applications.receipts.api import ReceiptView
from bus.event import Outcome
from runtime.errors import Conflict, NotFound
from runtime.texts import Language, Texts
from services.applications.tests.office import CATALOGUE, NOON, Office, resident_token
from standards.working_days import Calendar
from testkit.fakes import apply


async def issued(office: Office, id: str, by: str = "newcomer", language: Language = "zh-CN") -> ReceiptView:
    receipt = office.commits(await use_cases.issue(id, resident_token(by), office.deps))
    return ReceiptView.of(receipt, Labels(language, Texts.of("applications"), office.catalogue, Calendar.load()))


async def test_it_says_what_was_applied_for_with_answers_documents_promise_number_and_code(office: Office) -> None:
    id = await office.enrols()
    await office.matches(id, "housing")
    made, application = await issued(office, id), office.now(id)
    assert (made.item.name, made.department.name) == ("教育入学", "教育部门")
    assert (made.applicant, made.subject) == ("李育成", "李小雨")
    assert (made.number, made.code) == (application.reference, shown(application.inquiry_code))
    assert made.number in made.inquiry_text
    assert made.code in made.inquiry_text
    assert (made.submitted_at, made.issued_at, made.promise.text) == (NOON, NOON, "20个工作日内办结")
    assert made.due_text == "承诺在2026年12月21日前办结。"
    answers = {each.label: each.value for each in made.answers}
    assert answers["出生医学证明上的父母姓名"] == "李育成、王芳"
    assert made.answers[0].label == "现居住地址"
    documents = {each.any_of[0].code: each for each in made.documents}
    housing, card = documents["property-certificate"], documents["id-card"]
    assert housing.proof is not None
    assert (housing.proof.source_name, housing.proven_on) == ("市资源中心", date(2026, 11, 23))
    assert (card.proof, card.proven_on, card.standing_name) == (None, None, "正在比对")
    assert documents["birth-certificate"].holder_name == "子女"
    assert made.notices.policy == "all"


async def test_answers_are_written_as_people_read_them(office: Office) -> None:
    offered = (Choice(value="x1", label=Localised.model_validate({"zh-CN": "甲", "en": "first"})),)
    label = Localised.model_validate({"zh-CN": "问题", "en": "Question"})
    extra = tuple(
        FormField.model_validate({"key": key, "type": kind, "label": label, "choices": choices, "required": False})
        for key, kind, choices in (("yes", "boolean", ()), ("pick", "choice", offered), ("none", "text", ()))
    )
    item = CATALOGUE.item("rental-contract-filing")
    item = item.model_copy(update={"form": (*item.form, *extra)})
    other = Office(catalogue=type(CATALOGUE)({item.code: item}, CATALOGUE.document_types, CATALOGUE.departments))
    await other.knows_family()
    id = await other.files_tenancy()
    answered = {**(other.now(id).submitted_form or {}), "yes": True, "pick": "x1", "none": ""}
    apply(Outcome(changes=[other.applications.save(other.now(id).model_copy(update={"submitted_form": answered}))]))
    made = await issued(other, id)
    assert [each.value for each in made.answers][1:] == ["2026年12月1日", "2028年11月30日", "是", "甲"]
    assert [each.value for each in (await issued(other, id, language="en")).answers][-1] == "first"
    assert made.second_party is not None
    assert (made.second_party.name, made.second_party.confirmed_on) == (None, None)
    await other.confirms(id)
    confirmed = (await issued(other, id)).second_party
    assert confirmed is not None
    assert (confirmed.role, confirmed.name, confirmed.confirmed_on) == ("出租人", "陈*英", date(2026, 11, 23))


async def test_documents_of_an_application_that_was_withdrawn_are_no_longer_looked_at(office: Office) -> None:
    id = await office.enrols()
    await office.matches(id, "housing")
    office.commits(await lifecycle.withdraw(id, None, resident_token("newcomer"), office.deps, if_match=None))
    assert {each.standing_name for each in (await issued(office, id)).documents} == {"已证明", "不再审核"}


async def test_there_is_none_of_a_draft_and_none_of_anybody_elses(office: Office) -> None:
    draft = await office.drafts("senior-card", "senior")
    with pytest.raises(Conflict, match="no-receipt-yet"):
        await issued(office, draft, by="senior")
    id = await office.files_tenancy()
    for other in ("landlord", "senior", "child"):
        with pytest.raises(NotFound):
            await issued(office, id, by=other)


async def test_a_look_at_a_childs_is_told_and_one_at_ones_own_is_not(office: Office) -> None:
    await issued(office, await office.files_tenancy())
    assert office.events(DataAccessed) == []
    await issued(office, await office.enrols())
    assert [event.holder.resident_id for event in office.events(DataAccessed)] == ["child"]


async def test_one_of_an_earlier_release_gets_its_code_once(office: Office) -> None:
    id = await office.files_tenancy()
    apply(Outcome(changes=[office.applications.save(office.now(id).model_copy(update={"inquiry_code": ""}))]))
    assert office.now(id).inquiry_digest is None
    first, second = await issued(office, id), await issued(office, id)
    assert first.code == second.code != ""
