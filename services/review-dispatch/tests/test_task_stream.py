"""Following queues: who is told of what, once, and what a reader who comes back is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from bus.event import Outcome
from review_dispatch.api.queue_presenter import news
from review_dispatch.api.reader import TaskReader
from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.escalation import escalate
from review_dispatch.domain.news import Scope, what_happened
from review_dispatch.domain.task import Task
from review_dispatch.handlers.queue_follower import LONGEST_BACK, Follower
from task_window import DISTRICT, NOW, PEOPLE, Window, decision, door, opened, review
from testkit.fakes import apply

ILL = {"reason": "同事请病假，由我代办"}


@pytest.fixture
async def window() -> AsyncIterator[Window]:
    async with opened() as window:
        yield window


class Following:
    """One reader's stream in memory."""

    def __init__(self, window: Window, who: str) -> None:
        self.who = who
        self._window = window
        self._follower = Follower(PEOPLE[who], window.deps)

    async def told(self, since: datetime | None = None) -> list[tuple[str, str]]:
        """Tell what the reader is told now."""
        moves = await self._follower.look(since)
        return [(what_happened(task, self.who), task.id) for task in moves.tasks]

    async def counts(self) -> bool:
        """Tell whether the counts are sent again."""
        return (await self._follower.look(None)).counted is not None


def store(window: Window, task: Task) -> Task:
    """Store a task as the service does, and let a second pass."""
    apply(Outcome(changes=[window.deps.tasks.save(task)]))
    window.clock.advance(timedelta(seconds=1))
    return window.tasks.all[task.id]


async def test_a_reader_is_told_of_new_tasks_in_their_queues_and_of_no_others(window: Window) -> None:
    wang, grid, elsewhere = (Following(window, who) for who in ("wang", "grid", "grid-elsewhere"))
    for each in (wang, grid, elsewhere):
        assert await each.told() == []
    paper, house = store(window, review()), store(window, door())
    store(window, decision())
    assert await wang.told() == [("new", paper.id)]
    assert await wang.told() == []
    assert await grid.told() == [("new", house.id)]
    assert await elsewhere.told() == []


async def test_what_was_there_before_is_counted_and_not_told(window: Window) -> None:
    store(window, review())
    wang = Following(window, "wang")
    assert await wang.counts()
    assert await wang.told() == []
    assert not await wang.counts()


async def test_late_cancelled_and_moved_are_told_to_all_whose_queue_it_is_or_was(window: Window) -> None:
    wang, lead = Following(window, "wang"), Following(window, "health-lead")
    task = store(window, review())
    for each in (wang, lead):
        await each.told()
    late = store(window, escalate(task, DISTRICT, today=NOW.date() + timedelta(days=9), at=window.clock()))
    assert await wang.told() == await lead.told() == [("late", task.id)]
    store(window, cancel(late, "withdrawn", window.clock()))
    assert await wang.told() == await lead.told() == [("cancelled", task.id)]


async def test_only_the_colleague_is_told_that_a_task_was_taken_away(window: Window) -> None:
    task = store(window, review())
    wang, zhao = Following(window, "wang"), Following(window, "zhao")
    for each in (wang, zhao):
        await each.told()
    await window.claim("wang", task)
    assert await zhao.told() == [("moved", task.id)]
    await window.ask("zhao", "POST", f"/{task.id}/takeover", ILL)
    assert await wang.told() == [("taken-away", task.id)]
    assert await zhao.told() == [("moved", task.id)]


async def test_a_change_that_is_stored_late_is_told_all_the_same(window: Window) -> None:
    wang = Following(window, "wang")
    await wang.told()
    slow = window.deps.tasks.save(review())
    window.clock.advance(timedelta(seconds=20))
    assert await wang.told() == []
    apply(Outcome(changes=[slow]))
    assert [what for what, _ in await wang.told()] == ["new"]


async def test_a_reader_who_comes_back_is_told_of_what_happened_meanwhile(window: Window) -> None:
    told_until = window.clock()
    window.clock.advance(timedelta(minutes=20))
    task = store(window, review())
    window.clock.advance(timedelta(minutes=20))
    assert await Following(window, "wang").told(told_until) == [("new", task.id)]
    window.clock.advance(LONGEST_BACK)
    assert await Following(window, "wang").told(told_until) == []


async def test_the_counts_are_sent_with_every_change_and_with_a_new_day(window: Window) -> None:
    wang = Following(window, "wang")
    assert await wang.counts()
    assert not await wang.counts()
    store(window, review())
    assert await wang.counts()
    window.clock.advance(timedelta(days=1))
    assert await wang.counts()


async def test_what_is_watched_changes_with_every_move_in_its_queues_alone(window: Window) -> None:
    keys = [Scope.of(PEOPLE[who].departments, PEOPLE[who].communities).key for who in ("wang", "edu", "grid")]
    before = await window.tasks.states(keys)
    task = store(window, review())
    after = await window.tasks.states(keys)
    assert [after[key] != before[key] for key in keys] == [True, False, False]
    await window.claim("wang", task)
    assert (await window.tasks.states(keys))[keys[0]] != after[keys[0]]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_what_happened_is_a_sentence_without_a_person_or_a_code(window: Window, language: str) -> None:
    task = store(window, review())
    reader = TaskReader(PEOPLE["wang"], language, DISTRICT, NOW.date())
    moved = [task, cancel(task, "withdrawn", NOW), escalate(task, DISTRICT, today=NOW.date(), at=NOW)]
    said = [news(each, reader).text for each in moved]
    assert len(set(said)) == len(moved)
    document = "Birth certificate" if language == "en" else "出生医学证明"
    assert all(document in each for each in said)
    assert not [each for each in said if "birth-certificate" in each or "李" in each or "health" in each]
