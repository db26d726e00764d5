"""What the broker knows of the services' queues: asked on a connection of its own, and seldom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from messaging.connection import connect
from messaging.publisher import BROKER_FAULTS, close
from operations.domain.preview import Queue

_TIMEOUT = 5.0


class BrokerQueues:
    """Looks at queues without touching them."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def look(self, services: Sequence[str]) -> Sequence[Queue]:
        """Tell of each whether it exists, who consumes it and how much waits in it; of none when the broker is away."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                connection = await connect(self._url, name="operations looking")
                try:
                    return [await _look(connection, service) for service in services]
                finally:
                    await close(connection)
        except BROKER_FAULTS:
            return [Queue(service=service, exists=None) for service in services]


async def _look(connection: AbstractConnection, service: str) -> Queue:
    channel = await connection.channel()  # a queue that is not there ends the channel
    try:
        found = (await channel.declare_queue(service, passive=True)).declaration_result
    except ChannelNotFoundEntity:
        return Queue(service=service, exists=False)
    await channel.close()
    return Queue(service=service, exists=True, consumers=found.consumer_count or 0, messages=found.message_count or 0)
