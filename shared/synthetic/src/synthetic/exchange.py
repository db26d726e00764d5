"""The outside world's side of the bus: a small client of its own, as the city or a department would write one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from uuid import uuid4

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, DeliveryMode
from aio_pika.exceptions import DeliveryError, PublishError

from bus.connection import connect
from bus.signatures import EventSigner, key_file
from records.person_encryption import PUBLIC_KEYS, Binding, PublicKey
from synthetic.facts import Fact

CONTENT_TYPE = "application/cloudevents+json"
IN_FLIGHT = 200
TIMEOUT = 30.0
FULL_PAUSE = 0.5
"""Seconds until what the broker refused, because too much of its sender waits, is sent again."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A channel, and the folder with the keys that sign what departments and the city say."""

    channel: AbstractChannel
    keys: Path

    def sign(self, event: dict[str, object]) -> bytes:
        """Return an event as its publisher signs it."""
        owner = str(event["type"]).partition(".")[0]
        return _signer(owner, self.keys / key_file(owner)).sign(orjson.dumps(event))

    def with_person(self, fact: Fact) -> dict[str, object]:
        """Return the data of an event with what describes the person encrypted to the district."""
        within = {name: fact.data[name] for name in ("number", "fields", "reason") if name in fact.data}
        around = {name: value for name, value in fact.data.items() if name not in within}
        binding = Binding(f"/yizheng/{fact.type.partition('.')[0]}", fact.type, str(fact.data["record_id"]))
        return {"person": _public_key(self.keys / PUBLIC_KEYS).encrypt(within, binding), **around}


@cache
def _public_key(path: Path) -> PublicKey:
    return PublicKey.from_file(path)


@cache
def _signer(owner: str, path: Path) -> EventSigner:
    return EventSigner.from_file(owner, path)


@asynccontextmanager
async def connected(amqp_url: str, keys: Path) -> AsyncIterator[Outside]:
    """Connect, with publisher confirms; `keys` is the folder with the keys of the city and the departments."""
    connection = await connect(amqp_url, name="synthetic", timeout=TIMEOUT)
    async with connection:
        yield Outside(await connection.channel(publisher_confirms=True, on_return_raises=True), keys)


async def publish(outside: Outside, fact: Fact) -> None:
    """Publish one event and wait until the broker has it, however full its sender's queue is.

    Raises PublishError when there is no such queue.
    """
    sender = fact.type.split(".")[0]
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": fact.id,
        "source": f"/yizheng/{sender}",
        "type": fact.type,
        "time": fact.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": fact.case,
        "data": outside.with_person(fact) if "number" in fact.data else fact.data,
    }
    body, exchange = outside.sign(event), await outside.channel.get_exchange(f"{sender}.messages", ensure=False)
    while True:
        message = aio_pika.Message(
            body,
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


async def publish_all(outside: Outside, facts: Iterable[Fact], told: Callable[[int], None]) -> int:
    """Publish many events, some at a time; `told` hears how many more are confirmed. Returns how many there were."""
    remaining, count = iter(facts), 0
    while batch := list(islice(remaining, IN_FLIGHT)):
        await asyncio.gather(*(publish(outside, fact) for fact in batch))
        count += len(batch)
        told(len(batch))
    return count
