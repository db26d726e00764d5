from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from pamqp.common import FieldValue

from bus import connection, consumer, publisher, relay, stalls
from bus.consumer import ConsumerLimits
from bus.envelope import decode_event
from bus.publisher import BrokerUnavailableError, Publisher, UnroutableError
from bus.topology import Topology
from shared.bus.tests.harness import Placed, depth, eventually, order, station, stock_of, take
from shared.bus.tests.proxy import DOWN, UP, Proxy, proxied
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.patience import IN_TIME, PATIENCE

SOON = 0.3
"""Seconds that a publisher waits on a bad network; on a good one it has all the time that a slow machine takes."""


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "CLOSE_TIMEOUT", 0.2)
    monkeypatch.setattr(relay, "SWEEP_EVERY", 0.2)


@pytest.fixture
async def proxy(infrastructure: StackAddresses) -> AsyncIterator[Proxy]:
    """A bad network between this test and the broker."""
    async with proxied(infrastructure.amqp) as running:
        yield running


@pytest.fixture
async def sender(proxy: Proxy, small: Topology) -> AsyncIterator[Publisher]:
    """A publisher on the bad network, connected while it was still good."""
    sender = Publisher(proxy.url, name="test", timeout=PATIENCE)
    await send(sender, small, 0)
    sender.timeout = SOON
    yield sender
    proxy.heal()
    await sender.close()


async def gets_through(publishing: Awaitable[object]) -> bool:
    """Tell whether something is published; on a good network it is, if not within the little time that a test sets."""
    try:
        await publishing
    except BrokerUnavailableError:
        return False
    return True


async def send(sender: Publisher, small: Topology, number: int) -> None:
    event = order(number)
    await sender.publish(event.body, exchange=small.exchange, routing_key=event.routing_key, message_id=event.id)


