from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from operations.handlers import discards, replays
from runtime.errors import Conflict
from services.operations.tests.workshop import (
    ANN,
    BEN,
    Mood,
    Operations,
    Place,
    counted_once,
    delete_queue,
    desk,
    fail,
    for_a_while,
    mend,
    operations,
    orders,
    shop,
    worker,
)
from shared.bus.tests.harness import eventually


async def test_failures_that_are_replayed_are_handled_once_each_and_closed(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(115)))
        replay = await ops.prepare()
        assert (await ops.show(replay)).replay.preview.queues[0].consumers == 1
        await ops.start(replay)
        done = await ops.becomes(replay, "done")
        assert await counted_once(running, range(115))
        assert (done.progress.counts.handled, done.progress.counts.total) == (115, 115)
        closed = await ops.failures("resolved")
        assert {each.resolution for each in closed} == {"handled"}
        assert len(closed) == 115


async def test_the_canary_stops_at_the_first_that_fails_again_and_the_rest_is_not_sent(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(30)))
        mood.fails = None
        replay = await ops.prepare()
        await ops.start(replay)
        stopped = await ops.becomes(replay, "stopped")
        assert stopped.replay.problem == "failed-again"
        assert (stopped.progress.counts.failed, stopped.progress.counts.pending) == (1, 29)
        assert len(await ops.failures("open")) == 30
        mood.fails = set()
        await ops.step("resume", replay)
        done = await ops.becomes(replay, "done")
        assert (done.progress.counts.handled, done.progress.counts.failed) == (29, 1)
        assert len(await ops.failures("open")) == 1


async def test_what_was_handled_before_is_shown_as_ignored_and_not_as_handled(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, [*(placed := orders(range(3)))])
        await running.place(placed)
        await eventually(lambda: counted_once(running, range(3)))
        replay = await ops.prepare()
        await ops.start(replay)
        done = await ops.becomes(replay, "done")
        assert (done.progress.counts.handled, done.progress.counts.ignored) == (0, 3)
        assert {each.resolution for each in await ops.failures("resolved")} == {"ignored"}
        assert await counted_once(running, range(3))


async def test_a_stale_selection_is_refused_with_what_changed_and_nothing_is_sent(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(5)))
        replay = await ops.prepare()
        put_away = (await ops.failures("open"))[0].id
        await ops.do(lambda: discards.discard(put_away, "a joke", BEN, ops.deps))
        with pytest.raises(Conflict) as refused:
            await ops.start(replay)
        assert refused.value.code == "stale-selection"
        assert refused.value.params == {"count": 1, "ids": put_away, "of": 5}
        assert await running.counted() == []


async def test_two_operators_who_replay_the_same_do_it_once(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(40)))
        first, second = await ops.prepare(by=ANN), await ops.prepare(by=BEN)
        begun = await asyncio.gather(ops.start(first, ANN), ops.start(second, BEN), return_exceptions=True)
        ended = [
            await ops.becomes(id_, "done") for id_, each in zip((first, second), begun, strict=True) if _went(each)
        ]
        assert sum(each.progress.counts.handled for each in ended) == 40
        assert sum(each.progress.counts.ignored for each in ended) == 0, "one of a pair is skipped, not sent"
        assert await counted_once(running, range(40))


def _went(result: object) -> bool:
    assert not isinstance(result, BaseException) or isinstance(result, Conflict)
    return not isinstance(result, Conflict)


async def test_two_processes_drive_one_replay_once(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running:
        async with operations(here) as ops:
            await fail(ops, running, mood, orders(range(60)))
            replay = await ops.prepare(rate=50)
        async with desk(here) as ops, worker(here), worker(here):
            await ops.start(replay)
            done = await ops.becomes(replay, "done")
            assert (done.progress.counts.handled, done.progress.counts.ignored) == (60, 0)
            assert await counted_once(running, range(60))


async def test_a_queue_that_is_gone_pauses_the_replay_until_somebody_resumes_it(here: Place) -> None:
    mood = Mood()
    async with operations(here) as ops:
        async with shop(here, mood) as running:
            await fail(ops, running, mood, orders(range(6)))
        await eventually(lambda: _no_consumer(ops))
        replay = await ops.prepare()
        await delete_queue(here)
        await ops.start(replay)
        gone = await ops.becomes(replay, "paused")
        assert gone.replay.problem == "queue-gone"
        assert gone.progress.counts.pending + gone.progress.counts.sent == 6
        await mend(here)
        async with shop(here, mood) as running:
            await ops.step("resume", replay)
            await ops.becomes(replay, "done")
            assert await counted_once(running, range(6))


async def _no_consumer(ops: Operations) -> bool:
    queue = (await ops.deps.queues.look([ops.place.topology.subscriptions["shop.order-placed.v1"][0]]))[0]
    return queue.consumers == 0


async def test_failures_that_arrive_in_the_group_meanwhile_are_not_caught(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(40)))
        replay = await ops.prepare(group=(await ops.failures("open"))[0].group, rate=20)
        await ops.start(replay)
        await ops.becomes(replay, "running")
        mood.fails = set(range(100, 110))
        await running.place(orders(range(100, 110)))
        done = await ops.becomes(replay, "done")
        assert done.progress.counts.total == 40
        assert sorted(await running.counted()) == list(range(40))
        await ops.has_failures(10, "open")
        assert len({each.group for each in await ops.failures()}) == 1


async def test_paused_nothing_is_sent_and_cancelled_the_rest_never_is(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(60)))
        replay = await ops.prepare(rate=30)
        await ops.start(replay)
        await eventually(lambda: _has_counted(running.counted, 12))
        await ops.step("pause", replay)
        await eventually(lambda: _settled(ops, replay))
        sent = len(await running.counted())
        assert await for_a_while(lambda: _has_counted(running.counted, sent, exactly=True))
        await ops.step("cancel", replay)
        await eventually(lambda: _rests(ops, replay))
        counts = (await ops.show(replay)).progress.counts
        assert (counts.handled, counts.handled + counts.pending, counts.sent) == (sent, 60, 0)
        assert len(await ops.failures("open")) == 60 - sent


async def _has_counted(counted: Callable[[], Awaitable[list[int]]], number: int, *, exactly: bool = False) -> bool:
    found = len(await counted())
    return found == number if exactly else found >= number


async def _settled(ops: Operations, replay: str) -> bool:
    progress = (await ops.deps.replays.progress([replay]))[replay]
    return progress.counts.sent == 0 and not progress.is_active


async def _rests(ops: Operations, replay: str) -> bool:
    return not (await ops.deps.replays.progress([replay]))[replay].is_active


async def test_what_was_sent_and_never_heard_of_is_open_again_after_a_cancel(here: Place) -> None:
    mood = Mood()
    async with operations(here) as ops:
        async with shop(here, mood) as running:
            await fail(ops, running, mood, orders(range(4)))
        replay = await ops.prepare()
        await ops.start(replay)
        await eventually(lambda: _has_sent(ops, replay, 1))
        assert len(await ops.failures("replaying")) == 1
        await ops.step("cancel", replay)
        await ops.has_failures(4, "open")
        async with shop(here, mood) as running:
            await eventually(lambda: _has_counted(running.counted, 1))
            await ops.has_failures(1, "resolved")
            assert len(await ops.failures("open")) == 3


async def _has_sent(ops: Operations, replay: str, number: int) -> bool:
    items = await replays.items(replay, ops.deps, state="sent")
    return len(items) == number
