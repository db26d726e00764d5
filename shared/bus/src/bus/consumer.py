"""The consumer: keeps a session with the broker open and acknowledges what was handled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError
from pamqp.commands import Queue

from bus import metrics
from bus.addresses import account_of
from bus.concurrency import KeyedLocks
from bus.connection import ANSWER_TIMEOUT, connect, raising_what_is_lost
from bus.declare import require
from bus.failures import FailureRouter
from bus.fair_share import NotBegunError
from bus.outage_log import OutageLog
from bus.processor import MessageProcessor
from bus.publisher import BROKER_FAULTS, Publisher, close
from bus.quotas import KEEP_EVERY, Quotas
from bus.reader import DepsT, Subscription
from bus.relay import Relay
from bus.signatures import EventKeys, EventSigner
from bus.tasks import PeriodicTask, is_cancelled, pause
from bus.topology import Topology, dead_letters_of
from store.commit import Committer

__all__ = ["Consumer", "ConsumerLimits", "Subscription"]

log = structlog.get_logger()

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_STARVED_LOOKS = 2


@dataclass(frozen=True, slots=True)
class ConsumerLimits:
    """How much at a time, how often, how long (seconds). `outside` is the prefetch of each system outside."""

    prefetch: int = 128
    outside: int = 16
    immediate_attempts: int = 3
    handler_timeout: float = 60.0
    drain_timeout: float = 20.0
    watchdog_every: float = 5.0


@dataclass(slots=True)
class _Source:
    """One queue that is consumed: its consumer's tag, how many messages came, what is in hand, how often it starved."""

    queue: str
    sender: str = ""
    tag: str = ""
    received: int = 0
    starved: int = 0
    under_way: set[asyncio.Task[Any]] = field(default_factory=set)


