"""Where a stream ends, so that a reader can tell whether it is still the stream that it knows."""

from __future__ import annotations

import asyncio

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from messaging.publisher import close

_ANSWER_TIMEOUT = 10.0
_SILENCE = 5.0
"""Seconds without any message after which a stream counts as empty."""
_QUIET = 0.5
"""Seconds without a further message after which the last one was the last: they come as one chunk."""


async def last_offset(url: str, stream: str) -> int | None:
    """Return the offset of a stream's last message, None when it is empty or not there.

    An empty stream can only be told by its silence, which takes a few seconds. Raises the client's errors when the
    broker can't be asked.
    """
    connection = await aio_pika.connect(url, timeout=_ANSWER_TIMEOUT)
    try:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=1000)
        try:
            queue = await channel.declare_queue(stream, passive=True, timeout=_ANSWER_TIMEOUT)
        except ChannelNotFoundEntity:
            return None
        arrived: asyncio.Queue[int] = asyncio.Queue()

        async def receive(message: AbstractIncomingMessage) -> None:
            offset = message.headers.get("x-stream-offset")
            arrived.put_nowait(offset if isinstance(offset, int) else 0)
            await message.ack()

        await queue.consume(receive, arguments={"x-stream-offset": "last"}, timeout=_ANSWER_TIMEOUT)
        return await _newest(arrived)
    finally:
        await close(connection)


async def _newest(arrived: asyncio.Queue[int]) -> int | None:
    """Wait for the first message of the last chunk, then for as many as follow at once."""
    newest: int | None = None
    wait = _SILENCE
    while True:
        try:
            newest = max(newest or 0, await asyncio.wait_for(arrived.get(), wait))
        except TimeoutError:
            return newest
        wait = _QUIET
