"""The consumer: keeps a session with the broker open and acknowledges what was handled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError

from messaging import metrics
from messaging.commit import Committer
from messaging.connection import ANSWER_TIMEOUT, connect
from messaging.declare import require
from messaging.ending import pause
from messaging.failures import Failures
from messaging.handling import Handling
from messaging.ordering import Lanes
from messaging.outage_log import OutageLog
from messaging.publisher import BROKER_FAULTS, Publisher, close, is_cancelled
from messaging.reading import DepsT, Subscription
from messaging.relay import Relay
from messaging.topology import Topology, dead_letters_of

__all__ = ["Consumer", "Limits", "Subscription"]

log = structlog.get_logger()

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_STARVED_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at a time, how often, how long (seconds)."""

    prefetch: int = 128
    immediate_attempts: int = 3
    handler_timeout: float = 60.0
    drain_timeout: float = 20.0
    watchdog_every: float = 5.0


class Consumer(Generic[DepsT]):
    """Consumes one service's queue until it is stopped; connects again whenever anything about the session ends."""

    def __init__(  # noqa: PLR0913 - the composition root names them all
        self,
        *,
        service: str,
        url: str,
        topology: Topology,
        subscriptions: Sequence[Subscription[DepsT]],
        deps: DepsT,
        committer: Committer,
        relay: Relay,
        publisher: Publisher,
        limits: Limits | None = None,
        lanes: Lanes | None = None,
    ) -> None:
        self._service = service
        self._url = url
        self._topology = topology
        self._limits = limits or Limits()
        self._handling = Handling(
            service=service,
            topology=topology,
            subscriptions=subscriptions,
            deps=deps,
            committer=committer,
            relay=relay,
            failures=Failures(service, topology, publisher),
            lanes=lanes or Lanes(),
            immediate_attempts=self._limits.immediate_attempts,
            handler_timeout=self._limits.handler_timeout,
        )
        self._only_speaks = not subscriptions
        self._stopping = asyncio.Event()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._channel: AbstractChannel | None = None
        self._tag = ""
        self._received = 0
        self._pause = _FIRST_PAUSE
        self._ended, self._unacknowledged = OutageLog("broker_session_ended"), OutageLog("acknowledgement_failed")

    async def run(self) -> None:
        """Keep a session open until stopped, waiting a little longer after each that failed."""
        while not self._stopping.is_set():
            try:
                await self._session()
            except (Exception, asyncio.CancelledError) as error:
                if is_cancelled(error):
                    raise
                self._ended.tell(error, service=self._service)
                await pause(self._pause, self._stopping)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    async def stop(self) -> None:
        """Take no more messages; what is being handled is finished, the rest goes back to the queue."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Ask the broker whether it delivers to this consumer, and tell whether work is going on."""
        channel = self._channel
        if channel is None or channel.is_closed or self._handling.is_paused:
            return False
        try:  # shielded: whoever stops waiting for the answer must not close the channel with the question
            await asyncio.shield(asyncio.create_task(self._check(channel)))
        except BROKER_FAULTS:
            return False
        return True

    async def _session(self) -> None:
        connection = await connect(self._url, name=f"{self._service} consuming")
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                channel = await connection.channel(publisher_confirms=False)
                await channel.set_qos(prefetch_count=self._limits.prefetch)
                await require(self._topology, channel)
                queue = await channel.get_queue(self._service, ensure=False)
                if not self._only_speaks:  # otherwise it has no queue
                    self._tag = await queue.consume(self._receive)
            self._channel, self._pause = channel, _FIRST_PAUSE
            metrics.CONNECTED.labels(self._service).set(1)
            log.info("consuming", service=self._service)
            await self._watch(channel)
            await self._end(queue)
        finally:
            self._channel = None
            metrics.CONNECTED.labels(self._service).set(0)
            metrics.READY.clear()  # nobody knows
            await close(connection)

    async def _watch(self, channel: AbstractChannel) -> None:
        """Until stopped, see that everything is there and that the broker still delivers here.

        When a queue is deleted and declared again at once, RabbitMQ 3.10 may count its consumer and send it nothing.
        So a session ends when messages wait at two looks, none came in between and none is in hand. (Where fewer wait
        than are prefetched, the broker's consumer_timeout gives them back.)
        """
        starved = 0
        while not self._stopping.is_set():
            received, waiting = self._received, await self._count(channel)
            await pause(self._limits.watchdog_every, self._stopping)
            if not self._stopping.is_set():
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await require(self._topology, channel)
                await self._check(channel)
                is_starved = waiting and received == self._received and not self._under_way
                starved = starved + 1 if is_starved else 0
                if starved == _STARVED_LOOKS:
                    raise BrokerSessionLostError(f"{waiting} messages wait and none is delivered")

    async def _count(self, channel: AbstractChannel) -> int:
        """Read how much waits. A queue that is gone ends the session; the next one waits until it is there again."""
        if self._only_speaks:
            return 0
        ready: dict[str, int] = {}
        for kind, name in (("work", self._service), ("dead-letters", dead_letters_of(self._service))):
            async with asyncio.timeout(ANSWER_TIMEOUT):
                queue = await channel.declare_queue(name, passive=True)
            ready[kind] = queue.declaration_result.message_count or 0
            metrics.READY.labels(self._service, kind).set(ready[kind])
        return ready["work"]

    async def _check(self, channel: AbstractChannel) -> None:
        """Ask the broker whether this consumer is still there; a session that lost it starts over.

        A service that only speaks has no consumer: the open channel is enough.
        """
        if self._only_speaks:
            return
        async with asyncio.timeout(10):
            queue = await channel.declare_queue(self._service, passive=True)
            ours = getattr(await channel.get_underlay_channel(), "consumers", {})
        if not queue.declaration_result.consumer_count or self._tag not in ours:
            raise BrokerSessionLostError("the consumer is gone")

    async def _end(self, queue: AbstractQueue) -> None:
        """Take nothing more and wait for what is under way, acknowledgements included."""
        if not self._only_speaks:
            await queue.cancel(self._tag, timeout=10)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._limits.drain_timeout)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        if self._stopping.is_set():
            return  # not begun: closing the channel gives it back
        self._received += 1
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a callback runs in a task
        self._under_way.add(task)
        try:
            await self._handle(message)
        except BROKER_FAULTS as error:  # the channel is gone: expect the redelivery
            self._unacknowledged.tell(error, service=self._service)
        finally:
            self._under_way.discard(task)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            await self._handling.handle(message)
        except Exception:  # not even its failure could be sorted: the queue's delivery limit puts an end to it
            log.exception("message_returned", service=self._service, message_id=message.message_id)
            await message.reject(requeue=True)
        else:
            await message.ack()


class BrokerSessionLostError(AMQPError):
    """The broker no longer delivers to this consumer."""
