"""Events of the trail that one service hears once more."""

from __future__ import annotations

from datetime import timedelta

from operations.domain.replay import Between
from operations.handlers import replays
from operations.handlers.explanations import explain
from services.operations.tests.workshop import ANN, Mood, Operations, Place, counted_once, operations, orders, shop
from shared.bus.tests.harness import eventually


async def test_events_of_the_trail_are_handled_once_more_by_one_service_for_one_run(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await running.place(orders(range(20)))
        await eventually(lambda: counted_once(running, range(20)))
        replay = await _redelivery(ops, here, 20)
        await ops.start(replay)
        done = await ops.becomes(replay, "done")
        assert done.progress.counts.handled == 20
        assert await counted_once(running, [*range(20), *range(20)])


async def test_a_bad_event_of_the_trail_does_not_hold_up_those_behind_it_and_is_told_with_its_reason(
    here: Place,
) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        placed = orders(range(40))
        await running.place(placed)
        await eventually(lambda: counted_once(running, range(40)))
        replay = await _redelivery(ops, here, 40)
        ops_database = here.database.client[f"{here.database.name}-ops"]
        await ops_database["trail"].delete_one({"_id": placed[5].id})
        mood.fails = {0, 3, 30}
        await ops.start(replay)
        done = await ops.becomes(replay, "done")
        counts = done.progress.counts
        assert (counts.handled, counts.failed, counts.skipped) == (36, 3, 1)
        assert await counted_once(running, [*range(40), *(n for n in range(40) if n not in {0, 3, 5, 30})])
        explained = await explain(replay, await replays.items(replay, ops.deps, limit=40), ops.deps)
        why = {told.item.chosen.event_id: told.why for told in explained if told.why}
        assert why == {placed[5].id: "not-in-trail"} | dict.fromkeys(
            (placed[n].id for n in mood.fails), "handler-failed · RuntimeError"
        )
        letters = {each.id for each in await ops.failures("open")}
        assert {told.failure for told in explained if told.failure} == letters


async def test_a_redelivery_of_which_nothing_gets_through_stops_after_the_second_wave(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await running.place(orders(range(30)))
        await eventually(lambda: counted_once(running, range(30)))
        replay = await _redelivery(ops, here, 30)
        mood.fails = None
        await ops.start(replay)
        stopped = await ops.becomes(replay, "stopped")
        assert (stopped.progress.counts.failed, stopped.progress.counts.pending) == (11, 19)
        mood.fails = set()
        await ops.step("resume", replay)
        done = await ops.becomes(replay, "done")
        assert (done.progress.counts.handled, done.progress.counts.failed) == (19, 11)


async def _redelivery(ops: Operations, here: Place, number: int) -> str:
    """Prepare the re-delivery of all orders, once the trail has so many of them."""
    now = ops.deps.clock()
    span = Between(
        service=here.topology.subscriptions["shop.order-placed.v1"][0],
        since=now - timedelta(hours=1),
        until=now + timedelta(minutes=1),
    )
    await eventually(lambda: _recorded(ops, number))
    shown = await ops.do(lambda: replays.prepare(span, reason="the shelf was wiped", by=ANN, rate=2_000, deps=ops.deps))
    return shown.replay.id


async def _recorded(ops: Operations, number: int) -> bool:
    found = 0
    async for event in ops.deps.trail.between(0, 2**62):
        found += event.type == "shop.order-placed.v1"
    return found >= number
