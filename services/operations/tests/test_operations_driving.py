"""The engine against a broker that is away, full or gone: what it sends is taken by a fake."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bus.publisher import BrokerUnavailableError, UnroutableError
from operations.handlers.replay_scheduler import ReplayScheduler
from services.operations.tests.workshop import Mood, Operations, Place, desk, fail, operations, orders, shop
from shared.bus.tests.harness import eventually


@dataclass(slots=True)
class FakeBroker:
    """Confirms what it is sent, or fails as it is told, as often as it is told."""

    failures: list[Exception] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def send(self, body: bytes, *, service: str, item: str, redelivery: str | None, patience: bool) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(item)


async def prepared(here: Place, number: int) -> str:
    """Have so many orders fail and a replay of them prepared."""
    mood = Mood()
    async with shop(here, mood) as running, operations(here) as ops:
        await fail(ops, running, mood, orders(range(number)))
        return await ops.prepare()


async def drive_until(ops: Operations, broker: FakeBroker, replay: str, state: str | None = None) -> None:
    """Drive until something was sent, or the replay is in a state."""

    async def there() -> bool:
        return bool(broker.sent) if state is None else (await ops.show(replay)).replay.state == state

    driver = ReplayScheduler(ops.deps, commit=ops.runtime.commit, send=broker.send)
    task = asyncio.create_task(driver.run())
    try:
        await eventually(there, every=0.05)
    finally:
        await driver.stop()
        await task


async def test_a_broker_that_is_away_is_waited_for_and_the_same_item_is_sent(here: Place) -> None:
    replay = await prepared(here, 3)
    async with desk(here) as ops:
        await ops.start(replay)
        broker = FakeBroker([BrokerUnavailableError("down")] * 3)
        await drive_until(ops, broker, replay)
        shown = await ops.show(replay)
        assert shown.replay.state == "running"
        assert broker.sent == [f"{replay}/0"]
        assert shown.progress.counts.sent == 1


async def test_a_queue_that_is_gone_pauses_at_the_item_that_came_back(here: Place) -> None:
    replay = await prepared(here, 3)
    async with desk(here) as ops:
        await ops.start(replay)
        broker = FakeBroker([UnroutableError("gone")])
        await drive_until(ops, broker, replay, "paused")
        assert ((await ops.show(replay)).replay.problem, broker.sent) == ("queue-gone", [])
        await ops.step("resume", replay)
        await drive_until(ops, broker, replay)
        assert broker.sent == [f"{replay}/0"]


async def test_only_the_first_is_sent_while_its_fate_is_not_known(here: Place) -> None:
    replay = await prepared(here, 5)
    async with desk(here) as ops:
        await ops.start(replay)
        first, second = FakeBroker(), FakeBroker()
        await drive_until(ops, first, replay)
        await ops.step("pause", replay)
        await ops.step("resume", replay)
        await drive_until(ops, second, replay)
        assert (first.sent, second.sent) == ([f"{replay}/0"], [f"{replay}/1"])
