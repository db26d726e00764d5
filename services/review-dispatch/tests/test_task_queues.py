"""Whose tasks one sees over HTTP: queues, filters, pages, and what is nobody's business."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from task_window import NOW, Window, decision, door, opened, review, told


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


async def test_a_queue_shows_only_what_is_the_reviewers(window: Window) -> None:
    window.keep(review())
    window.keep(decision())
    window.keep(door())
    mine = (await window.ask("wang", "GET", "")).json()["items"]
    assert [task["document_type"] for task in mine] == [{"code": "birth-certificate", "name": "Birth certificate"}]
    assert [task["kind"]["code"] for task in (await window.ask("grid", "GET", "")).json()["items"]] == ["field-check"]
    assert (await window.ask("grid-elsewhere", "GET", "")).json()["items"] == []
    assert len((await window.ask("operator", "GET", "")).json()["items"]) == 3


async def test_a_queue_says_nothing_about_the_person(window: Window) -> None:
    window.keep(door())
    assert "李育成" not in (await window.ask("grid", "GET", "")).text


@pytest.mark.parametrize(
    ("who", "query", "code"),
    [
        ("wang", "department=edu", "department-of-others"),
        ("grid", "community=440309001001", "community-of-others"),
    ],
)
async def test_nobody_asks_for_somebody_elses_queue(window: Window, who: str, query: str, code: str) -> None:
    assert told(await window.ask(who, "GET", f"?{query}")) == (403, code)


async def test_a_grid_officer_asks_for_doors_only(window: Window) -> None:
    assert told(await window.ask("grid", "GET", "?kind=review")) == (422, "grid-officers-check-doors")


async def test_filters_narrow_the_queue(window: Window) -> None:
    late = window.keep(review(application="app_late", asked=NOW - timedelta(days=20)))
    house = window.keep(review("property-certificate", application="app_house"))
    await window.claim("wang", house)

    async def found(query: str) -> list[str]:
        answer = await window.ask("wang", "GET", f"?{query}")
        return [task["task_id"] for task in answer.json()["items"]]

    assert await found("overdue=true") == [late.id]
    assert await found("mine=true") == [house.id]
    assert await found("status=claimed") == [house.id]
    assert await found("status=open&status=claimed") == [late.id, house.id]
    assert await found("document_type=property-certificate") == [house.id]
    assert await found("application_id=app_late") == [late.id]
    assert await found("department=land") == [house.id]
    assert await found("kind=decision") == []


async def test_pages_follow_each_other_without_gaps_or_repetitions(window: Window) -> None:
    kept = {window.keep(review(application=f"app_{n}")).id for n in range(5)}
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = (await window.ask("wang", "GET", f"?limit=2{cursor and f'&cursor={cursor}'}")).json()
        seen += [task["task_id"] for task in answer["items"]]
        cursor = answer["next"]
    assert len(seen) == len(set(seen)) == 5
    assert set(seen) == kept


async def test_a_cursor_of_ones_own_making_is_refused(window: Window) -> None:
    assert told(await window.ask("wang", "GET", "?cursor=WzFd"))[1] == "bad-cursor"


async def test_officials_see_counts_and_no_tasks(window: Window) -> None:
    task = window.keep(review())
    assert told(await window.ask("official", "GET", "")) == (403, "wrong-role")
    assert told(await window.ask("official", "GET", f"/{task.id}")) == (403, "wrong-role")
    counted = (await window.ask("official", "GET", "/statistics")).json()["queues"]
    assert [(each["department"]["code"], each["waiting"], each["overdue"], each["suppressed"]) for each in counted] == [
        ("edu", None, None, True),
        ("health", 5, None, True),  # of 13, as the 9 that are not overdue are told
    ]
    assert [each["text"] for each in counted] == [
        "Education, Decision: fewer than 5 waiting, fewer than 5 of them overdue.",
        "Health, Document review: 5 waiting, fewer than 5 of them overdue.",
    ]


async def test_a_task_of_another_department_or_community_is_refused(window: Window) -> None:
    task, check = window.keep(review()), window.keep(door())
    assert told(await window.ask("edu", "GET", f"/{task.id}")) == (403, "task-of-others")
    assert told(await window.claim("edu", task)) == (403, "task-of-others")
    assert told(await window.claim("grid-elsewhere", check)) == (403, "task-of-others")
    assert told(await window.claim("grid", task)) == (403, "task-of-others")


async def test_residents_and_strangers_have_no_queue(window: Window) -> None:
    assert told(await window.ask("child", "GET", "")) == (403, "wrong-role")
    assert told(await window.ask("nobody", "GET", "")) == (401, "bad-token")
    assert told(await window.claim("official", window.keep(review()))) == (403, "wrong-role")


async def test_an_unknown_task_is_not_found(window: Window) -> None:
    assert told(await window.ask("wang", "GET", "/task_x")) == (404, "no-such-task")
    assert told(await window.ask("wang", "POST", "/task_x/claim")) == (404, "no-such-task")
