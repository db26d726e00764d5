"""Looking into a stream, so that a reader can tell whether it is still the stream that it knows."""

from __future__ import annotations

import asyncio

from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from bus.connection import connect
from bus.publisher import close

_ANSWER_TIMEOUT = 10.0
_SILENCE = 5.0
"""Seconds without a message after which a stream counts as ended before that offset."""


async def body_at(url: str, stream: str, offset: int) -> bytes | None:
    """Return the body of the message at an offset of a stream; None when there is none, or no such stream.

    The broker answers with the nearest offset that there is, and with silence beyond the end. Raises the client's
    errors when it can't be asked.
    """
    connection = await connect(url, name="looking into a stream")
    try:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=1)
        try:
            queue = await channel.declare_queue(stream, passive=True, timeout=_ANSWER_TIMEOUT)
        except ChannelNotFoundEntity:
            return None
        arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        await queue.consume(arrived.put, arguments={"x-stream-offset": offset}, timeout=_ANSWER_TIMEOUT)
        try:
            message = await asyncio.wait_for(arrived.get(), _SILENCE)
        except TimeoutError:
            return None
        return message.body if message.headers.get("x-stream-offset") == offset else None
    finally:
        await close(connection)
