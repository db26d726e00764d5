"""The trail as far as the rebuild needs it: every event from the oldest on, with no effect on anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel
from aiormq.abc import DeliveredMessage

from bus.connection import connect

_PREFETCH = 1_000
_ASK_FOR_MORE = 250
"""Messages that are acknowledged together."""
_LOOKING_FOR_THE_END = 1.5
"""Seconds to follow the end of the stream: what the service has acted on is in it by then."""
_SILENCE = 30.0
"""Seconds without a message, though the end is not reached, after which reading has failed."""


class TrailError(Exception):
    """The trail went silent before its end."""


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A message as the trail kept it; `offset` counts from 0, with gaps: 20,000 messages were seen to take 20,002."""

    offset: int
    body: bytes


class TrailStream:
    """Reads the stream in which every event is kept for a while."""

    def __init__(self, channel: AbstractChannel, queue: str) -> None:
        self._channel = channel
        self._queue = queue

    async def end(self) -> int:
        """Return the offset of the last event at present, or -1 for an empty trail."""
        last = -1
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOKING_FOR_THE_END):
                async for page in self._read("last"):
                    last = page[-1].offset
        return last

    async def read(self, end: int) -> AsyncIterator[Sequence[KeptMessage]]:
        """Read from the oldest event that is kept up to that of offset `end`, as many at a time as have come.

        Raises TrailError.
        """
        if end < 0:
            return
        pages = self._read("first")
        while True:
            try:
                async with asyncio.timeout(_SILENCE):
                    page = await anext(pages)
            except TimeoutError as error:
                raise TrailError(f"{self._queue}: no event for {_SILENCE:g} s before offset {end}") from error
            if wanted := [kept for kept in page if kept.offset <= end]:
                yield wanted
            if page[-1].offset >= end:
                await pages.aclose()
                return

    async def _read(self, start: str) -> AsyncGenerator[list[KeptMessage], None]:
        """Read without aio_pika's own message, and its second task, for each: nothing else of them is needed."""
        arrived: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        channel = await self._channel.get_underlay_channel()
        begun = await channel.basic_consume(self._queue, arrived.put, arguments={"x-stream-offset": start})
        taken = 0
        try:
            while True:
                page = [await arrived.get(), *(arrived.get_nowait() for _ in range(arrived.qsize()))]
                taken += len(page)
                if taken >= _ASK_FOR_MORE:  # a stream forgets nothing: this only asks for more
                    await channel.basic_ack(page[-1].delivery_tag or 0, multiple=True)
                    taken = 0
                yield [KeptMessage(_offset(message), message.body) for message in page]
        finally:
            await channel.basic_cancel(str(begun.consumer_tag))


def _offset(message: DeliveredMessage) -> int:
    return int(str((message.header.properties.headers or {})["x-stream-offset"]))


@asynccontextmanager
async def opened(url: str, queue: str) -> AsyncIterator[TrailStream]:
    """Open the trail. Raises aio_pika's AMQPError and OSError when the broker can't be reached."""
    async with await connect(url, name="matcher rebuilding") as connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(_PREFETCH)
        yield TrailStream(channel, queue)
