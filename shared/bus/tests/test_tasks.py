from __future__ import annotations

import asyncio

import pytest

from bus.tasks import PeriodicTask, cancel_and_wait
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
        await cancel_and_wait(tasks)
    assert all(task.done() for task in tasks)
    assert swallowed == 2


async def test_nothing_is_ended_at_once() -> None:
    await cancel_and_wait([])


@pytest.mark.parametrize("error", [ValueError("unforeseen"), asyncio.CancelledError("by a connection that froze")])
async def test_what_repeats_goes_on_after_a_turn_that_failed(error: BaseException) -> None:
    turns, went_on = 0, asyncio.Event()

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise error
        went_on.set()

    repeating = PeriodicTask(work, every=0)
    async with asyncio.timeout(PATIENCE):
        await went_on.wait()
        await repeating.stop()
