"""Receipts for what was sent back: each is confirmed, and those that wait for one another travel together."""

from __future__ import annotations

import asyncio
from typing import cast

import orjson
import pytest

from bus.publisher import BrokerUnavailableError, Publisher
from bus.replay import Receipts


class FakePublisher:
    """Keeps what is published, as long as it may; `is_down` refuses it."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.is_down = False
        self.open = asyncio.Event()
        self.open.set()

    async def publish(self, body: bytes, *, exchange: str, routing_key: str, message_id: str) -> None:
        """Take a message."""
        assert (exchange, routing_key) == ("receipts", "stock")
        assert message_id
        said = orjson.loads(body)
        several = said if isinstance(said, list) else [said]
        await self.open.wait()
        if self.is_down:
            raise BrokerUnavailableError("down")
        self.told.append([each["item"] for each in several])


@pytest.fixture
def broker() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def receipts(broker: FakePublisher) -> Receipts:
    return Receipts(cast("Publisher", broker), "stock")


async def confirm(receipts: Receipts, *items: int) -> list[BaseException | None]:
    told = (receipts.confirm(f"rep/{n}", event_id=f"e{n}", fate="handled") for n in items)
    return await asyncio.gather(*told, return_exceptions=True)


async def test_what_is_to_be_told_while_one_is_on_its_way_goes_together(
    broker: FakePublisher, receipts: Receipts
) -> None:
    broker.open.clear()
    first = asyncio.create_task(confirm(receipts, 0))
    for _ in range(3):
        await asyncio.sleep(0)
    others = asyncio.create_task(confirm(receipts, *range(1, 121)))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not first.done()
    broker.open.set()
    assert await first == [None]
    assert await others == [None] * 120
    assert [len(told) for told in broker.told] == [1, 100, 20]
    assert [item for told in broker.told for item in told] == [f"rep/{n}" for n in range(121)]


async def test_a_receipt_that_the_broker_did_not_take_is_told_again(broker: FakePublisher, receipts: Receipts) -> None:
    broker.is_down = True
    assert [type(each) for each in await confirm(receipts, 1, 2)] == [BrokerUnavailableError] * 2
    broker.is_down = False
    assert await confirm(receipts, 2, 1) == [None] * 2
    assert broker.told == [["rep/2", "rep/1"]]


async def test_one_that_is_not_waited_for_any_more_keeps_no_other_from_its_receipt(
    broker: FakePublisher, receipts: Receipts
) -> None:
    broker.open.clear()
    cancelled, kept = (asyncio.create_task(confirm(receipts, n)) for n in (1, 2))
    for _ in range(3):
        await asyncio.sleep(0)
    cancelled.cancel()
    broker.open.set()
    assert await kept == [None]
    assert await confirm(receipts, 3) == [None]
