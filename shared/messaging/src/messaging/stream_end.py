"""Where a stream ends, so that a reader can tell whether it is still the stream that it knows."""

from __future__ import annotations

import asyncio

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from messaging.publisher import close

_ANSWER_TIMEOUT = 10.0
_QUIET = 1.0
"""Seconds without a further message after which the last one was the last: they come as one chunk."""


async def last_offset(url: str, stream: str) -> int | None:
    """Return the offset of a stream's last message, None when it is empty or not there.

    Raises the client's errors when the broker can't be asked.
    """
    connection = await aio_pika.connect(url, timeout=_ANSWER_TIMEOUT)
    try:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=1000)
        try:
            queue = await channel.declare_queue(stream, passive=True, timeout=_ANSWER_TIMEOUT)
        except aio_pika.exceptions.ChannelNotFoundEntity:
            return None
        if not queue.declaration_result.message_count:
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
    try:
        newest = await asyncio.wait_for(arrived.get(), _ANSWER_TIMEOUT)
        while True:
            newest = max(newest, await asyncio.wait_for(arrived.get(), _QUIET))
    except TimeoutError:
        return newest if "newest" in locals() else None
