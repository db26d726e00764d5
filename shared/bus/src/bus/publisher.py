"""Publishing: confirmed, mandatory, with a timeout, on a connection of its own."""

from __future__ import annotations

import asyncio
from typing import cast

from aio_pika.abc import AbstractChannel, AbstractConnection, DeliveryMode
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity, DeliveryError, PublishError
from aiormq import Channel, spec
from pamqp.common import FieldValue

from bus import metrics
from bus.addresses import account_of
from bus.connection import ANSWER_TIMEOUT, connect, note_silence, raising_what_is_lost
from bus.declare import require
from bus.envelope import CONTENT_TYPE, LARGEST_MESSAGE, BrokenMessageError
from bus.topology import Topology

PUBLISH_TIMEOUT = 10.0
"""Seconds until an unconfirmed publish counts as failed; it may still arrive, so it is repeated under the same id."""

CLOSE_TIMEOUT = 1.0
"""Seconds to say good-bye to a broker that may be gone."""

BROKER_FAULTS = (*CONNECTION_EXCEPTIONS, TimeoutError)
"""Everything that the client raises when the broker, the network or the connection has gone wrong."""


class BrokerUnavailableError(Exception):
    """The broker did not confirm: it is down, blocked, refusing or has no route. The message is to be sent again."""


class _ConnectionLostError(BrokerUnavailableError):
    """The connection ended before the broker had confirmed: another node may confirm at once."""


class UnroutableError(BrokerUnavailableError):
    """The broker returned it: nothing is bound to where it was sent."""


