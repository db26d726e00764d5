"""The faults of a run, one round after the other, each put right before the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from local_stack.failure import StackError
from local_stack.ports import SERVICES, numbered
from local_stack.stack import Stack
from tests.chaos.acts import Acts
from tests.chaos.faults import HOLD, PRIMARY, Fault, Kind, Parts
from tests.journeys.waiting import until

QUIET = (6.0, 12.0)
"""Seconds at least, and at most, from the end of one round to the next."""
WHOLE_WITHIN = 120.0
_LOOK_EVERY = 0.5
_WORKS = {1, 2}
"""States of a replica set's member: primary, secondary."""


@dataclass(frozen=True, slots=True)
class Befallen:
    """A fault that came: to whom, when it began, when it was put right (seconds since 1970)."""

    kind: Kind
    target: str
    begun: float
    ended: float = 0.0


def parts_of(stack: Stack) -> Parts:
    """Return the names of the processes of a stack that may fail."""
    ports = stack.ports
    return Parts(
        services=tuple(name for service in SERVICES for name in numbered(service, ports.replicas)),
        brokers=numbered("broker", ports.machines),
        members=numbered("store", ports.machines),
    )


class Unleashed:
    """Brings faults to a stack until the time is over.

    `tell` hears of each, `whole` when everything works again after a round, `troubles` of what ended by itself.
    """

    def __init__(
        self,
        stack: Stack,
        dice: Random,
        *,
        tell: Callable[[Befallen], None],
        whole: Callable[[], None],
        troubles: list[str],
    ) -> None:
        self.befallen: list[Befallen] = []
        self._stack = stack
        self._parts = parts_of(stack)
        self._dice = dice
        self._tell = tell
        self._whole = whole
        self._troubles = troubles
        self._acts = Acts(stack)
        self._looks_at_brokers = True

    async def run(
        self, rounds: Iterator[Sequence[Fault]], seconds: float, *, quiet: tuple[float, float] = QUIET
    ) -> None:
        """Bring round after round; the last one begins before the time is over."""
        over = time.monotonic() + seconds
        for faults in rounds:
            await asyncio.sleep(self._dice.uniform(*quiet))
            if time.monotonic() >= over:
                return
            for fault in faults:
                await asyncio.to_thread(self._acts.prepare, fault)
            await asyncio.gather(*map(self._bring, faults))
            self._looks_at_brokers = any(fault.layer == "brokers" for fault in faults)
            await until(self._is_whole, bool, what="everything works again", seconds=WHOLE_WITHIN, interval=_LOOK_EVERY)
            self._whole()

    async def _bring(self, fault: Fault) -> None:
        target = fault.target
        if target == PRIMARY:
            target = await asyncio.to_thread(self._acts.target_of, fault)
        come = Befallen(fault.kind, target, time.time())
        place = len(self.befallen)
        self.befallen.append(come)
        self._tell(come)
        undo = await asyncio.to_thread(self._acts.befall, fault, target)
        await asyncio.sleep(HOLD[fault.kind])
        await asyncio.to_thread(undo)
        self.befallen[place] = replace(come, ended=time.time())

    async def _is_whole(self) -> bool:
        """Start again what has ended by itself, as a supervisor would; tell whether everything works."""
        for name in (*self._parts.services, *self._parts.brokers, *self._parts.members, "topology", "gateway"):
            if not self._stack.is_alive(name):
                self._troubles.append(f"{name} ended by itself")
                await asyncio.to_thread(self._stack.start, name)
        return await asyncio.to_thread(self._works)

    def _works(self) -> bool:
        try:
            with MongoClient[dict[str, Any]](self._stack.mongodb_url, serverSelectionTimeoutMS=2000) as client:
                members = client.admin.command("replSetGetStatus")["members"]
            if not all(member["state"] in _WORKS for member in members):
                return False
            if self._looks_at_brokers:  # the tool takes seconds to start
                nodes = self._parts.brokers
                self._stack.infrastructure.control(nodes[0], "await_online_nodes", str(len(nodes)), "--timeout", "20")
        except (PyMongoError, StackError):
            return False
        return True
