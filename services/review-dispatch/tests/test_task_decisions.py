"""Claiming and deciding a task over HTTP: what is published, and what each refusal says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.record import Value
from review_dispatch.domain.task import Comparison, DocumentReview, Task, TaskFormAnswer
from task_window import NOW, Window, decision, door, opened, review, told

LABEL = {"zh-CN": "出生医学证明编号", "en": "Number of the birth certificate"}


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


async def test_a_claim_tells_the_next_one_who_has_it(window: Window) -> None:
    task = window.keep(review())
    taken = await window.claim("wang", task)
    assert (taken.status_code, taken.json()["claimed_by"], taken.headers["etag"]) == (200, "wang", '"2"')
    assert taken.json()["version"] == 2
    refused = await window.claim("zhao", task)
    assert told(refused) == (409, "task-claimed-by-another")
    assert "wang" in refused.json()["detail"]


async def test_a_refusal_is_in_chinese_unless_english_is_asked_for(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    refused = await window.http.post(f"/v1/tasks/{task.id}/claim", headers={"Authorization": "Bearer zhao"})
    assert refused.json()["title"] == "已有人认领"


async def test_an_approval_is_published_with_the_approved_values(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    answer = await window.ask("wang", "POST", f"/{task.id}/approval", {"fields": {"parents": ["李育成", "陈静"]}})
    assert answer.json()["status"] == {"code": "approved", "name": "Approved"}
    assert window.types() == ["review-approved.v2", "review-approved.v1"]
    event, older = (told.model_dump() for told in window.facts())
    assert event["fields"] == older["fields"] == {"certificate_number": "O43", "parents": ["李育成", "陈静"]}
    assert ([it["reviewer"] for it in event["approvals"]], event["department"]) == (["wang"], "health")
    assert (older["reviewer"], older["second_reviewer"], older["department"]) == ("wang", None, "health")


async def test_two_people_approve_what_asks_for_it(window: Window) -> None:
    task = window.keep(review("property-certificate"))
    await window.claim("wang", task)
    first = await window.ask("wang", "POST", f"/{task.id}/approval", {"note": "登记簿相符"})
    assert first.json()["status"]["code"] == "awaiting-second"
    assert window.types() == []
    assert told(await window.claim("wang", task)) == (409, "second-reviewer-is-first")
    assert told(await window.ask("wang", "POST", f"/{task.id}/approval", {})) == (409, "second-reviewer-is-first")
    await window.claim("zhao", task)
    await window.ask("zhao", "POST", f"/{task.id}/approval", {"note": "复核无误"})
    event, older = (told.model_dump() for told in window.facts())
    assert [(it["reviewer"], it["note"]) for it in event["approvals"]] == [("wang", "登记簿相符"), ("zhao", "复核无误")]
    assert (older["reviewer"], older["second_reviewer"], older["note"]) == ("wang", "zhao", "复核无误")


async def test_deciding_on_somebody_elses_claim_is_refused_and_leaves_nothing_behind(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    bodies = {"approval": {}, "rejection": {"reason": "不清楚"}, "return": {"field": "scans", "message": "请核对"}}
    for deed, body in bodies.items():
        assert told(await window.ask("zhao", "POST", f"/{task.id}/{deed}", body)) == (409, "task-claimed-by-another")
    assert window.types() == []
    assert window.tasks.all[task.id].status == "claimed"


async def test_approval_after_a_withdrawal_says_that_it_was_withdrawn(window: Window) -> None:
    task = window.keep(cancel(review(), "withdrawn", NOW))
    refused = await window.ask("wang", "POST", f"/{task.id}/approval", {})
    assert told(refused) == (409, "task-cancelled-withdrawn")
    assert "withdrew" in refused.json()["detail"]
    assert window.types() == []


async def test_a_rejection_and_a_return_are_published_with_what_the_applicant_reads(window: Window) -> None:
    first, second = window.keep(review()), window.keep(review(application="app_9"))
    for task in (first, second):
        await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{first.id}/rejection", {"reason": "印章无法辨认"})
    await window.ask("wang", "POST", f"/{second.id}/return", {"field": "certificate_number", "message": "请填写编号"})
    assert window.types() == ["review-rejected.v1", "review-returned.v1"]
    rejected, returned = (event.model_dump() for event in window.facts())
    assert rejected["reason"] == "印章无法辨认"
    assert (returned["field"], returned["message"]) == ("certificate_number", "请填写编号")


@pytest.mark.parametrize("unsaid", ["", "  ", "\u200b", "\u3000\ufeff", "。", "——", "?!", "\u00ad\u2060"])
async def test_a_decision_says_why_in_words(window: Window, unsaid: str) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    for way, body in (
        ("rejection", {"reason": unsaid}),
        ("return", {"field": "certificate_number", "message": unsaid}),
        ("approval", {"note": unsaid}),
    ):
        refused = await window.ask("wang", "POST", f"/{task.id}/{way}", body)
        assert told(refused) == (422, "invalid-input"), way
    assert window.types() == []


async def test_a_return_must_name_a_compared_field(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    refused = await window.ask("wang", "POST", f"/{task.id}/return", {"field": "shoe_size", "message": "请核对"})
    assert told(refused) == (422, "return-field-not-compared")
    assert refused.json()["errors"][0]["pointer"] == "#/field"


async def test_a_return_names_an_answer_of_the_form_by_either_name_or_the_scans_and_nothing_else(
    window: Window,
) -> None:
    answers = (
        TaskFormAnswer(field="certificate_number", key="birth_certificate_number", label=LABEL),
        TaskFormAnswer(field="household_number", key="household_number", label=LABEL),
    )
    task = review()
    assert isinstance(task.about, DocumentReview)
    compared = (*task.about.comparison, Comparison(field="child_name", result="different"))
    about = task.about.model_copy(update={"answers": answers, "comparison": compared})
    for id_, named in (("task_a", "certificate_number"), ("task_b", "birth_certificate_number")):
        window.keep(task.model_copy(update={"about": about, "id": id_}))
        shown = (await window.ask("wang", "POST", f"/{id_}/claim")).json()
        assert shown["document"]["may_return"] == ["certificate_number", "scans"]
        assert shown["document"]["returnable"][0] == {
            "field": "certificate_number",
            "form_field": "birth_certificate_number",
            "name": LABEL["en"],
        }
        names = [each["field"]["name"] for each in shown["document"]["comparison"]]
        assert names == [LABEL["en"], "Child's name"]
        for other in ("child_name", "household_number", "parents"):  # registered, another document's, not compared
            refused = await window.ask("wang", "POST", f"/{id_}/return", {"field": other, "message": "请核对"})
            assert told(refused) == (422, "return-field-not-compared")
            assert "certificate_number, scans" in refused.json()["detail"]
        answer = await window.ask("wang", "POST", f"/{id_}/return", {"field": named, "message": "请核对"})
        assert answer.json()["steps"][-1]["field"] == {"code": "certificate_number", "name": LABEL["en"]}
        event = window.facts()[-1].model_dump()
        assert (event["field"], event["form_field"]) == ("certificate_number", "birth_certificate_number")


async def test_a_grid_officer_passes_or_fails_a_door(window: Window) -> None:
    check = window.keep(door())
    shown = (await window.claim("grid", check)).json()
    assert shown["door"] == {"applicant_name": "李育成", "address": "民乐新村3栋502"}
    assert shown["community"]["name"] == "Minzhi"
    await window.ask("grid", "POST", f"/{check.id}/approval", {"note": "本人居住"})
    assert window.types() == ["field-check-passed.v1"]

    another = window.keep(door().model_copy(update={"id": "task_other"}))
    await window.claim("grid", another)
    await window.ask("grid", "POST", f"/{another.id}/rejection", {"reason": "无人居住"})
    assert window.types()[-1] == "field-check-failed.v1"


async def test_an_officer_decides(window: Window) -> None:
    task = window.keep(decision())
    await window.claim("edu", task)
    await window.ask("edu", "POST", f"/{task.id}/rejection", {"reason": "不在学区"})
    assert window.types() == ["decision-made.v1"]
    event = window.facts()[0].model_dump()
    assert (event["approved"], event["reason"], event["officer"]) == (False, "不在学区", "edu")


async def test_fields_belong_to_documents_only(window: Window) -> None:
    task = window.keep(decision())
    await window.claim("edu", task)
    refused = await window.ask("edu", "POST", f"/{task.id}/approval", {"valid_until": "2030-01-01"})
    assert told(refused) == (422, "approval-has-no-document")


async def test_a_note_is_kept_and_changes_nothing_else(window: Window) -> None:
    task = window.keep(review())
    answer = await window.ask("wang", "POST", f"/{task.id}/notes", {"text": "已致电医院"})
    assert answer.status_code == 201
    assert answer.json()["status"]["code"] == "open"
    assert answer.json()["steps"][-1]["note"] == "已致电医院"


@pytest.mark.parametrize(
    ("deed", "body"),
    [("rejection", {"reason": "  "}), ("return", {"message": "请核对"}), ("notes", {"txt": "?"})],
)
async def test_a_body_that_lacks_or_misspells_something_is_refused(window: Window, deed: str, body: object) -> None:
    task = window.keep(review())
    assert told(await window.ask("wang", "POST", f"/{task.id}/{deed}", body)) == (422, "invalid-input")


async def test_a_change_made_on_an_older_version_is_refused(window: Window) -> None:
    task = window.keep(review())
    seen = (await window.ask("wang", "GET", f"/{task.id}")).headers["etag"]
    assert seen.startswith('"1-')
    await window.ask("zhao", "POST", f"/{task.id}/notes", {"text": "请核对"})
    stale = await window.ask("wang", "POST", f"/{task.id}/claim", **{"If-Match": seen})
    assert told(stale) == (412, "stale-version")
    assert (await window.ask("wang", "POST", f"/{task.id}/claim", **{"If-Match": '"2"'})).status_code == 200


def beside(held: str | None = "crd_1", result: str = "different", source: str = "district-store") -> Task:
    """A tenancy that was compared with one that is held."""
    task = review("rental-contract-record")
    assert isinstance(task.about, DocumentReview)
    compared = Comparison(field="address", result=result, claimed="梅龙路12号", held="梅龙路13号", source=source)
    claims: dict[str, Value] = {"tenant_name": "李育成", "address": "梅龙路12号"}
    about = task.about.model_copy(update={"evidence_id": held, "comparison": (compared,), "claims": claims})
    return task.model_copy(update={"about": about})


ENDS = {"valid_until": "2028-06-30"}


@pytest.mark.parametrize(
    ("task", "body", "evidence"),
    [
        (beside(), {"is_held": True}, "crd_1"),
        (beside(), {"is_held": False}, None),
        (beside(), {"fields": {"record_number": "LH-2026-2"}}, None),
        (beside(result="close"), {}, "crd_1"),
        (beside(result="expired"), {}, "crd_1"),
        (beside(source="city-mirror"), {}, None),
        (beside(held=None), {}, None),
    ],
    ids=["same", "other", "own number", "close", "expired", "only in the mirror", "nothing held"],
)
async def test_an_approval_says_whether_the_document_is_the_one_that_is_held(
    window: Window, task: Task, body: dict[str, object], evidence: str | None
) -> None:
    window.keep(task)
    await window.claim("housing", task)
    answer = await window.ask("housing", "POST", f"/{task.id}/approval", ENDS | body)
    assert answer.status_code == 200, answer.text
    assert window.facts()[0].model_dump()["evidence_id"] == evidence


async def test_where_it_cannot_be_told_whether_the_document_is_the_held_one_the_reviewer_is_asked(
    window: Window,
) -> None:
    task = window.keep(beside())
    await window.claim("housing", task)
    refused = await window.ask("housing", "POST", f"/{task.id}/approval", ENDS)
    assert told(refused) == (422, "approval-held-or-other")
    assert "fields/record_number" in refused.json()["action"]
    other = window.keep(beside(held=None).model_copy(update={"id": "task_other"}))
    await window.claim("housing", other)
    refused = await window.ask("housing", "POST", f"/{other.id}/approval", ENDS | {"is_held": True})
    assert told(refused) == (422, "approval-nothing-held")


async def test_what_the_first_reviewer_said_of_the_held_one_holds_for_the_second(window: Window) -> None:
    task = beside()
    task = window.keep(task.model_copy(update={"second_reviewer": True}))
    await window.claim("housing", task)
    await window.ask("housing", "POST", f"/{task.id}/approval", ENDS | {"is_held": True})
    await window.claim("rental", task)
    await window.ask("rental", "POST", f"/{task.id}/approval", {})
    assert window.facts()[0].model_dump()["evidence_id"] == "crd_1"


async def test_a_rejection_may_name_the_fields_that_it_is_about_by_either_name(window: Window) -> None:
    asked = review()
    assert isinstance(asked.about, DocumentReview)
    label = {"zh-CN": "证书编号", "en": "Number on the certificate"}
    answer = TaskFormAnswer(field="certificate_number", key="birth_certificate_number", label=label)
    task = window.keep(asked.model_copy(update={"about": asked.about.model_copy(update={"answers": (answer,)})}))
    await window.claim("wang", task)
    unknown = {"reason": "不符", "fields": ["certificate_number", "shoe_size"]}
    refused = await window.ask("wang", "POST", f"/{task.id}/rejection", unknown)
    assert [each["code"] for each in refused.json()["errors"]] == ["rejection-field-unknown"]
    assert "certificate_number, scans" in str(refused.json())
    named = {"reason": "不符", "fields": ["birth_certificate_number", "certificate_number", "scans"]}

    rejected = await window.ask("wang", "POST", f"/{task.id}/rejection", named)

    assert [each["name"] for each in rejected.json()["steps"][-1]["fields"]] == ["Number on the certificate", "Scans"]
    assert window.facts()[0].model_dump()["fields"] == [
        {"field": "certificate_number", "form_field": "birth_certificate_number"},
        {"field": "scans", "form_field": None},
    ]


async def test_what_is_no_document_is_rejected_without_fields(window: Window) -> None:
    task = window.keep(door())
    await window.claim("grid", task)
    refused = await window.ask("grid", "POST", f"/{task.id}/rejection", {"reason": "无人居住", "fields": ["address"]})
    assert told(refused) == (422, "rejection-has-no-document")
