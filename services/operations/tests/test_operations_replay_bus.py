from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.kernel import Database
from services.operations.tests.workshop import (
    Mood,
    Place,
    counted_once,
    fail,
    operations,
    orders,
    place,
    shop,
)
from testkit.fixtures import Addresses


@pytest.fixture
async def here(infrastructure: Addresses, database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with place(infrastructure, database, tmp_path) as laid_out:
        yield laid_out


async def test_failures_that_are_replayed_are_handled_once_each_and_closed(here: Place) -> None:
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(130)))
        replay = await ops.prepare()
        assert (await ops.show(replay)).replay.preview.queues[0].consumers == 1
        await ops.start(replay)
        done = await ops.becomes(replay, "done")
        assert await counted_once(running, range(130))
        assert (done.progress.counts.handled, done.progress.counts.total) == (130, 130)
        closed = await ops.failures("resolved")
        assert {each.resolution for each in closed} == {"handled"}
        assert len(closed) == 130
