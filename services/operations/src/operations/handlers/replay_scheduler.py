"""Driving replays: one driver for each at a time, by a lease that it must keep renewing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from bus.event import Commit
from bus.poll import Poll
from bus.tasks import cancel_and_wait, pause
from operations.handlers.dependencies import Deps
from operations.handlers.parcels import Send
from operations.handlers.replay_run import ReplayRun
from runtime.ids import new_id

log = structlog.get_logger()

_LOOK_EVERY = 0.5
_LONGEST_END = 20.0


class ReplayScheduler:
    """Takes up every replay that needs it. Any number of processes may have one; a lease says whose turn it is.

    A driver that lost its lease without noticing does no harm: whatever it sends goes under the same event ids, and
    what it notes only raises what is known.
    """

    def __init__(
        self, deps: Deps, *, commit: Commit, send: Send, is_at_rest: Callable[[], bool] = lambda: False
    ) -> None:
        """`is_at_rest` tells that this process has committed nothing lately: no replay can have begun either."""
        self._deps = deps
        self._commit = commit
        self._send = send
        self._lease = deps.settings.replay_lease
        self._id = new_id("drv")
        self._driving: dict[str, asyncio.Task[None]] = {}
        self._poll = Poll(is_at_rest)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look for replays that need a driver until stopped; finish what is being sent before the end."""
        while not self._stopping.is_set():
            try:
                if self._poll.is_due():
                    await self._look()
            except Exception as error:  # noqa: BLE001 - the store is away: it is looked at again
                log.warning("replays_not_looked_at", error=repr(error))
            await pause(_LOOK_EVERY, self._stopping)
        if self._driving:
            await asyncio.wait(self._driving.values(), timeout=_LONGEST_END)
            await cancel_and_wait(self._driving.values())

    async def stop(self) -> None:
        """Send nothing more after what is being sent."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Tell that it can work: whatever it lacks, it waits for by itself."""
        return True

    async def _look(self) -> None:
        self._driving = {id_: task for id_, task in self._driving.items() if not task.done()}
        for id_ in await self._deps.replays.active():
            if id_ not in self._driving and await self._renew(id_):
                self._driving[id_] = asyncio.create_task(self._drive(id_))

    async def _drive(self, id: str) -> None:
        drive = ReplayRun(id, self._id, self._deps, commit=self._commit, send=self._send, stopping=self._stopping)
        keeping = asyncio.create_task(self._keep(id, drive))
        try:
            with structlog.contextvars.bound_contextvars(replay=id):
                await drive.run()
        except Exception as error:  # noqa: BLE001 - it is taken up again from what is kept
            log.warning("replay_interrupted", replay=id, error=repr(error))
        finally:
            await cancel_and_wait([keeping])
            with suppress(Exception):  # it ends by itself
                await self._deps.replays.release(id, self._id)

    async def _keep(self, id: str, drive: ReplayRun) -> None:
        """Renew the lease until it is lost: then somebody else drives."""
        while True:
            await asyncio.sleep(self._lease / 4)
            try:
                holds = await self._renew(id)
            except Exception as error:  # noqa: BLE001 - the store is away: nobody else can take the lease either
                log.warning("lease_not_renewed", replay=id, error=repr(error))
                continue
            if not holds:
                log.warning("lease_lost", replay=id)
                drive.lose()
                return

    async def _renew(self, id: str) -> bool:
        until = self._deps.clock() + timedelta(seconds=self._lease)
        return await self._deps.replays.lease(id, self._id, until)