class Consumer(Generic[DepsT]):
    """Consumes one service's queue, and those of the systems outside that it hears, until it is stopped.

    Connects again whenever anything about the session ends.
    """

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
        signer: EventSigner,
        keys: EventKeys,
        quotas: Quotas | None = None,
        limits: ConsumerLimits | None = None,
        lanes: KeyedLocks | None = None,
    ) -> None:
        self._service = service
        self._url = url
        self._topology = topology
        self._limits = limits or ConsumerLimits()
        self._quotas = quotas or Quotas(service)
        self._handling = MessageProcessor(
            service=service,
            topology=topology,
            subscriptions=subscriptions,
            deps=deps,
            committer=committer,
            relay=relay,
            failures=FailureRouter(service, topology, publisher, signer.cipher),
            signer=signer,
            keys=keys,
            account=account_of(url),
            lanes=lanes or KeyedLocks(),
            quotas=self._quotas,
            immediate_attempts=self._limits.immediate_attempts,
            handler_timeout=self._limits.handler_timeout,
        )
        outside = (_Source(each.waiting, each.code) for each in topology.senders_to(service))
        self._sources = (_Source(service), *outside) if subscriptions else ()  # one that only speaks has no queue
        self._stopping = asyncio.Event()
        self._channel: AbstractChannel | None = None
        self._pause = _FIRST_PAUSE
        self._ended, self._unacknowledged = OutageLog("broker_session_ended"), OutageLog("acknowledgement_failed")

    async def run(self) -> None:
        """Keep a session open until stopped, waiting a little longer after each that failed."""
        counting = PeriodicTask(self._quotas.keep, every=KEEP_EVERY) if self._quotas.all() else None
        try:
            while not self._stopping.is_set():
                try:
                    await self._session()
                except (Exception, asyncio.CancelledError) as error:
                    if is_cancelled(error):
                        raise
                    self._ended.tell(error, service=self._service)
                    await pause(self._pause, self._stopping)
                    self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        finally:
            if counting is not None:
                await counting.stop()
            await self._quotas.keep()

    async def stop(self) -> None:
        """Take no more messages; what is being handled is finished, the rest goes back to the queue."""
        self._stopping.set()
        self._handling.close()

    async def is_ready(self) -> bool:
        """Ask the broker whether it delivers to this consumer, and tell whether work is going on."""
        channel = self._channel
        if channel is None or channel.is_closed or self._handling.is_paused:
            return False
        try:  # shielded: whoever stops waiting for the answer must not close the channel with the question
            with raising_what_is_lost():
                await asyncio.shield(asyncio.create_task(self._check(channel)))
        except BROKER_FAULTS:
            return False
        return True

    async def _session(self) -> None:
        connection = await connect(self._url, name=f"{self._service} consuming")
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                channel = await connection.channel(publisher_confirms=False)
                await require(self._topology, channel)
                queues = [await self._consume(channel, source) for source in self._sources]
            self._channel, self._pause = channel, _FIRST_PAUSE
            metrics.CONNECTED.labels(self._service).set(1)
            log.info("consuming", service=self._service)
            await self._watch(channel)
            await self._end(queues)
        finally:
            self._channel = None
            metrics.CONNECTED.labels(self._service).set(0)
            metrics.READY.clear()  # nobody knows
            await close(connection)

    async def _consume(self, channel: AbstractChannel, source: _Source) -> AbstractQueue:
        """Begin to consume a queue. A system outside has a window of its own: what waits in it keeps nobody out."""
        prefetch = self._limits.outside if source.sender else self._limits.prefetch
        await channel.set_qos(prefetch_count=prefetch)  # counts for each consumer that begins from now on
        queue = await channel.get_queue(source.queue, ensure=False)
        source.tag = await queue.consume(partial(self._receive, source))
        return queue

    async def _watch(self, channel: AbstractChannel) -> None:
        """Until stopped, see that everything is there and that the broker still delivers here.

        When a queue is deleted and declared again at once, RabbitMQ 3.10 may count its consumer and send it nothing.
        So a session ends when messages wait at two looks, none came in between and none is in hand. (Where fewer wait
        than are prefetched, the broker's consumer_timeout gives them back.)
        """
        for source in self._sources:
            source.starved = 0
        waiting = [found.message_count or 0 for found in await self._asked(channel)]
        await self._note(channel, waiting)
        while not self._stopping.is_set():
            received = [source.received for source in self._sources]
            await pause(self._limits.watchdog_every, self._stopping)
            if not self._stopping.is_set():
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await require(self._topology, channel)
                before, waiting = waiting, await self._check(channel)
                await self._note(channel, waiting)
                for source, had, waited in zip(self._sources, received, before, strict=True):
                    is_starved = waited and had == source.received and not source.under_way
                    source.starved = source.starved + 1 if is_starved else 0
                    if source.starved == _STARVED_LOOKS:
                        raise BrokerSessionLostError(f"{source.queue}: {waited} messages wait and none is delivered")

    async def _asked(self, channel: AbstractChannel) -> list[Queue.DeclareOk]:
        """Ask for the state of each queue. One that is gone ends the session; the next waits until it is there."""
        answers = []
        for source in self._sources:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                answers.append((await channel.declare_queue(source.queue, passive=True)).declaration_result)
        return answers

    async def _note(self, channel: AbstractChannel, waiting: Sequence[int]) -> None:
        """Tell how much waits, and how many dead letters there are."""
        for source, ready in zip(self._sources, waiting, strict=True):
            metrics.READY.labels(self._service, source.sender or "work").set(ready)
            if source.sender:
                self._quotas.waiting[source.sender] = ready
        if self._sources:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                letters = await channel.declare_queue(dead_letters_of(self._service), passive=True)
            metrics.READY.labels(self._service, "dead-letters").set(letters.declaration_result.message_count or 0)

    async def _check(self, channel: AbstractChannel) -> list[int]:
        """Ask the broker whether the consumers are still there, and how much waits in the queue of each.

        A session that lost one starts over.
        A service that only speaks has no consumer: the open channel is enough.
        """
        found = await self._asked(channel)
        ours = getattr(await channel.get_underlay_channel(), "consumers", {})
        for source, queue in zip(self._sources, found, strict=True):
            if not queue.consumer_count or source.tag not in ours:
                raise BrokerSessionLostError(f"the consumer of {source.queue} is gone")
        return [queue.message_count or 0 for queue in found]

    async def _end(self, queues: Sequence[AbstractQueue]) -> None:
        """Take nothing more and wait for what is under way, acknowledgements included."""
        for queue, source in zip(queues, self._sources, strict=True):
            await queue.cancel(source.tag, timeout=10)
        under_way = {task for source in self._sources for task in source.under_way}
        if under_way:
            await asyncio.wait(under_way, timeout=self._limits.drain_timeout)

    async def _receive(self, source: _Source, message: AbstractIncomingMessage) -> None:
        if self._stopping.is_set():
            return  # not begun: closing the channel gives it back
        source.received += 1
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a callback runs in a task
        source.under_way.add(task)
        try:
            await self._handle(message)
        except BROKER_FAULTS as error:  # the channel is gone: expect the redelivery
            self._unacknowledged.tell(error, service=self._service)
        finally:
            source.under_way.discard(task)

    async def _handle(self, message: AbstractIncomingMessage) -> None:
        try:
            await self._handling.handle(message)
        except NotBegunError:
            return  # closing the channel gives it back
        except Exception:  # not even its failure could be sorted: the queue's delivery limit puts an end to it
            log.exception("message_returned", service=self._service, message_id=message.message_id)
            await message.reject(requeue=True)
        else:
            await message.ack()


class BrokerSessionLostError(AMQPError):
    """The broker no longer delivers to this consumer."""
