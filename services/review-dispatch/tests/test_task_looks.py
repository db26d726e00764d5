"""What is shown of a task, to whom and for how long, and that whoever is shown it is told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.escalation import escalate
from review_dispatch.events import TaskReleased
from task_window import DISTRICT, NOW, PEOPLE, Window, door, opened, review, told
from web.auth import Principal


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


async def test_values_are_shown_side_by_side_to_whoever_has_claimed_it(window: Window) -> None:
    task = window.keep(review())
    before = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert before["values_hidden"]
    assert before["document"]["comparison"][0]["result"] == {"code": "different", "name": "Different"}
    assert (before["document"]["comparison"][0]["held"], before["document"]["claims"]) == (
        None,
        {"certificate_number": None},
    )

    await window.claim("wang", task)
    after = (await window.ask("wang", "GET", f"/{task.id}")).json()
    compared = after["document"]["comparison"][0]
    assert (compared["claimed"], compared["held"]) == ("O43", "O44")
    assert compared["reason"] == {"code": "value-differs", "name": "it is something else"}
    assert after["document"]["scans"][0]["href"] == "/v1/applications/app_1/scans/s1"
    assert after["document"]["may_enter"]["parents"] == "names"
    assert after["document"]["may_return"] == ["certificate_number", "scans"]
    assert (await window.ask("zhao", "GET", f"/{task.id}")).json()["values_hidden"]
    assert (await window.ask("operator", "GET", f"/{task.id}")).json()["values_hidden"]


async def test_what_describes_a_person_is_hidden_again_when_the_task_leaves_the_hand(window: Window) -> None:
    given_back, decided = window.keep(review()), window.keep(review(application="app_9"))
    for task in (given_back, decided):
        await window.ask("zhao", "POST", f"/{task.id}/notes", {"text": "李女士来电"})
        assert "李女士来电" not in (await window.ask("wang", "GET", f"/{task.id}")).text
        assert "李女士来电" in (await window.claim("wang", task)).text
    for task, deed, body in ((given_back, "release", None), (decided, "approval", {"note": "属实"})):
        answers = [await window.ask("wang", "POST", f"/{task.id}/{deed}", body)]
        answers.append(await window.ask("wang", "GET", f"/{task.id}"))
        for answer in answers:
            assert answer.json()["values_hidden"]
            assert not [word for word in ("O43", "O44", "李女士来电") if word in answer.text]


async def test_a_reviewer_who_leaves_the_department_sees_no_more(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    moved = PEOPLE["wang"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PEOPLE, "wang", Principal(moved.subject, moved.role, departments=frozenset({"edu"})))
        assert told(await window.ask("wang", "GET", f"/{task.id}")) == (403, "task-of-others")


async def test_others_are_told_who_has_a_task_in_hand_and_since_when_nobody(window: Window) -> None:
    task = window.keep(review("property-certificate"))
    await window.claim("wang", task)
    await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{task.id}/notes", {"text": "请核对"})
    await window.ask("wang", "POST", f"/{task.id}/release")
    await window.claim("wang", task)
    await window.ask("wang", "POST", f"/{task.id}/approval", {})
    await window.claim("zhao", task)
    await window.ask("zhao", "POST", f"/{task.id}/approval", {})
    told_of = [(type(event).__name__, event.claimed_by) for event in window.runtime.hands]
    assert told_of == [(kind, who) for who in ("wang", "wang", "zhao") for kind in ("TaskClaimed", "TaskReleased")]
    because = [event.because for event in window.runtime.hands if isinstance(event, TaskReleased)]
    assert because == ["released", "first-approval", "decided"]
    sequences = [event.sequence for event in window.runtime.hands]
    assert sequences == sorted(set(sequences))
    assert window.tasks.all[task.id].version == sequences[-1]


async def test_what_happened_by_itself_is_told_in_words(window: Window) -> None:
    late = escalate(review(), DISTRICT, today=date(2026, 11, 30), at=NOW)
    task = window.keep(cancel(late, "withdrawn", NOW))
    shown = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert [step["note"] for step in shown["steps"]] == [None, "From Health", "The applicant withdrew"]
    assert shown["escalated"]


async def test_whoever_is_shown_values_or_decides_is_told_of_and_nobody_else(window: Window) -> None:
    task = window.keep(review())
    for onlooker in ("wang", "zhao"):
        await window.ask(onlooker, "GET", f"/{task.id}")
    assert window.looks() == []

    await window.claim("wang", task)
    await window.ask("wang", "GET", f"/{task.id}")
    await window.ask("wang", "POST", f"/{task.id}/approval", {})
    assert [(look.by.subject, look.how, look.holder.resident_id) for look in window.looks()] == [
        ("wang", "viewed", "res_child"),
        ("wang", "viewed", "res_child"),
        ("wang", "worked-on", "res_child"),
    ]
    assert {look.application_id for look in window.looks()} == {"app_1"}
    assert [each.document_type for each in window.looks()[0].documents] == ["birth-certificate"]


async def test_a_door_check_is_told_to_those_who_live_there(window: Window) -> None:
    task = window.keep(door())
    await window.claim("grid", task)
    await window.ask("grid", "POST", f"/{task.id}/approval", {"note": "住在这里"})

    assert [(look.how, look.holder.resident_id) for look in window.looks()] == [
        ("viewed", "res_man"),
        ("worked-on", "res_man"),
    ]
