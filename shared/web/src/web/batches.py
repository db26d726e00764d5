"""Long work in batches beside the requests: each batch is committed whole, and the next one begins at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import pymongo
import structlog

from bus.concurrency import is_outage
from bus.event import ConflictError, Outcome
from bus.poll import Poll
from bus.tasks import pause
from web.service_runtime import ServiceRuntime

Batch = Sequence[Outcome[Any]]
"""Outcomes that are committed together, each with its own case."""

Work = Callable[[], AsyncGenerator[Batch, None]]
"""A run: decides batch after batch, each as if those before it were stored already; ends when nothing is to be done."""

_PAUSE = 1.0
"""Seconds until it looks again for work: after an outage, or where another process of the service does it."""
_OLDEST = 5.0
"""Seconds that an event may wait in the outbox before no more are added to it."""

log = structlog.get_logger()


class Batches:
    """Does `work` again and again, in one process of the service (the heartbeat tells in which).

    While a batch is committed and published, the next one is decided already.
    When a commit fails, the run is given up with all that was decided on top of it; the next run begins from the store.
    """

    def __init__(self, name: str, runtime: ServiceRuntime, work: Work) -> None:
        self._name = name
        self._runtime = runtime
        self._work = work
        self._poll = Poll(lambda: runtime.committer.heartbeat.is_at_rest)
        self._stopping = asyncio.Event()
        self._finishing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Work until stopped. What fails is tried again; nothing of a batch is kept when its commit fails."""
        while not self._stopping.is_set():
            is_ours = self._runtime.committer.heartbeat.is_first and self._poll.is_due()
            if not (is_ours and await self._turn()):
                await pause(_PAUSE, self._stopping)

    async def stop(self) -> None:
        """Ask it to finish the batch that it has begun."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Tell that it can work: what it needs is the store's and the broker's to say."""
        return True

    async def _turn(self) -> bool:
        """Do one run; False when there is a reason to wait."""
        try:
            return await self._run_once()
        except ConflictError:
            log.info("batch_overtaken", work=self._name)
        except (pymongo.errors.PyMongoError, OSError) as error:
            log.warning("batch_postponed", work=self._name, error=repr(error), outage=is_outage(error))
        except Exception:
            log.exception("batch_failed", work=self._name)
        return False

    async def _run_once(self) -> bool:
        """Finish one batch after the other; tell whether more may be done at once."""
        has_worked = False
        try:
            async with aclosing(self._work()) as batches:
                async for batch in batches:
                    await self._finished()
                    if await self._is_outbox_full():
                        return False
                    self._finishing = asyncio.create_task(self._finish(batch))
                    has_worked = True
                    if self._stopping.is_set():
                        break
        finally:
            await self._finished()
        return has_worked

    async def _finish(self, batch: Batch) -> None:
        publishing = await self._runtime.commit_together(batch)
        await publishing

    async def _finished(self) -> None:
        """Wait until the batch before is stored and published. Raises what kept it from being stored."""
        if self._finishing is not None:
            finishing, self._finishing = self._finishing, None
            await finishing

    async def _is_outbox_full(self) -> bool:
        """Tell whether events don't leave: the broker is away, and the outbox must not take a whole file."""
        return await self._runtime.relay.oldest_age() > _OLDEST
