"""Brokers and stores that die; each test runs against a pair of its own file's, which may be killed."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from time import monotonic

import pytest
from pymongo import AsyncMongoClient
from structlog.testing import capture_logs

from bus import concurrency, relay
from bus.envelope import decode_event
from bus.event import Outcome, Received
from bus.publisher import BrokerUnavailableError
from bus.topology import Topology, dead_letters_of
from local_stack.infrastructure import Infrastructure
from shared.bus.tests.harness import (
    PlacedView,
    Station,
    Tallies,
    count,
    declare,
    depth,
    eventually,
    hearing,
    order,
    small_topology,
    station,
    stock_of,
    take,
)
from store.repository import Database, Document
from testkit.infrastructure import private_infrastructure
from testkit.vaults import vaulted

FIRST_PROBE = 0.2
"""Seconds between the first two probes; between later ones it is longer."""


@pytest.fixture(scope="module")
def mortal() -> Iterator[Infrastructure]:
    """A broker and a store that nobody else uses."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AMQP_URL", "MONGODB_URL"):
            patch.delenv(name, raising=False)
        with private_infrastructure() as running:
            yield running


@pytest.fixture(scope="module")
def early(mortal: Infrastructure) -> Topology:
    """A topology that has been on the mortal broker since before the first test."""
    topology = small_topology()
    asyncio.run(declare(mortal.amqp_url, topology))
    return topology


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "SWEEP_EVERY", 0.3)
    monkeypatch.setattr(concurrency, "_FIRST_PROBE", FIRST_PROBE)
    monkeypatch.setattr(concurrency, "_SLOWEST_PROBE", 0.5)


@pytest.fixture
async def own(mortal: Infrastructure) -> AsyncIterator[Database]:
    """A database in the mortal store."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        mortal.mongodb_url, tz_aware=True, timeoutMS=2_000, w="majority"
    )
    yield vaulted(client, f"test-{secrets.token_hex(6)}")
    await client.close()


async def outlives_a_kill(mortal: Infrastructure, topology: Topology) -> bool:
    """Tell whether the broker would know the topology's queues again after a kill -9.

    RabbitMQ 3.10 writes the directory of its replicated queues every few seconds; a single node that is killed before
    that has forgotten a new queue and everything in it.
    """
    nodes = mortal.layout.broker / "mnesia" / "yizheng@localhost"
    written = [path.read_bytes() for path in nodes.glob("*/yizheng@localhost/names.dets")]
    wanted = [f"%2F_{stock_of(topology)}".encode(), b"rabbit_stream_coordinator"]
    return all(any(name in content for content in written) for name in wanted)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a number of operations, in the words of RabbitMQ's own Jepsen suite."""

    attempt: int
    acknowledged: int
    ok: int
    lost: int
    unexpected: int
    duplicated: int
    recovered: int

    @classmethod
    def of(cls, attempted: set[int], acknowledged: set[int], effects: list[int]) -> Account:
        """Settle the account: `recovered` took place although nobody acknowledged them."""
        seen = Counter(effects)
        return cls(
            attempt=len(attempted),
            acknowledged=len(acknowledged),
            ok=len(attempted & set(seen)),
            lost=len(acknowledged - set(seen)),
            unexpected=len(set(seen) - attempted),
            duplicated=sum(times - 1 for times in seen.values()),
            recovered=len((set(seen) & attempted) - acknowledged),
        )