TROUBLES: dict[str, Callable[[Proxy], None]] = {
    "a frozen network": lambda proxy: proxy.freeze(),
    "nothing goes out": lambda proxy: proxy.freeze(UP),
    "nothing comes in": lambda proxy: proxy.freeze(DOWN),
    "withheld confirms": lambda proxy: setattr(proxy, "withhold_confirms", True),
    "a slow network": lambda proxy: setattr(proxy, "delay", 2 * SOON),
    "a cut line": lambda proxy: proxy.cut(),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_publishing_into_trouble_ends_in_time_as_unavailable_and_the_sweep_repeats_it_under_its_id(
    trouble: str, proxy: Proxy, infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    kept = [order(n) for n in range(3)]
    async with station(proxy.url, database, small, consuming=False, patience=PATIENCE) as shop:
        await shop.publish(order(99))
        shop.publisher.timeout = SOON
        TROUBLES[trouble](proxy)
        entry = await shop.committer.commit([], kept)
        begun = time.perf_counter()

        published = (shop.publish(order(n)) for n in range(100, 120))
        results = await asyncio.gather(shop.relay.dispatch(kept, entry), *published, return_exceptions=True)

        assert [isinstance(result, BrokerUnavailableError) for result in results] == [False] + [True] * 20
        assert results[0] is None
        assert time.perf_counter() - begun < IN_TIME
        assert not await shop.outbox_is_empty()
        proxy.heal()
        shop.publisher.timeout = PATIENCE
        await eventually(shop.outbox_is_empty)

    arrived = {decode_event(message.body).id for message in await take(infrastructure.amqp, stock_of(small))}
    assert {event.id for event in kept} <= arrived


async def test_connecting_into_a_frozen_network_ends_in_time_for_everybody_who_waits(
    proxy: Proxy, small: Topology
) -> None:
    sender = Publisher(proxy.url, name="test", timeout=SOON)
    proxy.freeze(DOWN)
    begun = time.perf_counter()

    results = await asyncio.gather(*(send(sender, small, n) for n in range(20)), return_exceptions=True)

    assert [type(result) for result in results] == [BrokerUnavailableError] * 20
    assert time.perf_counter() - begun < IN_TIME
    proxy.heal()
    sender.timeout = PATIENCE
    await eventually(lambda: gets_through(send(sender, small, 99)))
    await sender.close()


async def test_a_connection_that_freezes_while_the_channel_opens_ends_in_time(proxy: Proxy, small: Topology) -> None:
    sender = Publisher(proxy.url, name="test", timeout=SOON)
    proxy.delay = SOON / 4  # every answer arrives, only too late for all of the handshake together

    begun = time.perf_counter()
    with pytest.raises(BrokerUnavailableError):
        await send(sender, small, 1)

    assert time.perf_counter() - begun < IN_TIME
    proxy.heal()
    await sender.close()


async def test_a_heartbeat_that_fails_is_unavailability_and_cancels_neither_publisher_nor_consumer(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def is_counted() -> bool:
        return 2 in await stock.counted()

    async with (
        proxied(infrastructure.amqp + "?heartbeat=1") as proxy,
        station(proxy.url, database, small, patience=30) as stock,
    ):
        await stock.publish(order(0))
        proxy.freeze()

        async with asyncio.timeout(IN_TIME):
            with pytest.raises(BrokerUnavailableError):
                await stock.publish(order(1))

        proxy.heal()
        await eventually(stock.consumer.is_ready)
        await stock.publish(order(2))
        await eventually(is_counted)


async def test_whoever_is_really_cancelled_is_not_told_of_the_broker(
    sender: Publisher, proxy: Proxy, small: Topology
) -> None:
    proxy.freeze()
    publishing = asyncio.create_task(send(sender, small, 1))
    await asyncio.sleep(0.05)

    publishing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await publishing


async def test_an_event_that_nobody_is_bound_to_is_unavailability(
    infrastructure: StackAddresses, small: Topology
) -> None:
    sender = Publisher(infrastructure.amqp, name="test")
    event = order(1)

    with pytest.raises(UnroutableError, match="nothing is bound"):
        await sender.publish(event.body, exchange="retry", routing_key="nobody", message_id=event.id)
    with pytest.raises(BrokerUnavailableError, match="NOT_FOUND"):
        await sender.publish(event.body, exchange="no-such-exchange", routing_key="x", message_id=event.id)

    await send(sender, small, 1)
    await sender.close()


async def test_a_queue_that_is_full_is_unavailability(infrastructure: StackAddresses, small: Topology) -> None:
    sender = Publisher(infrastructure.amqp, name="test")
    full: dict[str, FieldValue] = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
    async with await aio_pika.connect(infrastructure.amqp) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"full-{small.exchange}", durable=True, arguments=full)
        await queue.bind(small.exchange, Placed.type)

        async def is_refused() -> bool:
            return not await gets_through(send(sender, small, 10))

        await eventually(is_refused)

        await channel.queue_delete(queue.name)
    await send(sender, small, 11)
    await sender.close()


async def test_a_node_that_freezes_is_left_for_another_by_consumer_and_publisher(
    proxy: Proxy, infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "ANSWER_TIMEOUT", SOON)
    both = f"{proxy.url.removesuffix('/')},{urlsplit(infrastructure.amqp).netloc.rpartition('@')[2]}/?heartbeat=1"
    async with station(both, database, small, patience=PATIENCE) as stock:
        await stock.publish(order(0))
        stock.publisher.timeout = SOON
        proxy.freeze()
        outside = Publisher(infrastructure.amqp, name="outside")
        for n in range(1, 20):
            await send(outside, small, n)

        await eventually(lambda: stock.has_counted(range(20)))
        await eventually(stock.consumer.is_ready)
        await eventually(stock.outbox_is_empty)
        await outside.close()


def test_a_frozen_node_is_left_before_people_notice_and_a_frozen_client_not_before_its_handler_is_stopped() -> None:
    assert ConsumerLimits().watchdog_every + connection.ANSWER_TIMEOUT + publisher.CLOSE_TIMEOUT < 12
    assert stalls.Patience().stopped < 2 * connection.HEARTBEAT


async def test_what_a_frozen_client_had_is_delivered_to_another(
    proxy: Proxy, infrastructure: StackAddresses, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEARTBEAT", 1)
    taken: dict[str, asyncio.Event] = {"frozen": asyncio.Event(), "other": asyncio.Event()}
    clients = {"frozen": proxy.url, "other": infrastructure.amqp}
    outside = Publisher(infrastructure.amqp, name="outside")
    async with AsyncExitStack() as open_ones:
        for name, url in clients.items():
            client = await open_ones.enter_async_context(await connection.connect(url, name=name))
            channel = await client.channel()
            queue = await channel.get_queue(stock_of(small), ensure=False)
            await queue.consume(_noting(taken[name]))
            if name == "frozen":
                await send(outside, small, 1)
                await taken["frozen"].wait()
                proxy.freeze()
        async with asyncio.timeout(IN_TIME):
            await taken["other"].wait()
        proxy.reset()
    await outside.close()


def _noting(taken: asyncio.Event) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
    async def note(_message: AbstractIncomingMessage) -> None:
        taken.set()  # and never acknowledged

    return note


@pytest.mark.parametrize("trouble", ["a frozen network", "nothing comes in", "a cut line"])
async def test_a_consumer_in_trouble_comes_back_and_everything_is_counted_once(
    trouble: str, proxy: Proxy, infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async with station(f"{proxy.url}?heartbeat=1", database, small, patience=PATIENCE) as stock:
        stock.publisher.timeout = SOON
        outside = Publisher(infrastructure.amqp, name="outside")
        for n in range(20):
            await send(outside, small, n)
        TROUBLES[trouble](proxy)
        for n in range(20, 40):
            await send(outside, small, n)
        await asyncio.sleep(SOON)
        proxy.heal()
        stock.publisher.timeout = PATIENCE

        await eventually(lambda: stock.has_counted(range(40)))
        await eventually(stock.consumer.is_ready)
        await eventually(stock.outbox_is_empty)
        await outside.close()

    assert await depth(infrastructure.amqp, stock_of(small)) == 0


async def test_a_look_at_the_broker_ends_though_the_connection_dies_under_it(
    infrastructure: StackAddresses, small: Topology
) -> None:
    async with proxied(infrastructure.amqp + "?heartbeat=1") as proxy:
        sender = Publisher(proxy.url, name="test", topology=small, timeout=30)
        await eventually(lambda: gets_through(send(sender, small, 0)))
        proxy.freeze()
        await sender.check()
        proxy.heal()
        await eventually(sender.can_publish)
        await sender.close()
