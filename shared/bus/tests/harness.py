"""A small service on the real bus: shops place orders, `stock` counts them, `ledger` hears of every count."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelClosed
from pydantic import BaseModel, ConfigDict
from pymongo.errors import PyMongoError

from bus import declare as declaring
from bus.consumer import Consumer, ConsumerLimits, Subscription
from bus.envelope import EncodedEvent
from bus.event import Event, Outcome, Received, View
from bus.failures import with_details
from bus.permissions import Management
from bus.publisher import Publisher
from bus.quotas import QUOTAS, Quotas
from bus.relay import Relay
from bus.topology import Topology, Trail, dead_letters_of
from store.commit import OUTBOX, Committer, Handled
from store.repository import Database, Repository, Write, ensure_collections
from testkit import signers
from testkit.patience import IN_TIME, PATIENCE, pauses

QUICK = ConsumerLimits(prefetch=64, immediate_attempts=2, handler_timeout=30, drain_timeout=15, watchdog_every=0.2)


class Placed(Event):
    """A shop took an order."""

    type: ClassVar[str] = "shop.order-placed.v1"
    number: int
    note: str = ""


class Counted(Event):
    """Stock counted an order."""

    type: ClassVar[str] = "stock.order-counted.v1"
    number: int


class PlacedView(View):
    """What stock reads of an order."""

    number: int


class Tally(BaseModel):
    """Every order of one case, in the order in which it was counted."""

    model_config = ConfigDict(frozen=True)
    id: str
    version: int = 0
    numbers: tuple[int, ...] = ()


Tallies = Repository[Tally]


async def count(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    """Add the order to its case's tally and say so."""
    tally = await tallies.get(event.case) or Tally(id=event.case)
    counted = tally.model_copy(update={"numbers": (*tally.numbers, event.data.number)})
    return Outcome(changes=[tallies.save(counted)], events=[Counted(number=event.data.number)])


COUNTING: tuple[Subscription[Tallies], ...] = (Subscription(Placed.type, PlacedView, count),)


def hearing(handler: Callable[[Received[Any], Tallies], Awaitable[Outcome[None]]]) -> tuple[Subscription[Tallies], ...]:
    """Have a test's own handler hear the orders."""
    return (Subscription(Placed.type, PlacedView, handler),)


def small_topology(token: str = "", delays: tuple[float, ...] = (0.05, 0.1)) -> Topology:
    """Two services on an exchange of their own, so that no test sees another's messages."""
    token = token or secrets.token_hex(4)
    return Topology(
        exchange=f"events-{token}",
        trail=Trail(f"trail-{token}", "1h", 20_000_000),
        delays=delays,
        subscriptions={Placed.type: (f"stock-{token}",), Counted.type: (f"ledger-{token}",)},
        declared=f"declared-{token}",
    )


def told_in(letter: AbstractIncomingMessage) -> dict[str, Any]:
    """Return the headers of a dead letter as operations reads them."""
    return dict(with_details(letter.headers, str(letter.headers["x-service"]), signers.CIPHER))


def stock_of(declared: Topology) -> str:
    """Return the name of the service that counts."""
    return declared.subscriptions[Placed.type][0]


def ledger_of(declared: Topology) -> str:
    """Return the name of the queue in which the counts arrive."""
    return declared.subscriptions[Counted.type][0]


def order(number: int, case: str = "", note: str = "") -> EncodedEvent:
    """Seal an order, of a case of its own unless told."""
    return signers.signer("shop").encode(Placed(number=number, note=note), case=case or f"case-{number}", cause=None)


@dataclass(slots=True)
class Station:
    """One service on the bus, put together as a service's composition root does it."""

    amqp: str
    database: Database
    topology: Topology
    publisher: Publisher
    committer: Committer
    relay: Relay
    tallies: Tallies
    consumer: Consumer[Tallies]

    async def place(self, orders: Iterable[EncodedEvent]) -> None:
        """Publish orders and wait until the broker has them."""
        await asyncio.gather(*map(self.publish, orders))

    async def publish(self, sealed: EncodedEvent) -> None:
        """Publish one event."""
        await self.publisher.publish(
            sealed.body, exchange=self.topology.exchange, routing_key=sealed.routing_key, message_id=sealed.id
        )

    async def commit(self, events: Sequence[EncodedEvent] = (), *, writes: Sequence[Write] = ()) -> None:
        """Commit events as a request would; they leave right after."""
        entry = await self.committer.commit(writes, events)
        self.relay.dispatch_soon(events, entry)

    async def counted(self) -> list[int]:
        """Return every number that was counted, as often as it was."""
        return [number for tally in await self.tallies.find({}) for number in tally.numbers]

    async def has_counted(self, numbers: Iterable[int]) -> bool:
        """Tell whether these numbers, and no others, were counted once each; unknown while the store is away."""
        with suppress(PyMongoError):
            return sorted(await self.counted()) == sorted(numbers)
        return False

    async def outbox_is_empty(self) -> bool:
        """Tell whether every event has left."""
        return await self.database[OUTBOX].count_documents({}) == 0


