"""What the broker knows of the services' queues: asked on a connection of its own, and seldom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from bus.connection import connect, raising_what_is_lost
from bus.publisher import BROKER_FAULTS, close
from operations.domain.preview import PreviewQueue

_TIMEOUT = 5.0


class BrokerQueues:
    """Looks at queues without touching them."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def look(self, services: Sequence[str]) -> Sequence[PreviewQueue]:
        """Tell of each whether it exists, who consumes it and how much waits in it; of none when the broker is away."""
        try:
            with raising_what_is_lost():
                async with asyncio.timeout(_TIMEOUT):
                    connection = await connect(self._url, name="operations looking")
                    try:
                        return [await _look(connection, service) for service in services]
                    finally:
                        await close(connection)
        except BROKER_FAULTS:
            return [PreviewQueue(service=service, exists=None) for service in services]


async def _look(connection: AbstractConnection, service: str) -> PreviewQueue:
    channel = await connection.channel()  # a queue that is not there ends the channel
    try:
        found = (await channel.declare_queue(service, passive=True)).declaration_result
    except ChannelNotFoundEntity:
        return PreviewQueue(service=service, exists=False)
    await channel.close()
    return PreviewQueue(
        service=service, exists=True, consumers=found.consumer_count or 0, messages=found.message_count or 0
    )
