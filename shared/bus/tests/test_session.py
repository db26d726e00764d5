from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import aio_pika
import pytest
from structlog.testing import capture_logs

from bus.consumer import Consumer
from bus.envelope import EncodedEvent
from bus.event import Outcome, Received
from bus.processor import MessageProcessor
from bus.publisher import BrokerUnavailableError
from bus.topology import Topology, dead_letters_of
from shared.bus.tests.harness import (
    QUICK,
    Placed,
    PlacedView,
    Station,
    Tallies,
    count,
    depth,
    eventually,
    hearing,
    order,
    station,
    stock_of,
    take,
)
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.patience import PATIENCE


@pytest.fixture
async def stock(infrastructure: StackAddresses, database: Database, watched: Topology) -> AsyncIterator[Station]:
    async with station(infrastructure.amqp, database, watched) as running:
        yield running


@asynccontextmanager
async def operator(amqp: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    """Open a channel for somebody who works on the broker by hand."""
    async with await aio_pika.connect(amqp) as connection:
        yield await connection.channel()


async def test_a_queue_that_is_deleted_under_its_consumer_is_there_again_and_heard(stock: Station) -> None:
    queue = stock_of(stock.topology)
    async with operator(stock.amqp) as channel:
        await channel.queue_delete(queue)

    event = order(1)
    await eventually(lambda: arrives(stock, event))

    assert await depth(stock.amqp, queue) == 0


async def test_a_queue_deleted_while_its_messages_are_handled_loses_none_that_was_begun(
    infrastructure: StackAddresses, database: Database, watched: Topology
) -> None:
    async def wait_and_count(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        begun.append(event.data.number)
        await asyncio.wait_for(go_on.wait(), PATIENCE)
        return await count(event, tallies)

    begun, go_on = list[int](), asyncio.Event()
    async with station(infrastructure.amqp, database, watched, hearing(wait_and_count)) as stock:
        await stock.place([order(n) for n in range(5)])
        await eventually(lambda: all_begun(begun, 5))
        async with operator(infrastructure.amqp) as channel:
            await channel.queue_delete(stock_of(watched))
        go_on.set()
        await eventually(stock.consumer.is_ready)
        await stock.place([order(n) for n in range(5, 10)])

        await eventually(lambda: counted_among(stock, range(5, 10)))


async def all_begun(begun: list[int], number: int) -> bool:
    return len(begun) >= number


async def counted_among(stock: Station, numbers: range) -> bool:
    return set(numbers) <= set(await stock.counted())


async def test_a_binding_that_somebody_removed_is_healed(stock: Station) -> None:
    queue = stock_of(stock.topology)
    async with operator(stock.amqp) as channel:
        bound = await channel.get_queue(queue, ensure=False)
        await bound.unbind(stock.topology.exchange, Placed.type)
        trail = await channel.get_queue(stock.topology.trail.queue, ensure=False)
        await trail.unbind(stock.topology.exchange, "#")

    event = order(1)
    await eventually(lambda: arrives(stock, event))


async def arrives(stock: Station, event: EncodedEvent) -> bool:
    """Publish once more, and tell whether it was counted; the broker returns what nobody is bound to."""
    with suppress(BrokerUnavailableError):
        await stock.publish(event)
    return await stock.has_counted([1])


async def test_a_queue_with_other_arguments_is_said_clearly_and_made_anew_when_it_is_gone(
    infrastructure: StackAddresses, database: Database, watched: Topology
) -> None:
    queue = stock_of(watched)
    with capture_logs() as logs:
        async with operator(infrastructure.amqp) as channel:
            await channel.queue_delete(queue)
            await channel.declare_queue(queue, durable=True)  # a classic one, as somebody might by hand
        await eventually(lambda: was_logged(logs, "topology_not_declared"))
        [told, *_] = [each for each in logs if each["event"] == "topology_not_declared"]
        assert "PRECONDITION_FAILED" in told["error"]
        assert f"queue '{queue}'" in told["error"]

        async with operator(infrastructure.amqp) as channel:
            await channel.queue_delete(queue)
        async with station(infrastructure.amqp, database, watched) as stock:
            await stock.publish(order(1))
            await eventually(lambda: stock.has_counted([1]))


async def was_logged(logs: list[Any], event: str) -> bool:
    return any(each["event"] == event for each in logs)


async def test_a_stop_finishes_what_was_begun_and_gives_back_the_rest(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def slowly(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        begun.append(event.data.number)
        await asyncio.sleep(0.05)
        return await count(event, tallies)

    begun = list[int]()
    limits = replace(QUICK, prefetch=8)
    async with station(infrastructure.amqp, database, small, hearing(slowly), limits=limits) as stock:
        await stock.place([order(n) for n in range(60)])
        await eventually(lambda: all_begun(begun, 8))
    at_the_stop = await stock.counted()

    assert 0 < len(at_the_stop) < 60
    assert sorted(at_the_stop) == sorted(set(at_the_stop))
    assert await depth(infrastructure.amqp, stock_of(small)) == 60 - len(at_the_stop)
    async with station(infrastructure.amqp, database, small) as stock:
        await eventually(lambda: stock.has_counted(range(60)))


async def test_a_handler_that_does_not_end_does_not_keep_the_service_from_stopping(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def hang(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        begun.append(event.data.number)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    begun = list[int]()
    limits = replace(QUICK, drain_timeout=0.2, handler_timeout=600)
    async with asyncio.timeout(PATIENCE):
        async with station(infrastructure.amqp, database, small, hearing(hang), limits=limits) as stock:
            await stock.publish(order(1))
            await eventually(lambda: all_begun(begun, 1))

    async with station(infrastructure.amqp, database, small) as stock:
        await eventually(lambda: stock.has_counted([1]))


async def test_whoever_stops_asking_for_readiness_leaves_the_consumer_alone(stock: Station) -> None:
    for _ in range(20):
        asking = asyncio.create_task(stock.consumer.is_ready())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    with capture_logs() as logs:
        await stock.publish(order(1))
        await eventually(lambda: stock.has_counted([1]))
        assert await stock.consumer.is_ready()
    assert not await was_logged(logs, "broker_session_ended")


async def test_a_service_that_only_speaks_is_ready_and_heard_by_others_later(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async with station(infrastructure.amqp, database, small, ()) as shop:
        assert await shop.consumer.is_ready()
        await shop.publish(order(1))

    assert await depth(infrastructure.amqp, stock_of(small)) == 1


async def test_a_message_whose_failure_cannot_even_be_sorted_ends_at_the_delivery_limit(
    infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(self: MessageProcessor[Any], message: aio_pika.abc.AbstractIncomingMessage) -> None:
        deliveries.append(1)
        raise AssertionError("a fault of our own")

    deliveries = list[int]()
    monkeypatch.setattr(MessageProcessor, "handle", break_down)
    with capture_logs():
        async with station(infrastructure.amqp, database, small) as stock:
            await stock.publish(order(1))

            await eventually(lambda: has_letters(stock), every=0.1)

    [letter] = await take(infrastructure.amqp, dead_letters_of(stock_of(small)))
    assert letter.headers["x-death"]
    assert 50 < len(deliveries) < 200


async def has_letters(stock: Station) -> bool:
    return await depth(stock.amqp, dead_letters_of(stock_of(stock.topology))) > 0


async def test_a_session_that_fails_for_an_unforeseen_reason_is_begun_again(
    infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(self: Consumer[Tallies], channel: object) -> None:
        monkeypatch.undo()
        raise KeyError("a fault of our own")

    async with station(infrastructure.amqp, database, small) as stock:
        monkeypatch.setattr(Consumer, "_check", break_down)
        await eventually(lambda: is_undone(break_down))
        await stock.publish(order(1))

        await eventually(lambda: stock.has_counted([1]))
        await eventually(stock.consumer.is_ready)


async def is_undone(fault: object) -> bool:
    return Consumer._check is not fault  # noqa: SLF001 - the part that was made to fail


async def test_a_session_that_gets_nothing_though_messages_wait_starts_over(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    """As behind a queue that was deleted and declared again at once, now and then, on RabbitMQ 3.10."""
    async with station(infrastructure.amqp, database, small, limits=replace(QUICK, prefetch=2)) as stock:
        channel = stock.consumer._channel  # noqa: SLF001 - the fault
        assert channel is not None
        heard = (await channel.get_underlay_channel()).consumers  # type: ignore[attr-defined] # the interface leaves it out
        heard.update(dict.fromkeys(heard, swallow))
        await stock.place([order(n) for n in range(5)])

        await eventually(lambda: stock.has_counted(range(5)))


async def swallow(_message: object) -> None:
    """Take what was delivered, and do nothing."""
