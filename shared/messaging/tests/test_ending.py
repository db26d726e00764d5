from __future__ import annotations

import asyncio

from messaging.ending import end
from testkit.patience import PATIENCE


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 1:
                    raise

    async def failing() -> None:
        raise ValueError

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await end(tasks)
    assert all(task.done() for task in tasks)
    assert swallowed == 2


async def test_nothing_is_ended_at_once() -> None:
    await end([])