class Shop:
    """Places orders as fast as it can, some through an outbox and some directly, and remembers what was confirmed."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self.attempted: set[int] = set()
        self.acknowledged: set[int] = set()
        self.closed = False
        self._looked_at = 0

    async def open(self) -> None:
        """Place orders until closed; one that is not confirmed is given up, and the next one is placed."""
        number = 0
        while not self.closed:
            await asyncio.gather(*(self._place(n) for n in range(number, number + 20)))
            number += 20
            await asyncio.sleep(0.1)

    async def has_placed_more(self, orders: int) -> bool:
        """Tell whether so many more were acknowledged since this was last true."""
        if len(self.acknowledged) < self._looked_at + orders:
            return False
        self._looked_at = len(self.acknowledged)
        return True

    async def _place(self, number: int) -> None:
        event = order(number, case=f"case-{number % 50}")
        self.attempted.add(number)
        try:
            if number % 2:
                await self._station.commit([event])
            else:
                await self._station.publish(event)
        except BrokerUnavailableError:
            return
        self.acknowledged.add(number)


def kill(mortal: Infrastructure, name: str) -> None:
    mortal.find(name).kill(signal.SIGKILL)


async def start(mortal: Infrastructure, name: str) -> None:
    await asyncio.to_thread(mortal.start, name)


async def test_a_store_that_is_away_pauses_consumption_and_burns_no_attempts(
    mortal: Infrastructure, own: Database, early: Topology
) -> None:
    async def watch(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        begun.append(event.data.number)
        return await count(event, tallies)

    async def is_paused() -> bool:
        return any(each["event"] == "consumption_paused" for each in logs)

    begun: list[int] = []
    topology = small_topology()
    await declare(mortal.amqp_url, topology)
    with capture_logs() as logs:
        async with station(mortal.amqp_url, own, topology, hearing(watch)) as stock:
            await stock.place([order(0)])
            await eventually(lambda: stock.has_counted([0]))
            kill(mortal, "store")
            await stock.place([order(n) for n in range(1, 31)])
            await eventually(is_paused)
            assert not await stock.consumer.is_ready()
            before, since = len(begun), monotonic()
            await asyncio.sleep(1)
            probes, seconds = len(begun) - before, monotonic() - since
            await start(mortal, "store")

            await eventually(lambda: stock.has_counted(range(31)))
            await eventually(stock.consumer.is_ready)

    assert probes <= 1 + seconds / FIRST_PROBE
    assert not [each for each in logs if each["event"] in {"message_put_off", "message_dead_lettered"}]
    assert await depth(mortal.amqp_url, dead_letters_of(stock_of(topology))) == 0


async def test_a_memory_alarm_holds_events_back_and_lets_them_go_later(mortal: Infrastructure, own: Database) -> None:
    async def is_refused() -> bool:
        try:
            await stock.publish(order(99))
        except BrokerUnavailableError:
            return True
        return False

    topology = small_topology()
    await declare(mortal.amqp_url, topology)
    events = [order(n) for n in range(1, 21)]
    async with station(mortal.amqp_url, own, topology, (), patience=0.5) as stock:
        await stock.publish(order(0))
        await asyncio.to_thread(mortal.control, "broker", "set_vm_memory_high_watermark", "0")
        try:
            await eventually(is_refused)
            await stock.commit(events)
            assert not await stock.outbox_is_empty()
            assert await stock.consumer.is_ready()  # consuming has a connection of its own
        finally:
            await asyncio.to_thread(mortal.control, "broker", "set_vm_memory_high_watermark", "0.4")
        await eventually(stock.outbox_is_empty)

    arrived = Counter(decode_event(message.body).id for message in await take(mortal.amqp_url, stock_of(topology)))
    assert {event.id for event in events} <= set(arrived)


async def test_kill_9_of_the_broker_while_all_publish_and_consume_loses_and_doubles_nothing(
    mortal: Infrastructure, own: Database, early: Topology
) -> None:
    async def all_is_quiet() -> bool:
        return await stock.outbox_is_empty() and await depth(mortal.amqp_url, stock_of(early)) == 0

    await eventually(lambda: outlives_a_kill(mortal, early), every=0.2)
    async with station(mortal.amqp_url, own, early) as stock:
        shop = Shop(stock)
        placing = asyncio.create_task(shop.open())
        await eventually(lambda: shop.has_placed_more(100))
        for _ in range(2):  # the second time, it has only just come back
            kill(mortal, "broker")
            await eventually(lambda: is_lost(stock))
            await start(mortal, "broker")
        await eventually(stock.consumer.is_ready)
        await eventually(lambda: shop.has_placed_more(100))
        shop.closed = True
        await placing
        await eventually(all_is_quiet, every=0.1)

        await eventually(lambda: nothing_is_missing(stock, shop))
        account = Account.of(shop.attempted, shop.acknowledged, await stock.counted())

    assert account == Account(
        attempt=account.attempt,
        acknowledged=account.acknowledged,
        ok=account.acknowledged + account.recovered,
        lost=0,
        unexpected=0,
        duplicated=0,
        recovered=account.recovered,
    )
    assert account.acknowledged >= 200
    assert await depth(mortal.amqp_url, dead_letters_of(stock_of(early))) == 0


async def is_lost(stock: Station) -> bool:
    return not await stock.consumer.is_ready()


async def nothing_is_missing(stock: Station, shop: Shop) -> bool:
    return shop.acknowledged <= set(await stock.counted())
