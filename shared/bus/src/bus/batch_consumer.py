"""Taking in whole messages, many at a time, into a store: acknowledged when they are kept, and not before.

For what is not an event to be acted on but a message to be kept: dead letters, receipts, the trail.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from bus import metrics
from bus.connection import ANSWER_TIMEOUT, connect
from bus.declare import require
from bus.outage_log import OutageLog
from bus.publisher import close
from bus.tasks import cancel_and_wait, is_cancelled, pause
from bus.topology import Topology

log = structlog.get_logger()

Arrived = asyncio.Queue[tuple[str, AbstractIncomingMessage] | None]
"""What was delivered, with the queue that it came from; None when there will be no more."""

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_GROWTH = 8
"""After each part that was kept, the next may be larger by one in so many."""
_FEW = 100
"""A batch smaller than this is followed by the wait `linger`."""
_LAST_BATCH = 10.0
"""Seconds for the batch that is being kept when the service stops."""


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as the broker delivered it. `offset` is its place in a stream; None in a queue."""

    body: bytes
    headers: Mapping[str, Any]
    message_id: str
    exchange: str
    routing_key: str
    queue: str
    offset: int | None
    redelivered: bool
    timestamp: datetime | None


class BatchConsumer:
    """Takes in what arrives in some queues, or in one stream, until it is stopped.

    `take` gets a batch of at most `largest` messages and must have kept them when it returns; if it raises, it gets
    the first half of them after a pause, as a slow store may get through less at once, and then slowly more again.
    What was kept and not acknowledged is delivered again, so `take` must know what it has. `start` is for a stream:
    the offset to begin at, or None for its first message. `breath` is how long to wait (seconds) after a small batch,
    so that a few messages at a time become a few more. `together` is how many batches may be taken at once, the later
    ones while the first is being written: only for a `take` that does not mind in which order they are kept.
    `is_ours` tells whether this process is the one to take in, where one is enough; the others wait.
    """

    def __init__(  # noqa: PLR0913 - the composition root names them all
        self,
        *,
        name: str,
        url: str,
        topology: Topology,
        queues: Sequence[str],
        take: Callable[[Sequence[RawMessage]], Awaitable[None]],
        largest: int = 500,
        start: Callable[[], Awaitable[int | None]] | None = None,
        linger: float = 0.0,
        together: int = 1,
        is_ours: Callable[[], bool] = lambda: True,
        watch_every: float = 5.0,
    ) -> None:
        self._name = name
        self._url = url
        self._topology = topology
        self._queues = queues
        self._take = take
        self._largest = self._at_once = largest
        self._start = start
        self._linger = linger
        self._together = together
        self._is_ours = is_ours
        self._watch_every = watch_every
        self._stopping = asyncio.Event()
        self._channel: AbstractChannel | None = None
        self._pause = _FIRST_PAUSE
        self._is_stuck = False
        self._outages, self._ended = OutageLog("batch_not_kept"), OutageLog("intake_session_ended")

    async def run(self) -> None:
        """Keep a session open until stopped, waiting a little longer after each that failed."""
        while not self._stopping.is_set():
            if not self._is_ours():
                with suppress(KeyError):  # nobody takes this process's word for whether what arrives is kept
                    metrics.INTAKE.remove(self._name)
                await pause(min(self._watch_every, _FIRST_PAUSE), self._stopping)
                continue
            try:
                await self._session()
            except (Exception, asyncio.CancelledError) as error:
                if is_cancelled(error):
                    raise
                self._ended.tell(error, intake=self._name)
                await self._sleep()

    async def stop(self) -> None:
        """Take no more; the batch that is being kept is finished, the rest goes back to its queue."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Tell whether the broker delivers and what it delivers can be kept, or another process sees to it."""
        if not self._is_ours():
            return True
        return self._channel is not None and not self._channel.is_closed and not self._is_stuck

    async def _session(self) -> None:
        connection = await connect(self._url, name=f"{self._name} taking in")
        arrived: Arrived = asyncio.Queue()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                channel = await connection.channel(publisher_confirms=False)
                await channel.set_qos(prefetch_count=(1 + self._together) * self._largest)
                await require(self._topology, channel)
                arguments = await self._where_to_start()
                for name in self._queues:
                    queue = await channel.get_queue(name, ensure=False)
                    await queue.consume(_into(arrived, name), arguments=arguments)
            self._channel, self._pause = channel, _FIRST_PAUSE
            metrics.INTAKE.labels(self._name).set(1)
            log.info("taking_in", intake=self._name, queues=len(self._queues))
            keeping = asyncio.create_task(self._keep(arrived, channel))
            try:
                await self._watch(channel, keeping)
            finally:
                arrived.put_nowait(None)
                await asyncio.wait([keeping], timeout=_LAST_BATCH if self._stopping.is_set() else 0)
                await cancel_and_wait([keeping])
        finally:
            self._channel = None
            metrics.INTAKE.labels(self._name).set(0)
            await close(connection)

    async def _where_to_start(self) -> dict[str, Any] | None:
        if self._start is None:
            return None
        offset = await self._start()
        return {"x-stream-offset": "first" if offset is None else offset}

    async def _watch(self, channel: AbstractChannel, keeping: asyncio.Task[None]) -> None:
        """Until stopped, see that the queues are there and that this session still consumes them all."""
        while not self._stopping.is_set():
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([stopping, keeping], timeout=self._watch_every, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if keeping.done():
                await keeping
            if not self._is_ours():
                return
            if not self._stopping.is_set():
                await self._check(channel)

    async def _check(self, channel: AbstractChannel) -> None:
        async with asyncio.timeout(ANSWER_TIMEOUT):
            await require(self._topology, channel)
        ours = getattr(await channel.get_underlay_channel(), "consumers", {})
        if len(ours) < len(self._queues):
            raise ConnectionError("a consumer is gone")

    async def _keep(self, arrived: Arrived, channel: AbstractChannel) -> None:
        """Keep batch after batch; each is acknowledged when it and all before it are kept."""
        begun: deque[tuple[int, asyncio.Task[None]]] = deque()
        try:
            while not self._stopping.is_set() and (batch := await self._next(arrived)):
                last = max(int(message.delivery_tag or 0) for _, message in batch)
                raws = [_raw(queue, message) for queue, message in batch]
                begun.append((last, asyncio.create_task(self._take_for_sure(raws))))
                while begun and (len(begun) >= self._together or arrived.empty() or self._stopping.is_set()):
                    await self._finish(*begun.popleft(), channel)
                if self._linger and len(batch) < _FEW:
                    await pause(self._linger, self._stopping)
        finally:
            await cancel_and_wait([task for _, task in begun])

    async def _finish(self, last: int, keeping: asyncio.Task[None], channel: AbstractChannel) -> None:
        """Wait until a batch is kept, and acknowledge it up to its last message."""
        await keeping
        if not (self._stopping.is_set() and channel.is_closed):
            await (await channel.get_underlay_channel()).basic_ack(last, multiple=True)

    async def _next(self, arrived: Arrived) -> list[tuple[str, AbstractIncomingMessage]]:
        """Wait for a message and take with it what else is there; nothing when there will be no more."""
        found = [await arrived.get()]
        while len(found) < self._largest and not arrived.empty():
            found.append(arrived.get_nowait())
        return [] if None in found else [each for each in found if each is not None]

    async def _take_for_sure(self, batch: Sequence[RawMessage]) -> None:
        left = list(batch)
        while left:
            part = left[: self._at_once]
            try:
                await self._take(part)
            except Exception as error:
                self._is_stuck, self._at_once = True, max(1, len(part) // 2)
                metrics.INTAKE.labels(self._name).set(0)
                self._outages.tell(error, intake=self._name, messages=len(part))
                await self._sleep()
                if self._stopping.is_set():
                    raise
            else:
                del left[: len(part)]
                self._at_once = min(self._largest, self._at_once + self._at_once // _GROWTH + 1)
                self._is_stuck, self._pause = False, _FIRST_PAUSE
                metrics.INTAKE.labels(self._name).set(1)

    async def _sleep(self) -> None:
        await pause(self._pause, self._stopping)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)


def _into(arrived: Arrived, queue: str) -> Callable[[AbstractIncomingMessage], Awaitable[None]]:
    async def receive(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait((queue, message))

    return receive


def _raw(queue: str, message: AbstractIncomingMessage) -> RawMessage:
    offset = message.headers.get("x-stream-offset")
    return RawMessage(
        body=message.body,
        headers=message.headers,
        message_id=message.message_id or "",
        exchange=message.exchange or "",
        routing_key=message.routing_key or "",
        queue=queue,
        offset=offset if isinstance(offset, int) else None,
        redelivered=bool(message.redelivered),
        timestamp=message.timestamp,
    )
