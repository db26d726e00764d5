"""The outside world's side of the bus: a small client of its own, as the city or a department would write one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from uuid import uuid4

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, DeliveryMode
from aio_pika.exceptions import DeliveryError, PublishError

from messaging.connection import connect
from synthetic.facts import Fact

CONTENT_TYPE = "application/cloudevents+json"
IN_FLIGHT = 200
TIMEOUT = 30.0
FULL_PAUSE = 0.5
"""Seconds until what the broker refused, because too much of its sender waits, is sent again."""


@asynccontextmanager
async def connected(amqp_url: str) -> AsyncIterator[AbstractChannel]:
    """Connect, with publisher confirms, and give a channel."""
    connection = await connect(amqp_url, name="synthetic", timeout=TIMEOUT)
    async with connection:
        yield await connection.channel(publisher_confirms=True, on_return_raises=True)


async def publish(channel: AbstractChannel, fact: Fact) -> None:
    """Publish one event and wait until the broker has it, however full its sender's queue is.

    Raises PublishError when there is no such queue.
    """
    sender = fact.type.split(".")[0]
    event = {
        "specversion": "1.0",
        "id": fact.id,
        "source": f"/yizheng/{sender}",
        "type": fact.type,
        "time": fact.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": fact.case,
        "data": fact.data,
    }
    exchange = await channel.get_exchange(f"{sender}.messages", ensure=False)
    while True:
        message = aio_pika.Message(
            orjson.dumps(event),
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=uuid4().hex,  # of this attempt; the event's own id stands in the body
            headers={"event-id": fact.id},
        )
        try:
            await exchange.publish(message, fact.type, mandatory=True, timeout=TIMEOUT)
        except PublishError:
            raise
        except DeliveryError:
            await asyncio.sleep(FULL_PAUSE)
        else:
            return


async def publish_all(channel: AbstractChannel, facts: Iterable[Fact], told: Callable[[int], None]) -> int:
    """Publish many events, some at a time; `told` hears how many more are confirmed. Returns how many there were."""
    remaining, count = iter(facts), 0
    while batch := list(islice(remaining, IN_FLIGHT)):
        await asyncio.gather(*(publish(channel, fact) for fact in batch))
        count += len(batch)
        told(len(batch))
    return count
