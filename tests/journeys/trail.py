"""The trail: every event of one case, in order, read from the stream that keeps them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from pydantic import AliasPath, BaseModel, ConfigDict, Field

from bus.connection import connect
from bus.event_encryption import EventCipher, secrets_file
from bus.topology import OPERATIONS
from tests.journeys.waiting import PATIENCE

QUEUES = ("trail", "correspondence-trail")
_PREFETCH = 1000
QUIET = 1.0
"""Seconds without another event after which the last part of the trail, too, counts as read to its end."""
EMPTY = 5.0
"""Seconds after which a stream that has sent nothing counts as empty."""


class Document(BaseModel):
    """One of the documents that an event is about."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    requirement: str | None = None


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
    documents: tuple[Document, ...] = Field((), validation_alias=AliasPath("data", "documents"))

    @property
    def requirements(self) -> tuple[str, ...]:
        """What it says something of: the requirement that it names, or those of its documents."""
        named = (self.requirement, *(document.requirement for document in self.documents))
        return tuple(each for each in named if each is not None)

    @property
    def about(self) -> str:
        """Its requirement, or the first of several and how many more there are."""
        first, *more = self.requirements or ("",)
        return f"{first} + {len(more)}" if more else first

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
    arrived: asyncio.Queue[tuple[str, AbstractIncomingMessage]] = asyncio.Queue()
    seen = dict.fromkeys(QUEUES, -1)
    async with await connect(amqp_url, name="journey") as connection:
        last = {name: await _last_part(connection, name) for name in QUEUES}
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_PREFETCH)
        for name in QUEUES:
            await _consume(channel, name, "first", arrived)
        while True:
            is_behind = any(seen[name] < last[name] for name in QUEUES)
            try:
                async with asyncio.timeout(PATIENCE if is_behind else QUIET):
                    name, message = await arrived.get()
            except TimeoutError:
                assert not is_behind, f"the trail was read to {seen} and ends after {last}"
                return
            await message.ack()
            seen[name] = _offset(message)
            yield message.body


async def _last_part(connection: AbstractConnection, name: str) -> int:
    """Return at which offset the last part of a stream begins, which the broker sends at once; -1 if it is empty."""
    arrived: asyncio.Queue[tuple[str, AbstractIncomingMessage]] = asyncio.Queue()
    async with connection.channel() as channel:
        await channel.set_qos(prefetch_count=1)
        await _consume(channel, name, "last", arrived)
        try:
            async with asyncio.timeout(EMPTY):
                return _offset((await arrived.get())[1])
        except TimeoutError:
            return -1


async def _consume(
    channel: AbstractChannel, name: str, begin: str, arrived: asyncio.Queue[tuple[str, AbstractIncomingMessage]]
) -> None:
    async def take(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait((name, message))

    queue = await channel.get_queue(name, ensure=False)
    await queue.consume(take, arguments={"x-stream-offset": begin})


def _offset(message: AbstractIncomingMessage) -> int:
    return int(str(message.headers["x-stream-offset"]))


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
