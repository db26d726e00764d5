"""The intake of the trail as a process of its own, which dies where it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from pymongo import AsyncMongoClient

from bus.batch_consumer import BatchConsumer
from bus.stream import body_at
from bus.topology import Topology
from operations.domain.trail import Recorded, TrailReading
from operations.handlers.trail_recorder import TrailRecorder
from operations.store.trail import TrailStore
from runtime.clock import utc_now
from shared.bus.tests.harness import eventually, small_topology
from store.repository import Database, Document
from testkit import signers
from testkit.vaults import vaulted

WITHIN_INSERT, BEFORE_OFFSET, AFTER_OFFSET = "in the middle of a batch", "between insert and offset", "after the offset"
FAULTS = (WITHIN_INSERT, BEFORE_OFFSET, AFTER_OFFSET)


class Deadly(TrailStore):
    """Dies by SIGKILL at a certain moment of its third batch."""

    def __init__(self, database: Database, fault: str) -> None:
        super().__init__(database)
        self._fault = fault
        self._left = 3

    async def record(self, entries: Sequence[Recorded]) -> None:
        self._left -= 1
        if self._fault == WITHIN_INSERT and not self._left:
            await super().record(entries[: len(entries) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        await super().record(entries)

    async def keep_reading(self, queue: str, reading: TrailReading) -> None:
        if self._fault == BEFORE_OFFSET and not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        await super().keep_reading(queue, reading)
        if self._fault == AFTER_OFFSET and not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


@asynccontextmanager
async def recording(
    amqp: str, declared: Topology, trail: TrailStore, *, largest: int = 500
) -> AsyncIterator[TrailRecorder]:
    """Record a topology's stream for as long as the block lasts."""
    stream = declared.trail.queue
    recorder = TrailRecorder(
        trail,
        utc_now,
        keys=signers.keys(declared),
        stream=stream,
        body_at=partial(body_at, amqp, stream),
        keep_every=0.0,
    )
    intake = BatchConsumer(
        name="trail",
        url=amqp,
        topology=declared,
        queues=(stream,),
        take=recorder.take,
        largest=largest,
        start=recorder.start,
    )
    task = asyncio.create_task(intake.run())
    try:
        await eventually(intake.is_ready)
        yield recorder
    finally:
        await intake.stop()
        await task


async def work(amqp: str, mongodb: str, database: str, token: str, fault: str) -> None:
    """Record until killed."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(mongodb, tz_aware=True, w="majority")
    async with recording(amqp, small_topology(token), Deadly(vaulted(client, database), fault), largest=20):
        await asyncio.Event().wait()


def live(amqp: str, mongodb: str, database: str, token: str, fault: str) -> None:
    """Be such a process."""
    asyncio.run(work(amqp, mongodb, database, token, fault))
