"""Whether a document is one that is held already: who is asked, and what comes of the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from functools import partial

import pytest

from bus.event import Received
from review_dispatch.domain.task import Task, TaskApproval
from review_dispatch.events import DuplicateChecked
from review_dispatch.handlers import data_erasure, duplicates, requests, task_actions
from review_dispatch.handlers.task_actions import TaskRequest
from review_dispatch.views import CasesErased, DuplicateSuspected, HeldDocument, Holder
from task_desk import APP, MONDAY, Delivery, Desk, event_of, rejected, withdrawn
from task_window import NOW, PEOPLE, Window, opened, review, told

HELD = [
    HeldDocument(
        credential_id=f"crd_{number}",
        identifier=f"1.2…{number}.001.K",
        fields={"tenant_name": "李育成", "address": address},
        origin=origin,
        valid_from=date(2026, 9, 1),
        valid_until=None,
    )
    for number, address, origin in ((1, "梅龙路12号3栋501", "review"), (2, "华旺路8号", "department"))
]


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


def suspected(
    *, review: str | None = "task_r", held: int = 2, application: str | None = APP, hour: int = 1
) -> Delivery:
    data = DuplicateSuspected(
        task_id=review,
        application_id=application,
        credential_id=None if review else "crd_3",
        document_type="rental-contract-record",
        holder=Holder(resident_id="res_man", index="9f" * 32),
        fields={"tenant_name": "李育成", "address": "梅龙路拾贰号叁栋五〇一"},
        held=tuple(HELD[:held]),
        other_than=("crd_0",),
    )
    event: Received[DuplicateSuspected] = event_of(data, "credential-store.duplicate-suspected.v1", hour)
    return partial(requests.request_duplicate_check, event)


async def asked_of(window: Window, *, held: int = 2) -> Task:
    """Keep an approved review, and the question about it."""
    approval = TaskApproval(
        by="rental", at=NOW, fields={"tenant_name": "李育成"}, valid_until=date(2027, 8, 31), note="已核实"
    )
    approved = review("rental-contract-record").model_copy(update={"status": "approved", "approvals": (approval,)})
    desk = Desk()
    await desk.hear(suspected(review=window.keep(approved).id, held=held, application=approved.application_id))
    [question] = desk.tasks.all.values()
    return window.keep(question.model_copy(update={"version": 0}))


async def test_the_department_that_keeps_such_documents_sees_them_side_by_side_and_tells_which_it_is(
    window: Window,
) -> None:
    task = await asked_of(window)
    assert (task.kind, task.department, task.due_on) == ("duplicate-check", "housing", date(2026, 11, 25))
    hidden = (await window.ask("housing", "GET", f"/{task.id}")).json()["duplicate"]
    assert {each["value"] for part in (hidden, *hidden["held"]) for each in part["fields"]} == {None}
    await window.claim("housing", task)
    shown = (await window.ask("housing", "GET", f"/{task.id}")).json()
    assert shown["kind"]["name"] == "Check for duplicates"
    assert shown["duplicate"]["review_task_id"] is not None
    assert "Rental contract record" in shown["duplicate"]["question"]
    said = {"code": "address", "name": "Address", "value": "梅龙路拾贰号叁栋五〇一"}
    assert said in shown["duplicate"]["fields"]
    assert [(each["credential_id"], each["origin"]["name"]) for each in shown["duplicate"]["held"]] == [
        ("crd_1", "Approved by people"),
        ("crd_2", "A department's own system"),
    ]

    body = {"result": "same", "credential_id": "crd_1", "note": "同一份合同"}
    answered = await window.ask("housing", "POST", f"/{task.id}/duplicate-check", body)

    assert (answered.json()["status"]["code"], answered.json()["duplicate"]["same_as"]) == ("answered", "crd_1")
    [event] = window.facts()
    assert isinstance(event, DuplicateChecked)
    assert (event.same_as, event.other_than, event.credential_id, event.checked_by) == (
        "crd_1",
        ["crd_0"],
        None,
        "housing",
    )
    assert event.approval is not None
    assert (event.approval.fields, event.approval.stated_until) == ({"tenant_name": "李育成"}, date(2027, 8, 31))
    assert [(each.reviewer, each.note) for each in event.approval.approvals] == [("rental", "已核实")]
    assert window.runtime.hands == []
    assert {(look.how, look.documents[0].document_type) for look in window.looks()} == {
        ("viewed", "rental-contract-record"),
        ("worked-on", "rental-contract-record"),
    }
    again = await window.ask("housing", "POST", f"/{task.id}/duplicate-check", body)
    assert told(again) == (409, "task-already-answered")


async def test_another_one_is_none_of_those_that_were_shown(window: Window) -> None:
    task = await asked_of(window)
    await window.claim("housing", task)
    await window.ask("housing", "POST", f"/{task.id}/duplicate-check", {"result": "another"})
    [event] = window.facts()
    assert isinstance(event, DuplicateChecked)
    assert (event.same_as, event.other_than) == (None, ["crd_0", "crd_1", "crd_2"])


@pytest.mark.parametrize(
    "body",
    [
        {"result": "same"},
        {"result": "same", "credential_id": "crd_9"},
        {"result": "another", "credential_id": "crd_1"},
    ],
    ids=["which", "not asked about", "contradiction"],
)
async def test_an_answer_that_names_none_of_them_is_refused_with_the_list(
    window: Window, body: dict[str, object]
) -> None:
    task = await asked_of(window)
    await window.claim("housing", task)
    refused = await window.ask("housing", "POST", f"/{task.id}/duplicate-check", body)
    assert told(refused) == (422, "duplicate-not-named")
    assert "crd_1, crd_2" in refused.json()["action"]
    assert window.facts() == []


async def test_the_only_one_that_is_held_need_not_be_named(window: Window) -> None:
    task = await asked_of(window, held=1)
    await window.claim("housing", task)
    await window.ask("housing", "POST", f"/{task.id}/duplicate-check", {"result": "same"})
    [event] = window.facts()
    assert isinstance(event, DuplicateChecked)
    assert event.same_as == "crd_1"


async def test_nothing_but_an_answer_ends_it_and_only_the_department_gives_one(window: Window) -> None:
    task, other = await asked_of(window), window.keep(review(application="app_9"))
    body = {"result": "another"}
    assert told(await window.ask("edu", "POST", f"/{task.id}/duplicate-check", body)) == (403, "task-of-others")
    await window.claim("housing", task)
    for path, said in (("approval", {}), ("rejection", {"reason": "不符"})):
        refused = await window.ask("housing", "POST", f"/{task.id}/{path}", said)
        assert told(refused) == (422, "duplicate-check-needs-an-answer")
    await window.claim("wang", other)
    refused = await window.ask("wang", "POST", f"/{other.id}/duplicate-check", body)
    assert told(refused) == (422, "answer-needs-a-duplicate-check")


@pytest.mark.parametrize("end", [withdrawn(), rejected()], ids=["withdrawn", "rejected"])
async def test_the_end_of_the_application_leaves_the_question_open_and_its_erasure_takes_it_away(end: Delivery) -> None:
    desk = Desk()
    await desk.hear(suspected())
    await desk.hear(end)
    [task] = desk.tasks.all.values()
    assert task.status == "open"
    erased = event_of(CasesErased(cases=[APP]), "applications.data-erased.v1", 12)
    await desk.hear(partial(data_erasure.erase_cases, erased))
    assert not desk.tasks.all
    await desk.hear(suspected(hour=13))
    assert not desk.tasks.all


async def test_what_is_stored_is_asked_once_and_an_approval_each_time_that_it_waits() -> None:
    desk = Desk()
    for hour in (1, 1, 2):
        await desk.hear(suspected(hour=hour))
    assert len(desk.tasks.all) == 2
    for hour in (3, 4):
        await desk.hear(suspected(review=None, application=None, hour=hour))
    assert len(desk.tasks.all) == 3


async def test_an_answer_about_what_is_stored_brings_no_approval() -> None:
    desk = Desk()
    await desk.hear(suspected(review=None, application=None))
    [task] = desk.tasks.all.values()
    asked = TaskRequest(task.id, PEOPLE["housing"])
    desk.commit(await task_actions.claim(asked, desk.deps))
    desk.commit(await duplicates.tell(asked, desk.deps, same=True, credential_id="crd_2", note=None))
    event = next(each for each in desk.told if isinstance(each, DuplicateChecked))
    assert (event.credential_id, event.same_as, event.approval) == ("crd_3", "crd_2", None)
    assert event.checked_at == MONDAY
