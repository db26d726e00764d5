"""A service as a process of its own, which dies where it is told to."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aio_pika.message import IncomingMessage
from pymongo import AsyncMongoClient

from bus import processor, relay
from bus.event import Outcome, Received
from bus.stalls import Patience, StallWatch
from shared.bus.tests.harness import QUICK, PlacedView, Tallies, count, hearing, small_topology, station
from store.commit import Committer
from store.repository import Document
from testkit.vaults import vaulted

POISON = 13
"""The order whose handling kills the process of a worker that is told to be poisoned by it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told: where to work, and where to die. `died` is the file that remembers that it did."""

    amqp: str
    mongodb: str
    database: str
    token: str
    fault: str
    died: str


def die(task: Task) -> None:
    """Die by SIGKILL, the first time, or freeze."""
    died = Path(task.died)
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGSTOP if is_to_freeze(task) else signal.SIGKILL)


def is_to_freeze(task: Task) -> bool:
    """Tell whether a worker freezes where others die."""
    return task.fault.startswith("frozen")


def arrange(task: Task) -> None:
    """Put the fault where it belongs; the handler's own are in `handler_of`."""
    write, dispatch, forget, ack = Committer._write, relay.Relay.dispatch, relay.Relay._forget, IncomingMessage.ack  # noqa: SLF001 - dies inside

    async def write_and_die(self: Committer, *rest: Any) -> None:  # noqa: ANN401 - whatever it takes
        await write(self, *rest)
        die(task)

    async def die_and_dispatch(self: relay.Relay, *rest: Any) -> None:  # noqa: ANN401 - whatever it takes
        die(task)
        await dispatch(self, *rest)

    async def die_and_forget(self: relay.Relay) -> None:
        if self._confirmed:
            die(task)
        await forget(self)

    async def die_and_acknowledge(self: IncomingMessage, multiple: bool = False) -> None:  # noqa: FBT001, FBT002 - as aio-pika has it
        die(task)
        await ack(self, multiple)

    match task.fault:
        case "inside the transaction" | "inside the transaction, beside another" | "frozen inside the transaction":
            Committer._write = write_and_die  # type: ignore[method-assign, assignment] # noqa: SLF001 - the fault
        case "after the commit, before the publish":
            relay.Relay.dispatch = die_and_dispatch  # type: ignore[method-assign, assignment] # the fault
        case "between confirm and removal from the outbox":
            relay.Relay._forget = die_and_forget  # type: ignore[method-assign] # noqa: SLF001 - the fault
        case "after the commit, before the acknowledgement":
            IncomingMessage.ack = die_and_acknowledge  # type: ignore[method-assign] # the fault


def hold(*, for_good: bool) -> None:
    """Hold the event loop, within a pattern that backtracks; for good where no signal is heard either."""
    if for_good:
        signal.setitimer(signal.ITIMER_REAL, 0)
    re.match(r"(a|a)*$", "a" * 40 + "b")


async def work(task: Task) -> None:
    """Be a service until SIGTERM."""

    async def handle(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        if task.fault == "before the handler" and event.data.number == POISON:
            die(task)
        if task.fault == "poison" and event.data.number == POISON:
            os._exit(1)
        if event.data.number == POISON and task.fault in {"hold", "hold for good"}:
            hold(for_good=task.fault == "hold for good")
        if task.fault == "SIGTERM":
            await asyncio.sleep(0.02)
        return await count(event, tallies)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client: AsyncMongoClient[Document] = AsyncMongoClient(task.mongodb, tz_aware=True, w="majority")
    declared, limits = small_topology(task.token), replace(QUICK, prefetch=16)
    async with station(
        task.amqp, vaulted(client, task.database), declared, hearing(handle), limits=limits, ready=False
    ):
        watch = StallWatch("stock", Patience(seen=0.2, stopped=0.8, ended=120.0 if is_to_freeze(task) else 2.0))
        watch.start()
        await stop.wait()
        watch.stop()
    await client.close()


def be(task: Task) -> None:
    """Be the process."""
    relay.SWEEP_EVERY = 0.3
    processor._DEADLIEST = 1  # noqa: SLF001 - one death alone is enough here
    arrange(task)
    asyncio.run(work(task))
