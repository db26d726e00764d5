"""Taking over what a colleague has in hand, and queues that show who has what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest

from review_dispatch.domain import new_tasks
from review_dispatch.domain.queue import QueueCount, in_hand, queues_of
from review_dispatch.domain.record import DocumentHolder
from review_dispatch.domain.task import DisputedAccess, Task
from review_dispatch.events import TaskClaimed
from task_window import DISTRICT, NOW, Window, decision, door, opened, review, told

ILL = {"reason": "同事请病假，由我代办"}


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


async def test_a_colleague_takes_a_task_over_and_only_then_sees_and_decides_it(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    assert (await window.ask("zhao", "GET", f"/{task.id}")).json()["values_hidden"]
    taken = await window.ask("zhao", "POST", f"/{task.id}/takeover", ILL)
    assert (taken.status_code, taken.json()["claimed_by"]) == (200, "zhao")
    assert not taken.json()["values_hidden"]
    step = taken.json()["steps"][-1]
    assert (step["action"]["code"], step["by"], step["taken_from"], step["note"]) == (
        "taken-over",
        "zhao",
        "wang",
        ILL["reason"],
    )
    assert told(await window.ask("wang", "POST", f"/{task.id}/approval", {})) == (409, "task-claimed-by-another")
    assert (await window.ask("zhao", "POST", f"/{task.id}/approval", {})).status_code == 200


async def test_the_colleague_is_told_who_took_it_and_why(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    await window.ask("zhao", "POST", f"/{task.id}/takeover", ILL)
    [found] = (await window.ask("wang", "GET", "?taken_over_from_me=true")).json()["items"]
    assert found["taken_over"] == {"by": "zhao", "taken_from": "wang", "at": "2026-11-23T02:00:00Z"}
    shown = (await window.ask("wang", "GET", f"/{task.id}")).json()
    assert (shown["values_hidden"], shown["steps"][-1]["note"]) == (True, ILL["reason"])
    await window.ask("zhao", "POST", f"/{task.id}/approval", {})
    [done] = (await window.ask("wang", "GET", "?taken_over_from_me=true")).json()["items"]
    assert done["status"]["code"] == "approved"
    assert (await window.ask("zhao", "GET", "?taken_over_from_me=true")).json()["items"] == []
    assert (await window.ask("hall", "GET", "?taken_over_from_me=true")).json()["items"] == []


async def test_others_hear_whose_hand_it_is_in_now_and_the_person_that_it_was_seen(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    await window.ask("zhao", "POST", f"/{task.id}/takeover", ILL)
    [first, second] = window.runtime.hands
    assert isinstance(first, TaskClaimed)
    assert isinstance(second, TaskClaimed)
    assert (first.claimed_by, first.taken_from) == ("wang", None)
    assert (second.claimed_by, second.taken_from, second.sequence > first.sequence) == ("zhao", "wang", True)
    assert [(look.by.subject, look.how) for look in window.looks()] == [("wang", "viewed"), ("zhao", "viewed")]


@pytest.mark.parametrize(("who", "status"), [("health-lead", 200), ("land-lead", 403), ("edu", 403), ("grid", 403)])
async def test_colleagues_and_the_department_above_may_take_over_and_nobody_else(
    window: Window, who: str, status: int
) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    answer = await window.ask(who, "POST", f"/{task.id}/takeover", ILL)
    assert answer.status_code == status


async def test_the_department_above_decides_what_it_took_over_and_claims_nothing_else(window: Window) -> None:
    task, other = window.keep(review()), window.keep(review(application="app_9"))
    await window.claim("wang", task)
    assert told(await window.claim("health-lead", other)) == (403, "task-of-others")
    await window.ask("health-lead", "POST", f"/{task.id}/takeover", ILL)
    shown = await window.ask("health-lead", "GET", f"/{task.id}")
    assert not shown.json()["values_hidden"]
    assert (await window.ask("health-lead", "POST", f"/{task.id}/approval", {})).status_code == 200
    assert (await window.ask("health-lead", "GET", "")).json()["items"] == []
    led = (await window.ask("health-lead", "GET", "?department=health")).json()["items"]
    assert [each["task_id"] for each in led] == [other.id]


async def test_grid_officers_take_over_doors_of_their_community(window: Window) -> None:
    task = window.keep(door())
    await window.claim("grid", task)
    assert told(await window.ask("grid-elsewhere", "POST", f"/{task.id}/takeover", ILL)) == (403, "task-of-others")
    taken = await window.ask("grid-too", "POST", f"/{task.id}/takeover", ILL)
    assert taken.json()["door"]["address"] == "民乐新村3栋502"


async def test_what_nobody_has_or_what_is_done_is_not_taken_over_and_a_reason_is_needed(window: Window) -> None:
    task = window.keep(review())
    assert told(await window.ask("zhao", "POST", f"/{task.id}/takeover", ILL)) == (409, "nothing-to-take-over")
    await window.claim("wang", task)
    assert told(await window.ask("zhao", "POST", f"/{task.id}/takeover", {"reason": "。"})) == (422, "invalid-input")
    stale = await window.ask("zhao", "POST", f"/{task.id}/takeover", ILL, **{"If-Match": '"1"'})
    assert told(stale) == (412, "stale-version")
    await window.ask("wang", "POST", f"/{task.id}/approval", {})
    assert told(await window.ask("zhao", "POST", f"/{task.id}/takeover", ILL)) == (409, "task-already-approved")


async def test_the_first_of_two_reviewers_and_a_person_whose_look_is_disputed_take_nothing_over(window: Window) -> None:
    house, disputed = window.keep(review("property-certificate")), window.keep(_dispute("wang"))
    await window.claim("wang", house)
    await window.ask("wang", "POST", f"/{house.id}/approval", {})
    for task in (house, disputed):
        await window.claim("zhao", task)
    assert told(await window.ask("wang", "POST", f"/{house.id}/takeover", ILL)) == (409, "second-reviewer-is-first")
    assert told(await window.ask("wang", "POST", f"/{disputed.id}/takeover", ILL)) == (409, "own-look-disputed")
    both = await window.ask("wang", "POST", "/takeovers", {"claimed_by": "zhao", **ILL})
    assert both.json()["taken"] == []
    assert {each["code"] for each in both.json()["not_taken"]} == {"second-reviewer-is-first", "own-look-disputed"}
    assert all(each["text"] for each in both.json()["not_taken"])


async def test_all_that_a_colleague_has_is_taken_at_once_and_shows_nothing_about_people(window: Window) -> None:
    mine = [window.keep(review(application=f"app_{number}")) for number in range(3)]
    for task in mine:
        await window.claim("wang", task)
    elsewhere = window.keep(decision())
    await window.claim("edu", elsewhere)
    body = {"claimed_by": "wang", **ILL}
    taken = await window.ask("zhao", "POST", "/takeovers", body)
    assert {each["task_id"] for each in taken.json()["taken"]} == {task.id for task in mine}
    assert {each["claimed_by"] for each in taken.json()["taken"]} == {"zhao"}
    assert taken.json()["not_taken"] == []
    assert "O43" not in taken.text
    assert [look.by.subject for look in window.looks()] == ["wang"] * 3
    versions = {each["task_id"]: each["version"] for each in taken.json()["taken"]}
    assert versions == {task.id: window.tasks.all[task.id].version for task in mine}
    assert (await window.ask("zhao", "POST", "/takeovers", body)).json() == {"taken": [], "not_taken": []}
    assert (await window.ask("wang", "POST", "/takeovers", {"claimed_by": "edu", **ILL})).json()["taken"] == []


async def test_the_queue_shows_who_has_what(window: Window) -> None:
    task = window.keep(review())
    await window.claim("wang", task)
    [found] = (await window.ask("zhao", "GET", "?claimed_by=wang")).json()["items"]
    assert (found["claimed_by"], found["task_id"]) == ("wang", task.id)
    assert (await window.ask("zhao", "GET", "?claimed_by=zhao")).json()["items"] == []


async def test_queues_are_counted_with_deadlines_and_hands(window: Window) -> None:
    counted = (await window.ask("wang", "GET", "/queues")).json()
    assert [(each["kind"]["code"], each["department"]["code"], each["waiting"]) for each in counted["queues"]] == [
        ("review", "health", 3)
    ]
    [queue] = counted["queues"]
    assert (queue["free"], queue["mine"], queue["overdue"], queue["due_today"]) == (1, 2, 1, 1)
    assert queue["next_due_text"] == "20 November 2026"
    assert counted["in_hand"] == [
        {"claimed_by": "wang", "places": [{"code": "health", "name": "Health"}], "tasks": 2, "overdue": 1}
    ]
    assert told(await window.ask("wang", "GET", "/queues?department=edu")) == (403, "department-of-others")
    assert told(await window.ask("official", "GET", "/queues")) == (403, "wrong-role")


def test_counts_are_added_up_by_queue_and_by_person() -> None:
    def part(claimed_by: str | None, waiting: int, overdue: int, day: int, place: str = "health") -> QueueCount:
        return QueueCount(
            kind="review",
            place=place,
            document_type="birth-certificate",
            claimed_by=claimed_by,
            waiting=waiting,
            overdue=overdue,
            due_today=0,
            next_due_on=date(2026, 11, day),
        )

    counted = [part(None, 4, 0, 27), part("wang", 2, 1, 20), part("zhao", 5, 5, 23), part("wang", 1, 0, 19, "edu")]
    first, second = queues_of(counted, "wang")
    assert (first.place, first.waiting, first.mine, first.free) == ("edu", 1, 1, 0)
    assert (second.place, second.waiting, second.mine, second.free, second.overdue) == ("health", 11, 2, 4, 6)
    assert second.next_due_on == date(2026, 11, 20)
    assert [(each.claimed_by, each.tasks, each.overdue) for each in in_hand(counted)] == [
        ("zhao", 5, 5),
        ("wang", 3, 1),
    ]


def _dispute(by: str) -> Task:
    about = DisputedAccess(
        dispute_id="dispute_1",
        holder=DocumentHolder(resident_id="res_child", index="9f" * 32),
        by=by,
        role="reviewer",
        how="viewed",
        what="task",
        document_types=(),
        disputed_application=None,
        purpose=None,
        accessed_at=NOW,
        reason="我没有办过这个",
    )
    return new_tasks.dispute(about, "", "health", district=DISTRICT, at=NOW)
