"""The bus against its yardsticks: a raw aio-pika loop, FastStream, and the same store operations issued raw.

Each contestant empties the same quorum queue of the same messages on the same broker, answers each with one confirmed
persistent event into the same quorum queue, and acknowledges. The clock stops when everything is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from time import perf_counter
from typing import ClassVar

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue
from pydantic import BaseModel
from pymongo import InsertOne, ReplaceOne
from pymongo.asynchronous.client_session import AsyncClientSession

from bus.connection import connect
from bus.consumer import Consumer, ConsumerLimits, Subscription
from bus.declare import declare
from bus.envelope import CONTENT_TYPE, new_event_id
from bus.event import Event, Outcome, Received, View
from bus.publisher import Publisher
from bus.relay import Relay
from bus.topology import Topology, Trail
from store.commit import INBOX, OUTBOX, Committer
from store.repository import Database, Repository
from testkit import signers
from tests.bench.stand_ins import Countdown, Counting, Direct, Unstored

MESSAGES = 5_000
BODY_BYTES = 600
CASES = 5_000
GROUP = 64

SIGNER = signers.signer("bench")
BENCH = Topology(
    exchange="bench",
    trail=Trail("bench.trail", "1h", 400_000_000),
    delays=(60.0,),
    subscriptions={"bench.asked.v1": ("bench",), "bench.answered.v1": ("bench-sink",)},
)


class Asked(Event):
    """What every contestant is asked."""

    type: ClassVar[str] = "bench.asked.v1"
    number: int
    text: str


class Answered(Event):
    """What every contestant answers."""

    type: ClassVar[str] = "bench.answered.v1"
    number: int
    text: str


class Question(View):
    """The question as it is read."""

    number: int
    text: str


class Kept(BaseModel):
    """The aggregate that each message changes in the runs with a store."""

    id: str
    version: int = 0
    number: int = 0
    text: str = ""


class Bench:
    """One broker, and where wanted one database, on which the contestants take turns."""

    def __init__(self, amqp_url: str, database: Database | None = None) -> None:
        self.url = amqp_url
        self.database = database

    async def fill(self) -> None:
        """Put the questions into the queue and empty the answers."""
        async with await connect(self.url, name="bench") as connection:
            channel = await connection.channel()
            await declare(BENCH, channel)
            for name in BENCH.services:
                await (await channel.get_queue(name)).purge()
            exchange = await channel.get_exchange(BENCH.exchange)
            for start in range(0, MESSAGES, 500):
                await asyncio.gather(*(_ask(exchange, number) for number in range(start, start + 500)))
        if self.database is not None:
            for name in ("kept", INBOX, OUTBOX):
                await self.database[name].delete_many({})

    async def ours_alone(self) -> float:
        """Our consumer without a store: decode, validate, handle, publish, acknowledge."""
        await self.fill()
        publisher = Publisher(self.url, name="bench")
        done = Countdown(MESSAGES)
        relay = Direct(publisher, BENCH, done)
        return await self._consume(publisher, relay, Unstored(), answer, None, done)

    async def ours_stored(self) -> float:
        """Our consumer with everything: aggregate, inbox and outbox in one transaction."""
        await self.fill()
        assert self.database is not None
        publisher = Publisher(self.url, name="bench")
        committer, done = Committer(self.database), Countdown(MESSAGES)
        relay = Counting(self.database, publisher, BENCH, committer.heartbeat, done=done)
        await committer.prepare()
        committer.start()
        relay.start()
        try:
            kept = Repository(self.database, "kept", Kept)
            return await self._consume(publisher, relay, committer, keep_and_answer, kept, done)
        finally:
            await committer.stop()
            await relay.stop()

    async def _consume(
        self,
        publisher: Publisher,
        relay: Relay,
        committer: Committer,
        handler: object,
        deps: object,
        done: Countdown,
    ) -> float:
        consumer = Consumer(
            service="bench",
            url=self.url,
            topology=BENCH,
            subscriptions=[Subscription(Asked.type, Question, handler)],  # type: ignore[arg-type] # either handler
            deps=deps,
            committer=committer,
            relay=relay,
            publisher=publisher,
            signer=SIGNER,
            keys=signers.keys(BENCH),
            limits=ConsumerLimits(),
        )
        begun = perf_counter()
        running = asyncio.create_task(consumer.run())
        await done.wait()
        rate = MESSAGES / (perf_counter() - begun)
        await consumer.stop()
        await running
        await publisher.close()
        return rate

    async def raw_alone(self) -> float:
        """A raw aio-pika loop: consume, validate with pydantic, publish one confirmed event, acknowledge."""
        await self.fill()
        async with self._raw() as (consuming, exchange):
            done = Countdown(MESSAGES)

            async def on_message(message: AbstractIncomingMessage) -> None:
                question = Question.model_validate(orjson.loads(message.body)["data"])
                await exchange.publish(_answer_to(question), Answered.type, mandatory=True)
                await message.ack()
                done.count(1)

            begun = perf_counter()
            await (await consuming.get_queue("bench")).consume(on_message)
            await done.wait()
            return MESSAGES / (perf_counter() - begun)

    async def raw_stored(self) -> float:
        """The same store and broker operations, issued raw in groups."""
        await self.fill()
        async with self._raw() as (consuming, exchange):
            arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
            begun = perf_counter()
            await (await consuming.get_queue("bench")).consume(arrived.put)
            handled = 0
            while handled < MESSAGES:
                group = [await arrived.get()]
                while len(group) < GROUP and not arrived.empty():
                    group.append(arrived.get_nowait())
                await self._store_raw(group, exchange)
                handled += len(group)
            return MESSAGES / (perf_counter() - begun)

    async def _store_raw(self, group: Sequence[AbstractIncomingMessage], exchange: AbstractExchange) -> None:
        assert self.database is not None
        database = self.database
        questions = [orjson.loads(message.body) for message in group]
        names = [f"kept-{question['data']['number'] % CASES}" for question in questions]
        found = {each["_id"]: each async for each in database["kept"].find({"_id": {"$in": names}})}
        answers = [_answer_to(Question.model_validate(question["data"])) for question in questions]
        entry = new_event_id()

        async def apply(session: AsyncClientSession) -> None:
            now = datetime.now(UTC)
            handled = [
                InsertOne({"_id": question["id"], "digest": sha256(message.body).hexdigest(), "at": now})
                for question, message in zip(questions, group, strict=True)
            ]
            await database[INBOX].bulk_write(handled, ordered=False, session=session)
            await database["kept"].bulk_write(
                [_write_raw(name, found.get(name)) for name in names], ordered=False, session=session
            )
            rows = [{"id": entry, "key": Answered.type, "body": message.body} for message in answers]
            await database[OUTBOX].insert_one({"_id": entry, "events": rows}, session=session)

        async with database.client.start_session() as session:
            await session.with_transaction(apply)
        await asyncio.gather(*(exchange.publish(each, Answered.type, mandatory=True) for each in answers))
        for message in group:
            await message.ack()
        await database[OUTBOX].delete_many({"_id": {"$in": [entry]}})

    async def faststream(self) -> float:
        """FastStream doing the same as the raw loop."""
        await self.fill()
        broker = RabbitBroker(self.url, default_channel=Channel(prefetch_count=ConsumerLimits().prefetch), logger=None)
        queue = RabbitQueue("bench", declare=False)
        exchange = RabbitExchange(BENCH.exchange, type=ExchangeType.TOPIC, durable=True, declare=False)
        done = Countdown(MESSAGES)

        @broker.subscriber(queue)
        async def on_question(message: dict[str, object]) -> None:
            question = Question.model_validate(message["data"])
            body = SIGNER.encode(_answered(question), case="x", cause=None).body
            await broker.publish(body, exchange=exchange, routing_key=Answered.type, persist=True, mandatory=True)
            done.count(1)

        begun = perf_counter()
        async with broker:
            await broker.start()
            await done.wait()
            return MESSAGES / (perf_counter() - begun)

    @asynccontextmanager
    async def _raw(self) -> AsyncIterator[tuple[AbstractChannel, AbstractExchange]]:
        async with (
            await connect(self.url, name="bench") as consuming,
            await connect(self.url, name="bench") as publishing,
        ):
            channel = await consuming.channel()
            await channel.set_qos(prefetch_count=ConsumerLimits().prefetch)
            yield channel, await (await publishing.channel()).get_exchange(BENCH.exchange)


async def answer(event: Received[Question], _deps: None) -> Outcome[None]:
    """Answer without remembering."""
    return Outcome(events=[_answered(event.data)])


async def keep_and_answer(event: Received[Question], kept: Repository[Kept]) -> Outcome[None]:
    """Change one aggregate and answer."""
    name = f"kept-{event.data.number % CASES}"
    found = await kept.get(name) or Kept(id=name)
    changed = found.model_copy(update={"number": event.data.number, "text": event.data.text})
    return Outcome(changes=[kept.save(changed)], events=[_answered(event.data)])


def _answered(question: Question) -> Answered:
    return Answered(number=question.number, text=question.text)


def _answer_to(question: Question) -> aio_pika.Message:
    sealed = SIGNER.encode(_answered(question), case=f"case-{question.number}", cause=None)
    return aio_pika.Message(
        sealed.body,
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=sealed.id,
    )


async def _ask(exchange: AbstractExchange, number: int) -> None:
    asked = Asked(number=number, text="x" * BODY_BYTES)
    sealed = SIGNER.encode(asked, case=f"case-{number % CASES}", cause=None)
    message = aio_pika.Message(sealed.body, message_id=sealed.id, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await exchange.publish(message, Asked.type, mandatory=True)


def _write_raw(
    name: str, found: dict[str, object] | None
) -> InsertOne[dict[str, object]] | ReplaceOne[dict[str, object]]:
    content: dict[str, object] = {"_id": name, "version": 1, "number": 1, "text": "x" * BODY_BYTES}
    if found is None:
        return InsertOne(content)
    return ReplaceOne({"_id": name, "version": found["version"]}, content)