@asynccontextmanager
async def station(  # noqa: PLR0913 - what a test may want to be different
    amqp: str,
    database: Database,
    declared: Topology,
    subscriptions: tuple[Subscription[Tallies], ...] = COUNTING,
    *,
    limits: ConsumerLimits = QUICK,
    consuming: bool = True,
    ready: bool = True,
    patience: float = IN_TIME,
) -> AsyncIterator[Station]:
    """Run a service until the end of the block; when the block begins it is ready, unless told not to wait for that."""
    service = stock_of(declared)
    publisher = Publisher(amqp, name=service, timeout=patience)
    committer = Committer(database)
    relay = Relay(database, publisher, declared, committer.heartbeat)
    tallies = Repository(database, "tallies", Tally)
    consumer = Consumer(
        service=service,
        url=amqp,
        topology=declared,
        subscriptions=subscriptions,
        deps=tallies,
        committer=committer,
        relay=relay,
        publisher=publisher,
        quotas=Quotas(service, declared.senders_to(service), database),
        signer=signers.signer("stock"),
        keys=signers.keys(declared),
        limits=limits,
    )
    running = Station(amqp, database, declared, publisher, committer, relay, tallies, consumer)
    await committer.prepare()
    await ensure_collections(database, ["tallies", QUOTAS])
    committer.start()
    relay.start()
    task = asyncio.create_task(consumer.run()) if consuming else None
    try:
        if task and ready:
            await eventually(consumer.is_ready)
        yield running
    finally:
        await consumer.stop()
        if task:
            await task
        await committer.stop()
        await relay.stop()
        await publisher.close()


async def eventually(check: Callable[[], Awaitable[object]], *, seconds: float = PATIENCE, every: float = 0.1) -> None:
    """Repeat `check`, at last every so many seconds, until it is true; fail when the time is up."""
    async with asyncio.timeout(seconds):
        for pause in pauses(every):
            if await check():
                return
            await asyncio.sleep(pause)


async def declare(amqp: str, declared: Topology) -> None:
    """Declare a topology before any service does."""
    async with await aio_pika.connect(amqp) as connection:
        await declaring.declare(declared, await connection.channel())


class Unwatched(Management):
    """For a test's own topology, whose services have no accounts."""

    async def ensure(self, topology: Topology) -> int:
        return 0

    async def knows(self, topology: Topology) -> bool:
        return False


WATCHED_BY_NOTHING = Unwatched("")


@asynccontextmanager
async def kept(amqp: str, declared: Topology, management: Management | None = None) -> AsyncIterator[None]:
    """Have the administrator keep a topology declared until the end of the block."""
    keeping = asyncio.create_task(declaring.keep(amqp, declared, management or WATCHED_BY_NOTHING, every=0.2))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


async def remove(amqp: str, declared: Topology) -> None:
    """Delete what a test's own topology added to the broker."""
    outside = [name for each in declared.departments.values() for name in (each.waiting, each.replies)]
    kept = [each.queue for each in (declared.trail, declared.correspondence) if each]
    answers = [declared.correspondence.exchange] if declared.correspondence else []
    queues = [*declared.services, *map(dead_letters_of, declared.services), *outside, *kept]
    async with await aio_pika.connect(amqp) as connection:
        channel = await connection.channel()
        for queue in queues:
            await channel.queue_delete(queue)
        for exchange in (declared.declared, declared.exchange, *declared.senders, *answers):
            await channel.exchange_delete(exchange)


async def take(amqp: str, queue: str) -> list[AbstractIncomingMessage]:
    """Empty a queue and return what was in it."""
    async with await aio_pika.connect(amqp) as connection:
        source = await (await connection.channel()).get_queue(queue, ensure=False)
        taken = []
        while (message := await source.get(no_ack=True, fail=False)) is not None:
            taken.append(message)
    return taken


async def depth(amqp: str, queue: str) -> int:
    """Count the messages that wait in a queue; -1 when there is no such queue."""
    async with await aio_pika.connect(amqp) as connection:
        try:
            found = await (await connection.channel()).declare_queue(queue, passive=True)
        except ChannelClosed:
            return -1
        return found.declaration_result.message_count or 0


async def put(amqp: str, declared: Topology, *messages: aio_pika.Message, key: str = Placed.type) -> None:
    """Publish whatever a stranger might send."""
    async with await aio_pika.connect(amqp) as connection:
        exchange = await (await connection.channel()).get_exchange(declared.exchange, ensure=False)
        for message in messages:
            await exchange.publish(message, key)


def handled(sealed: EncodedEvent, digest: str = "digest") -> Handled:
    """Make the inbox entry of an event."""
    return Handled(sealed.id, digest)
