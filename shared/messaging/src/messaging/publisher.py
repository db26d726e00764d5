"""Publishing: confirmed, mandatory, with a timeout, on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, DeliveryMode
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from messaging.envelope import CONTENT_TYPE

PUBLISH_TIMEOUT = 10.0
"""Seconds until an unconfirmed publish counts as failed; it may still arrive, so it is repeated under the same id."""


class BrokerUnavailableError(Exception):
    """The broker did not confirm: it is down, blocked, refusing or has no route. The message is to be sent again."""


class Publisher:
    """Confirmed publishing on one connection and one channel, opened on first use and again after a failure.

    Consuming never shares this connection: a broker that blocks publishers would stall the consumer with it. One
    message id is in flight once at most, as confirms and returns are told apart by it.
    """

    def __init__(self, url: str, *, name: str, timeout: float = PUBLISH_TIMEOUT) -> None:
        self._url = url
        self._name = name
        self._timeout = timeout
        self._connecting = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}

    async def publish(
        self,
        body: bytes,
        *,
        exchange: str,
        routing_key: str,
        message_id: str,
        headers: Mapping[str, Any] | None = None,
    ) -> None:
        """Publish one persistent message and wait for the confirm. Raises BrokerUnavailableError."""
        message = aio_pika.Message(
            body,
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=message_id,
            headers=dict(headers or {}),
        )
        try:
            target = self._exchanges.get(exchange) or await self._open(exchange)
            await target.publish(message, routing_key, mandatory=True, timeout=self._timeout)
        except aio_pika.exceptions.DeliveryError as error:  # returned or refused: the channel is sound
            reason = f"{exchange}/{routing_key}: not accepted: {error!r}"
            raise BrokerUnavailableError(reason) from error
        except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError) as error:
            await self._drop()
            raise BrokerUnavailableError(repr(error)) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            await self._drop()  # a connection that froze cancels what waits on it, though nobody cancelled us
            message_text = "the connection was lost while waiting for the confirm"
            raise BrokerUnavailableError(message_text) from error

    async def close(self) -> None:
        """Close the connection; what was not confirmed is not known to have arrived."""
        await self._drop()

    async def _open(self, exchange: str) -> AbstractExchange:
        async with self._connecting:
            if self._channel is None or self._channel.is_closed:
                await self._drop()
                self._connection = await aio_pika.connect(
                    self._url, timeout=self._timeout, client_properties={"connection_name": f"{self._name} publishing"}
                )
                self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                self._channel.close_callbacks.add(lambda *_: self._exchanges.clear())
            target = await self._channel.get_exchange(exchange, ensure=False)
            self._exchanges[exchange] = target
            return target

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._exchanges.clear()
        if connection is not None:
            try:
                async with asyncio.timeout(2):
                    await connection.close()
            except (AMQPError, OSError, TimeoutError, RuntimeError):
                pass  # it is gone already
