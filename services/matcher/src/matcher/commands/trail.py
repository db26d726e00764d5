"""The trail as far as the rebuild needs it: every event from the oldest on, with no effect on anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from messaging.connection import connect

_PREFETCH = 500
_LOOKING_FOR_THE_END = 1.5
"""Seconds to follow the end of the stream: what the service has acted on is in it by then."""
_SILENCE = 30.0
"""Seconds without a message, though the end is not reached, after which reading has failed."""


class TrailError(Exception):
    """The trail went silent before its end."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as the trail kept it; `offset` counts from 0 and has no gaps."""

    offset: int
    body: bytes


class Trail:
    """Reads the stream in which every event is kept for a while."""

    def __init__(self, channel: AbstractChannel, queue: str) -> None:
        self._channel = channel
        self._queue = queue

    async def end(self) -> int:
        """Return the offset of the last event at present, or -1 for an empty trail."""
        last = -1
        try:
            async with asyncio.timeout(_LOOKING_FOR_THE_END):
                async for kept in self._read("last"):
                    last = kept.offset
        except TimeoutError:
            pass
        return last

    async def read(self, end: int) -> AsyncIterator[Kept]:
        """Read from the oldest event that is kept up to that of offset `end`. Raises TrailError."""
        if end < 0:
            return
        events = self._read("first")
        while True:
            try:
                async with asyncio.timeout(_SILENCE):
                    kept = await anext(events)
            except TimeoutError as error:
                raise TrailError(f"{self._queue}: no event for {_SILENCE:g} s before offset {end}") from error
            yield kept
            if kept.offset >= end:
                await events.aclose()
                return

    async def _read(self, start: str) -> AsyncGenerator[Kept, None]:
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        queue = await self._channel.get_queue(self._queue, ensure=False)
        tag = await queue.consume(arrived.put, arguments={"x-stream-offset": start})
        try:
            while True:
                message = await arrived.get()
                await message.ack()  # a stream forgets nothing: this only asks for more
                yield Kept(int(str(message.headers["x-stream-offset"])), message.body)
        finally:
            await queue.cancel(tag)


@asynccontextmanager
async def opened(url: str, queue: str) -> AsyncIterator[Trail]:
    """Open the trail. Raises aio_pika's AMQPError and OSError when the broker can't be reached."""
    async with await connect(url, name="matcher rebuilding") as connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(_PREFETCH)
        yield Trail(channel, queue)
