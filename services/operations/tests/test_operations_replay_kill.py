"""kill -9 of operations in the middle of a replay: lost 0, doubled 0, with a real broker, store and consumer."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal

from services.operations.tests.workshop import (
    Mood,
    Operations,
    Place,
    counted_once,
    desk,
    fail,
    operations,
    orders,
    shop,
    worker,
)
from shared.bus.tests.harness import Station
from testkit.forked import Forked
from testkit.patience import PATIENCE

ORDERS = range(140)
FAULTS = {
    "before the publish": 1,
    "between confirm and mark": 2,
    "within the publishes": 2,
    "after the mark": 2,
    "between a receipt and its commit": 1,
}
"""Where a process dies, and which time that it comes there."""


async def prepared(here: Place, running: Station, mood: Mood, rate: int) -> str:
    """Have all orders fail and a replay of them prepared."""
    async with operations(here) as ops:
        await fail(ops, running, mood, orders(ORDERS))
        return await ops.prepare(rate=rate)


async def all_is_well(ops: Operations, running: Station, replay: str) -> None:
    """Require that every failure was handled once, and is known to be."""
    done = await ops.becomes(replay, "done")
    counts = done.progress.counts
    assert await counted_once(running, ORDERS), "lost or doubled"
    assert (counts.pending, counts.sent, counts.failed, counts.skipped) == (0, 0, 0, 0)
    assert counts.handled + counts.ignored == len(ORDERS)
    assert len(await ops.failures("resolved")) == len(ORDERS)


async def test_killed_anywhere_one_after_the_other_they_go_on_and_nothing_is_lost_or_doubled(here: Place) -> None:
    """At this rate a chunk has 25 orders at most, so that each process finds enough left to come to its fault."""
    mood = Mood()
    async with shop(here, mood) as running:
        replay = await prepared(here, running, mood, rate=100)
        async with desk(here) as ops:
            await ops.start(replay)
            for fault, turn in FAULTS.items():
                async with worker(here, fault, turn) as doomed, asyncio.timeout(PATIENCE):
                    assert await doomed.wait() == -signal.SIGKILL, fault
            async with worker(here):
                await all_is_well(ops, running, replay)


async def test_killed_at_random_moments_again_and_again_nothing_is_lost_or_doubled(here: Place) -> None:
    seed = int(os.environ.get("SEED", "0")) or secrets.randbits(32)
    print(f"SEED={seed}")  # noqa: T201 - whoever has to repeat it needs it
    chance = random.Random(seed)
    mood = Mood()
    async with shop(here, mood) as running:
        replay = await prepared(here, running, mood, rate=60)
        async with desk(here) as ops:
            await ops.start(replay)
            for _ in range(2):
                async with worker(here) as doomed:
                    await asyncio.wait_for(_wait_or_end(doomed, 1.5 + chance.random() * 1.5), PATIENCE)
            async with worker(here):
                await all_is_well(ops, running, replay)


async def _wait_or_end(process: Forked, seconds: float) -> None:
    """Let it live for some time; leaving its block kills it."""
    await asyncio.wait([asyncio.create_task(process.wait())], timeout=seconds)
