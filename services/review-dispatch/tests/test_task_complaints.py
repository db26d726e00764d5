"""Disputed looks and requests for correction: who answers them, and what comes of the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from review_dispatch.domain import new_tasks
from review_dispatch.domain.record import DocumentHolder
from review_dispatch.domain.task import AskedCorrection, DisputedAccess, Task
from review_dispatch.events import CorrectionAnswered, DisputeAnswered
from task_window import DISTRICT, NOW, Window, opened, review, told


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


def disputed(by: str = "zhao", department: str | None = "health") -> Task:
    about = DisputedAccess(
        dispute_id="dis_1",
        holder=DocumentHolder(resident_id="res_man", index="7c" * 32),
        by=by,
        role="reviewer",
        how="viewed",
        what="task",
        document_types=("birth-certificate",),
        disputed_application="app_1",
        purpose=None,
        accessed_at=NOW,
        reason="我没有申请",
    )
    return new_tasks.dispute(about, "school-enrolment", department, district=DISTRICT, at=NOW)


async def test_a_disputed_look_is_explained_and_neither_approved_nor_rejected(window: Window) -> None:
    task = window.keep(disputed())
    await window.claim("wang", task)
    shown = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert (shown["dispute"]["by"], shown["dispute"]["reason"]) == ("zhao", "我没有申请")
    for path, body in (("approval", {}), ("rejection", {"reason": "x"})):
        refused = await window.ask("wang", "POST", f"/{task.id}/{path}", body)
        assert told(refused) == (422, "dispute-needs-an-explanation")
    answered = await window.ask("wang", "POST", f"/{task.id}/explanation", {"text": "误查，已更正"})
    assert answered.json()["status"]["code"] == "answered"
    (event,) = window.facts()
    assert isinstance(event, DisputeAnswered)
    assert (event.dispute_id, event.department, event.explanation) == ("dis_1", "health", "误查，已更正")
    again = await window.ask("wang", "POST", f"/{task.id}/explanation", {"text": "x"})
    assert told(again) == (409, "task-already-answered")


async def test_whoever_looked_does_not_answer_for_it_and_a_review_is_not_explained(window: Window) -> None:
    own = window.keep(disputed(by="wang"))
    assert told(await window.claim("wang", own)) == (409, "own-look-disputed")
    other = window.keep(review())
    await window.claim("wang", other)
    explained = await window.ask("wang", "POST", f"/{other.id}/explanation", {"text": "x"})
    assert told(explained) == (422, "explanation-needs-a-dispute")


@pytest.mark.parametrize("department", [None, "no-such-department"])
def test_a_look_that_names_no_department_is_answered_for_by_the_supervision(department: str | None) -> None:
    assert disputed(department=department).department == "district-supervision"


def correction(document_type: str = "birth-certificate", field: str = "child_name", value: str = "李思源") -> Task:
    about = AskedCorrection(
        correction_id="cor_1",
        holder=DocumentHolder(resident_id="res_child", index="9f" * 32),
        document_type=document_type,
        credential_id="crd_1",
        identifier="1.2…001.K",
        origin="review",
        field=field,
        says="李思远",
        should_say=value,
        reason="录入时写错了字",
    )
    return new_tasks.correction(about, district=DISTRICT, at=NOW)


async def test_a_request_for_correction_is_answered_with_the_right_value(window: Window) -> None:
    task = window.keep(correction())
    assert (task.department, task.due_on) == ("health", date(2026, 12, 7))
    hidden = (await window.ask("wang", "GET", f"/{task.id}")).json()["correction"]
    assert (hidden["says"], hidden["should_say"], hidden["reason"]) == (None, None, None)
    await window.claim("wang", task)
    shown = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert shown["correction"]["field"] == {"code": "child_name", "name": "Child's name"}
    assert (shown["correction"]["says"], shown["correction"]["should_say"]) == ("李思远", "李思源")
    for path, body in (("approval", {}), ("rejection", {"reason": "x"})):
        assert told(await window.ask("wang", "POST", f"/{task.id}/{path}", body)) == (422, "correction-needs-an-answer")

    body = {"result": "corrected", "explanation": "与原件核对，有误"}
    answered = await window.ask("wang", "POST", f"/{task.id}/correction", body)

    assert answered.json()["status"]["code"] == "answered"
    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert (event.result, event.value, event.officers) == ("corrected", "李思源", ["wang"])
    assert (event.credential_id, event.field, event.explanation) == ("crd_1", "child_name", "与原件核对，有误")
    assert window.runtime.hands == []
    assert [(look.how, look.application_id, look.documents[0].document_type) for look in window.looks()] == [
        (how, None, "birth-certificate") for how in ("viewed", "viewed", "worked-on")
    ]
    assert told(await window.ask("wang", "POST", f"/{task.id}/correction", body)) == (409, "task-already-answered")


async def test_an_officer_may_find_another_value_right_if_the_field_can_have_it(window: Window) -> None:
    task = window.keep(correction(field="birth_date", value="2020-02-28"))
    await window.claim("wang", task)
    body = {"result": "corrected", "explanation": "以原件为准"}

    refused = await window.ask("wang", "POST", f"/{task.id}/correction", {**body, "value": "last year"})
    assert told(refused) == (422, "approval-field-not-date")
    await window.ask("wang", "POST", f"/{task.id}/correction", {**body, "value": "2020-02-29"})

    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert event.value == "2020-02-29"


@pytest.mark.parametrize("value", ["123!!", "李??", "···"])
async def test_what_is_no_name_is_not_approved_as_the_name_of_a_registration(window: Window, value: str) -> None:
    task = window.keep(correction("registration", "name"))
    await window.claim("hall", task)
    body = {"result": "corrected", "explanation": "以身份证为准", "value": value}
    refused = await window.ask("hall", "POST", f"/{task.id}/correction", body)
    assert (refused.status_code, refused.json()["code"].split("-")[0]) == (422, "name")
    assert window.facts() == []


async def test_a_day_of_the_registration_is_answered_with_a_day(window: Window) -> None:
    task = window.keep(correction("registration", "valid_from", "2020-02-28"))
    await window.claim("hall", task)
    body = {"result": "corrected", "explanation": "以身份证为准"}
    refused = await window.ask("hall", "POST", f"/{task.id}/correction", {**body, "value": "2020/02/29"})
    assert told(refused) == (422, "approval-field-not-date")
    await window.ask("hall", "POST", f"/{task.id}/correction", {**body, "value": "2020-02-29"})
    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert event.value == "2020-02-29"


async def test_what_two_people_approve_is_corrected_by_two_people(window: Window) -> None:
    task = window.keep(correction("property-certificate", "owner_name"))
    body = {"result": "corrected", "explanation": "登记簿如此"}
    await window.claim("wang", task)
    first = await window.ask("wang", "POST", f"/{task.id}/correction", {**body, "value": "李思原"})
    assert first.json()["status"]["code"] == "awaiting-second"
    assert window.facts() == []
    assert told(await window.claim("wang", task)) == (409, "second-reviewer-is-first")

    await window.claim("zhao", task)
    await window.ask("zhao", "POST", f"/{task.id}/correction", body)

    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert (event.value, event.officers) == ("李思原", ["wang", "zhao"])


async def test_a_value_that_stays_is_explained_also_against_a_first_answer(window: Window) -> None:
    task = window.keep(correction("property-certificate", "owner_name"))
    await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{task.id}/correction", {"result": "corrected", "explanation": "有误"})
    await window.claim("zhao", task)
    with_value = {"result": "refused", "value": "李", "explanation": "x"}
    assert (await window.ask("zhao", "POST", f"/{task.id}/correction", with_value)).status_code == 422

    await window.ask("zhao", "POST", f"/{task.id}/correction", {"result": "refused", "explanation": "与登记簿一致"})

    (event,) = window.facts()
    assert isinstance(event, CorrectionAnswered)
    assert (event.result, event.value, event.explanation) == ("refused", None, "与登记簿一致")


async def test_only_the_department_answers_and_only_requests_for_correction_are_answered_so(window: Window) -> None:
    body = {"result": "refused", "explanation": "x"}
    task, other = window.keep(correction()), window.keep(review())
    assert told(await window.ask("edu", "POST", f"/{task.id}/correction", body)) == (403, "task-of-others")
    await window.claim("wang", other)
    assert told(await window.ask("wang", "POST", f"/{other.id}/correction", body)) == (422, "answer-needs-a-correction")


@pytest.mark.parametrize(
    ("document_type", "department"), [("registration", "service-hall"), ("driving-licence", "service-hall")]
)
def test_what_no_department_keeps_is_answered_at_the_service_hall(document_type: str, department: str) -> None:
    assert correction(document_type).department == department
