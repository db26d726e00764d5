"""Progress by number and code: for whoever has both, and without a word about a person."""

from __future__ import annotations

import asyncio
import string
from collections.abc import Awaitable, Callable

import pytest

from applications import views
from applications.api.labels import Labels
from applications.domain.inquiry_code import digest_of, new_code, shown
from applications.handlers import answers, lifecycle
from applications.inquiries import use_cases
from applications.inquiries.api import ProgressView
from runtime.errors import NotFound
from runtime.texts import Language, Texts
from services.applications.tests.office import (
    CATALOGUE,
    ENROLMENT,
    NUMBER_OF,
    TENANCY,
    Office,
    mismatched,
    resident_token,
    review,
    task_of,
)
from services.applications.tests.service import Service
from standards.working_days import Calendar


async def asked(office: Office, id: str, language: Language = "en") -> ProgressView:
    application = office.now(id)
    found = await use_cases.ask(application.reference, shown(application.inquiry_code), office.deps)
    return ProgressView.of(found, Labels(language, Texts.of("applications"), CATALOGUE, Calendar.load()))


async def test_who_has_number_and_code_reads_where_it_stands(office: Office) -> None:
    id = await office.applies("residence-permit", "newcomer", form={"address": TENANCY["address"]})
    found = await asked(office, id)
    assert (found.item.name, found.state, found.due_on) == ("Residence permit", "in-progress", office.now(id).due_on)
    assert [each.text for each in found.now] == ["The documents are being compared automatically."]
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "work"))
    await office.hears(answers.note_review_requested, task_of(office.now(id), "work", department="social-insurance"))
    await office.matches(id, "id-card", "photo", "housing")
    found = await asked(office, id)
    assert [each.text for each in found.now] == [
        "Social Insurance is reviewing the documents and answers by 26 November 2026."
    ]
    assert {each.kind for each in found.steps} == {"submitted", "sent-to-review"}
    office.commits(await lifecycle.withdraw(id, "搬走了", resident_token("newcomer"), office.deps, if_match=None))
    found = await asked(office, id, "zh-CN")
    assert ([each.text for each in found.now], found.state_name) == (["办理已结束：已撤回。"], "已撤回")


async def ends_in_a_return(office: Office) -> str:
    id = await office.enrols()
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "birth-certificate"))
    await office.hears(answers.note_review_requested, task_of(office.now(id), "birth-certificate"))
    said = review(office.now(id), "birth-certificate", "returned") | {"message": "请李育成本人补交小雨的证明"}
    await office.hears(answers.note_review_returned, views.ReviewReturned.model_validate(said))
    return id


async def ends_in_a_rejection(office: Office) -> str:
    id = await office.enrols()
    await office.hears(answers.note_mismatch, mismatched(office.now(id), "birth-certificate"))
    said = review(office.now(id), "birth-certificate", "rejected") | {"reason": "李小雨的证明不实"}
    await office.hears(answers.note_review_rejected, views.ReviewRejected.model_validate(said))
    return id


async def ends_confirmed(office: Office) -> str:
    id = await office.files_tenancy()
    await office.confirms(id)
    await office.matches(id)
    return id


async def ends_declined(office: Office) -> str:
    id = await office.files_tenancy()
    await office.confirms(id, agrees=False)
    return id


@pytest.mark.parametrize("way", [ends_in_a_return, ends_in_a_rejection, ends_confirmed, ends_declined])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_nothing_is_said_about_a_person(
    office: Office, way: Callable[[Office], Awaitable[str]], language: Language
) -> None:
    id = await way(office)
    said = (await asked(office, id, language)).model_dump_json()
    people = office.now(id).people.values()
    secret = {value for person in people for value in (person.name, person.resident_id, person.index, person.address)}
    written = [value for form in (TENANCY, ENROLMENT) for value in form.values()]
    secret |= {each for value in written for each in (value if isinstance(value, list) else [str(value)])}
    secret |= {id, office.now(id).inquiry_code, "小雨", "补交", "不实", "印章", "child_name", NUMBER_OF["landlord"]}
    assert [each for each in secret if each in said] == []


async def test_a_wrong_number_and_a_wrong_code_are_one_answer(office: Office) -> None:
    first = office.now(await office.applies("senior-card", "senior"))
    second = office.now(await office.applies("senior-card", "senior"))
    draft = office.now(await office.drafts("senior-card", "senior"))
    tried = [
        (first.reference, new_code()),
        (first.reference, second.inquiry_code),
        ("20261123AAAAAAAA", first.inquiry_code),
        ("20261123AAAAAAAA", new_code()),
        (draft.reference, draft.inquiry_code),
        (first.id, first.inquiry_code),
        (first.reference, ""),
        (first.reference, first.inquiry_code[:-1]),
    ]
    for number, code in tried:
        with pytest.raises(NotFound, match="unknown-number-or-code"):
            await use_cases.ask(number, code, office.deps)


async def test_a_code_is_read_as_people_write_it(office: Office) -> None:
    id = await office.applies("senior-card", "senior")
    code = office.now(id).inquiry_code
    for typed in (code.lower(), shown(code), f" {code[:6]} {code[6:]} ", code.replace("0", "o").replace("1", "l")):
        found = await use_cases.ask(f"{office.now(id).reference.lower()} ", typed, office.deps)
        assert found.id == id


def test_codes_are_long_and_no_two_are_alike() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert {len(code) for code in codes} == {12}
    assert set("".join(codes)) == set(string.digits + string.ascii_uppercase) - set("ILOU")
    assert digest_of("O-i-L") == digest_of("011")


async def test_it_needs_no_account_and_how_often_it_is_tried_is_limited(service: Service) -> None:
    await service.knows("senior")
    id = await service.drafts({"item": "senior-card"}, by="senior")
    await service.submits(id, by="senior")
    receipt = (await service.call("GET", f"/v1/applications/{id}/receipt", by="senior")).json()
    known = {"number": receipt["number"], "code": receipt["code"]}
    found = await service.call("POST", "/v1/progress", known, role="")
    assert (found.status_code, found.json()["state"]) == (200, "in-progress")
    wrong = [
        await service.call("POST", "/v1/progress", known | {name: "7KQ2-M9XD-4TVA"}, role="")
        for name in ("number", "code")
    ]
    first, second = [{key: value for key, value in each.json().items() if key != "instance"} for each in wrong]
    assert (wrong[0].status_code, first) == (404, second)
    for number in (receipt["number"], "20261123NOBODYS0"):
        body = {"number": number, "code": "7KQ2-M9XD-4TVA"}
        tried = await asyncio.gather(*(service.call("POST", "/v1/progress", body, role="") for _ in range(80)))
        assert {each.status_code for each in tried} == {404, 429}
    stored = await service.database["applications"].find_one({"_id": id})
    assert receipt["code"].replace("-", "") not in str(stored)
