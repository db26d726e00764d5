"""What dead letters cost at the least: the store and broker operations that nobody can do without, issued raw.

The raw loop keeps nothing, so on a slow store the ratio to it tells of the store; the ratio to these tells of us.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from pymongo.asynchronous.collection import AsyncCollection

from bus.connection import connect
from bus.topology import RECEIPTS, dead_letters_of
from operations.store.failure_search import FAILURES
from operations.store.failures import INDEXES
from store.repository import Database, Document, batched
from tests.bench.bus import MESSAGES
from tests.bench.operations_material import SERVICE, Heard, letter, letter_headers

_AT_ONCE = 500


class Bare:
    """One broker and one database; the queues are there and, for letters, filled."""

    def __init__(self, amqp_url: str, database: Database) -> None:
        self._url = amqp_url
        self._database = database
        self._runs = 0

    async def take_in(self) -> float:
        """Keep each letter whole, under the indexes of failures, a batch in one transaction; then acknowledge it."""
        kept = await self._begin_anew()

        async def keep(batch: Sequence[AbstractIncomingMessage]) -> None:
            documents = [_document(str(each.message_id), each.body, each.headers) for each in batch]
            async with self._database.client.start_session() as session, await session.start_transaction():
                await kept.insert_many(documents, ordered=False, session=session)

        async with self._channel() as channel:
            begun = perf_counter()
            await _empty(dead_letters_of(SERVICE), channel, keep)
            return MESSAGES / (perf_counter() - begun)

    async def send_back(self) -> float:
        """Read each, mark it, publish it, hear it, publish its receipt, mark it again: confirmed and acknowledged."""
        kept = await self._begin_anew()
        ids = [f"{number:06d}" for number in range(MESSAGES)]
        for some in batched(ids):
            await kept.insert_many([_document(id_, letter(int(id_)), letter_headers(int(id_))) for id_ in some])
        async with self._channel() as channel, self._channel() as hearing, self._channel() as closing:
            exchange = channel.default_exchange

            async def close(batch: Sequence[AbstractIncomingMessage]) -> None:
                await _mark(kept, [str(each.message_id) for each in batch], "resolved")

            async def hear(message: AbstractIncomingMessage) -> None:
                Heard.model_validate(orjson.loads(message.body)["data"])
                await exchange.publish(_message(b"{}", str(message.message_id)), RECEIPTS, mandatory=True)
                await message.ack()

            await (await hearing.get_queue(SERVICE)).consume(hear)
            begun = perf_counter()
            await asyncio.gather(_send(kept, ids, exchange), _empty(RECEIPTS, closing, close))
            return MESSAGES / (perf_counter() - begun)

    async def _begin_anew(self) -> AsyncCollection[Document]:
        self._runs += 1
        kept = self._database[f"bare-{self._runs}"]
        await kept.create_indexes(list(INDEXES[FAILURES]))
        return kept

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        async with await connect(self._url, name="bench") as connection:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=2 * _AT_ONCE)
            yield channel


async def _empty(
    name: str, channel: AbstractChannel, keep: Callable[[Sequence[AbstractIncomingMessage]], Awaitable[None]]
) -> None:
    """Take every message out of a queue, as many at a time as there are."""
    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    await (await channel.get_queue(name)).consume(arrived.put)
    left = MESSAGES
    while left > 0:
        batch = [await arrived.get()]
        while len(batch) < _AT_ONCE and not arrived.empty():
            batch.append(arrived.get_nowait())
        await keep(batch)
        await batch[-1].ack(multiple=True)
        left -= len(batch)


async def _send(kept: AsyncCollection[Document], ids: Sequence[str], exchange: AbstractExchange) -> None:
    for some in batched(ids):
        found = await kept.find({"_id": {"$in": some}}).to_list()
        await _mark(kept, some, "replaying")
        messages = [_message(each["body"], each["_id"]) for each in found]
        await asyncio.gather(*(exchange.publish(each, SERVICE, mandatory=True) for each in messages))


async def _mark(kept: AsyncCollection[Document], ids: Sequence[str], state: str) -> None:
    for some in batched(ids):
        await kept.update_many({"_id": {"$in": some}}, {"$set": {"state": state}})


def _document(id_: str, body: bytes, headers: Any) -> Document:  # noqa: ANN401 - as the broker gives them
    Heard.model_validate(orjson.loads(body)["data"])
    told = dict(headers)
    return {
        "_id": id_,
        "group": str(told["x-frame"]),
        "state": "open",
        "last_seen": datetime.now(UTC),
        "body": body,
        "headers": told,
    }


def _message(body: bytes, id_: str) -> aio_pika.Message:
    return aio_pika.Message(body, message_id=id_, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