class Publisher:
    """Confirmed publishing on one connection and one channel, opened on first use and again after a failure.

    Consuming never shares this connection: a broker that blocks publishers would stall the consumer with it. One
    message id is in flight once at most, as confirms and returns are told apart by it.
    """

    def __init__(
        self, url: str, *, name: str, timeout: float = PUBLISH_TIMEOUT, topology: Topology | None = None
    ) -> None:
        self._url = url
        self._account = account_of(url)
        self._name = name
        self._topology = topology
        self.timeout = timeout
        self._connecting = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._channel: Channel | None = None
        self._looking: AbstractChannel | None = None
        self._is_allowed = True

    async def publish(
        self,
        body: bytes,
        *,
        exchange: str,
        routing_key: str,
        message_id: str,
        headers: dict[str, FieldValue] | None = None,
    ) -> None:
        """Publish one persistent message and wait for the confirm. Raises BrokerUnavailableError, UnroutableError.

        What a connection that ends leaves unconfirmed is sent once more, on another one. Raises BrokenMessageError for
        what the broker would never take: sent, it would close the channel for all others.

        aiormq's own publish is used for its `wait=False`: messages queue up and leave in one write, where waiting for
        each write, as aio-pika does, takes a turn of the event loop for every message. The confirm is awaited anyway.
        """
        if len(body) > LARGEST_MESSAGE:
            raise BrokenMessageError("too-large", rule=f"at most {LARGEST_MESSAGE} bytes, not {len(body)}")
        properties = spec.Basic.Properties(
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            message_id=message_id,
            headers=headers,
            user_id=self._account,  # the broker refuses any other, so that a reader can believe it
        )
        try:
            await self._publish_once(body, exchange, routing_key, properties)
        except _ConnectionLostError:
            await self._publish_once(body, exchange, routing_key, properties)

    async def _publish_once(
        self, body: bytes, exchange: str, routing_key: str, properties: spec.Basic.Properties
    ) -> None:
        channel = None
        try:
            with raising_what_is_lost():
                channel = self._open_channel() or await self._open()
                await channel.basic_publish(
                    body,
                    exchange=exchange,
                    routing_key=routing_key,
                    properties=properties,
                    mandatory=True,
                    timeout=self.timeout,
                    wait=False,
                )
        except PublishError as error:  # returned: the channel is sound
            raise UnroutableError(f"{exchange}/{routing_key}: nothing is bound there") from error
        except DeliveryError as error:  # refused: the channel is sound
            raise BrokerUnavailableError(f"{exchange}/{routing_key}: not accepted: {error!r}") from error
        except BROKER_FAULTS as error:
            await self._drop(channel)
            is_lost = channel is not None and not isinstance(error, TimeoutError)
            raise (_ConnectionLostError if is_lost else BrokerUnavailableError)(repr(error)) from error

    async def close(self) -> None:
        """Close the connection; what was not confirmed is not known to have arrived."""
        await self._drop(self._channel)

    async def can_publish(self) -> bool:
        """Connect if need be; tell whether the broker is there and would take what is published."""
        try:
            with raising_what_is_lost():
                if self._open_channel() is None:
                    await self._open()
        except BROKER_FAULTS:
            return False
        return True

    @property
    def is_allowed(self) -> bool:
        """Whether, when last looked, everything was declared and every account held to its own keys."""
        return self._is_allowed

    async def check(self) -> None:
        """Look whether publishing is still allowed; if not, close the connection: nothing leaves until it is again.

        So is one that is frozen. One that the broker has blocked, which it says, is not: it answers nothing, either.
        """
        connection, channel = self._connection, self._channel
        if connection is None or channel is None or channel.is_closed or await _is_blocked(channel):
            return
        try:
            with raising_what_is_lost():
                async with asyncio.timeout(min(self.timeout, ANSWER_TIMEOUT)):
                    if self._looking is None or self._looking.is_closed:  # kept: opening one is two more questions
                        self._looking = await connection.channel()
                    await self._require(self._looking)
        except BROKER_FAULTS:
            await self._drop(channel)

    async def _require(self, channel: AbstractChannel) -> None:
        """See that an event which leaves now gets where it belongs, and that nothing forged can stand beside it."""
        if self._topology is None:
            return
        try:
            await require(self._topology, channel)
            self._is_allowed = True
        except ChannelNotFoundEntity:
            self._is_allowed = False
            raise
        finally:
            metrics.DECLARED.labels(self._name).set(self._is_allowed)

    def _open_channel(self) -> Channel | None:
        return None if self._channel is None or self._channel.is_closed else self._channel

    async def _open(self) -> Channel:
        async with asyncio.timeout(self.timeout), self._connecting:
            channel = self._open_channel()
            if channel is None:
                connection = await connect(self._url, name=f"{self._name} publishing")
                try:
                    opened = await connection.channel(publisher_confirms=True, on_return_raises=True)
                    await self._require(opened)
                    channel = cast("Channel", await opened.get_underlay_channel())
                except BaseException:
                    await close(connection)
                    raise
                await self._drop(self._channel)
                self._connection, self._channel, self._looking = connection, channel, None
            return channel

    async def _drop(self, channel: Channel | None) -> None:
        """Close the connection that failed, unless somebody has opened a new one meanwhile."""
        if channel is None or channel is not self._channel:
            return
        connection, self._connection, self._channel, self._looking = self._connection, None, None, None
        for confirmation in list(channel.confirmations.values()):  # closing alone ends none while the node is frozen
            if not confirmation.done():
                confirmation.set_exception(ConnectionError("the connection was closed before the broker confirmed"))
        if connection is not None:
            await close(connection)


async def _is_blocked(channel: Channel) -> bool:
    """Tell whether the broker has said that it takes nothing for the moment, as while it is short of memory or disk."""
    try:
        async with asyncio.timeout(0):
            await channel.connection.ready()
    except TimeoutError:
        return True
    return False


async def close(connection: AbstractConnection) -> None:
    """Close a connection, or give up on closing it."""
    try:
        with raising_what_is_lost():
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await connection.close()
    except TimeoutError:
        note_silence(getattr(connection, "url", ""))
    except BROKER_FAULTS:
        pass  # it is gone already
