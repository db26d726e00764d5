"""The trail: every event of one case, in order, read from the stream that keeps them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

from aio_pika.abc import AbstractIncomingMessage
from pydantic import AliasPath, BaseModel, ConfigDict, Field

from messaging.connection import connect
from messaging.event_encryption import EventCipher, secrets_file
from messaging.topology import OPERATIONS

QUEUES = ("trail", "correspondence-trail")
_PREFETCH = 1000
QUIET = 1.5
"""Seconds without another event after which the trail counts as read to its end."""


class Event(BaseModel):
    """What the trail shows of an event: nothing that describes a person."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    type: str
    source: str
    time: datetime
    case: str = Field(alias="correlationid")
    cause: str | None = Field(None, alias="causationid")
    requirement: str | None = Field(None, validation_alias=AliasPath("data", "requirement"))

    @property
    def name(self) -> str:
        """The event's name without publisher and version."""
        return self.type.split(".")[1]

    @property
    def publisher(self) -> str:
        """Who published it."""
        return self.source.rsplit("/", 1)[-1]


async def bodies(amqp_url: str) -> AsyncIterator[bytes]:
    """Read both streams from their beginning to their end, on a connection of its own."""
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait(message.body)
        await message.ack()

    connection = await connect(amqp_url, name="journey")
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_PREFETCH)
        for name in QUEUES:
            queue = await channel.get_queue(name, ensure=False)
            await queue.consume(take, arguments={"x-stream-offset": "first"})
        while True:
            try:
                async with asyncio.timeout(QUIET):
                    body = await arrived.get()
            except TimeoutError:
                return
            yield body


def cipher_in(keys: Path) -> EventCipher:
    """Return what reads every event, with operations' keys."""
    return EventCipher.from_file(keys / secrets_file(OPERATIONS))


async def read_trail(amqp_url: str, keys: Path, case: str) -> Sequence[Event]:
    """Read the events of one case, in order; `keys` is the folder with those of operations, which may read them."""
    cipher, name = cipher_in(keys), case.encode()
    events = [Event.model_validate_json(cipher.decrypted_body(b)) async for b in bodies(amqp_url) if name in b]
    return in_order([event for event in events if event.case == case])


def by_id(events: Sequence[Event]) -> dict[str, Event]:
    """Give the events by their ids, to find causes."""
    return {event.id: event for event in events}


def in_order(events: Sequence[Event]) -> list[Event]:
    """Order by time; what was caused comes after its cause even within a millisecond. Repetitions are shown once."""
    remaining = sorted(by_id(events).values(), key=lambda event: (event.time, event.id))
    known = {event.id for event in remaining}
    ordered: list[Event] = []
    told: set[str] = set()
    while remaining:
        following = next(
            (e for e in remaining if e.cause is None or e.cause not in known or e.cause in told), remaining[0]
        )
        remaining.remove(following)
        ordered.append(following)
        told.add(following.id)
    return ordered
