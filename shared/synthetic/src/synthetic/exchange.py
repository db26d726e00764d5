"""The outside world's side of the bus: a small client of its own, as the city or a department would write one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from uuid import uuid4

import aio_pika
import orjson
from aio_pika.abc import AbstractExchange, DeliveryMode

from messaging.connection import connect
from synthetic.facts import Fact

EXCHANGE = "events"
CONTENT_TYPE = "application/cloudevents+json"
IN_FLIGHT = 200
TIMEOUT = 30.0


@asynccontextmanager
async def connected(amqp_url: str) -> AsyncIterator[AbstractExchange]:
    """Connect, with publisher confirms, and give the exchange that all events go through."""
    connection = await connect(amqp_url, name="synthetic", timeout=TIMEOUT)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield await channel.get_exchange(EXCHANGE, ensure=True)


async def publish(exchange: AbstractExchange, fact: Fact) -> None:
    """Publish one event and wait until the broker has confirmed it. Raises when nobody is bound to hear it."""
    event = {
        "specversion": "1.0",
        "id": fact.id,
        "source": f"/yizheng/{fact.type.split('.')[0]}",
        "type": fact.type,
        "time": fact.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": fact.case,
        "data": fact.data,
    }
    message = aio_pika.Message(
        orjson.dumps(event),
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=uuid4().hex,  # of this attempt; the event's own id stands in the body
        headers={"event-id": fact.id},
    )
    await exchange.publish(message, fact.type, mandatory=True, timeout=TIMEOUT)


async def publish_all(exchange: AbstractExchange, facts: Iterable[Fact], told: Callable[[int], None]) -> int:
    """Publish many events, some at a time; `told` hears how many more are confirmed. Returns how many there were."""
    remaining, count = iter(facts), 0
    while batch := list(islice(remaining, IN_FLIGHT)):
        await asyncio.gather(*(publish(exchange, fact) for fact in batch))
        count += len(batch)
        told(len(batch))
    return count
