"""Long work in batches beside the requests: each batch is committed whole, and the next one begins at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pymongo
import structlog

from messaging.ending import pause
from messaging.event import ConflictError, Outcome
from messaging.ordering import is_outage
from runtime.kernel import Kernel

Work = Callable[[], Awaitable["Sequence[Outcome[Any]] | None"]]
"""Decides one batch: outcomes that are committed together, each with its own case. None: nothing is to be done."""

_PAUSE = 1.0
"""Seconds until it looks again for work, after an outage or when somebody else changed the same things."""
_OLDEST = 5.0
"""Seconds that an event may wait in the outbox before no more are added to it."""

log = structlog.get_logger()


class Batches:
    """Does `work` again and again. While a batch's events are published, the next one is decided already."""

    def __init__(self, name: str, kernel: Kernel, work: Work) -> None:
        self._name = name
        self._kernel = kernel
        self._work = work
        self._stopping = asyncio.Event()
        self._publishing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Work until stopped. What fails is tried again; nothing of a batch is kept when its commit fails."""
        while not self._stopping.is_set():
            if not await self._turn():
                await pause(_PAUSE, self._stopping)
        await self._published()

    async def stop(self) -> None:
        """Ask it to finish the batch that it has begun."""
        self._stopping.set()

    async def is_ready(self) -> bool:
        """Tell that it can work: what it needs is the store's and the broker's to say."""
        return True

    async def _turn(self) -> bool:
        """Do one batch; False when there is a reason to wait."""
        try:
            outcomes = await self._work()
            await self._published()
            if outcomes is None or await self._is_outbox_full():
                return False
            self._publishing = asyncio.create_task(await self._kernel.commit_together(outcomes))
        except ConflictError:
            log.info("batch_overtaken", work=self._name)
            return False
        except (pymongo.errors.PyMongoError, OSError) as error:
            log.warning("batch_postponed", work=self._name, error=repr(error), outage=is_outage(error))
            return False
        except Exception:
            log.exception("batch_failed", work=self._name)
            return False
        return True

    async def _published(self) -> None:
        if self._publishing is not None:
            publishing, self._publishing = self._publishing, None
            await publishing

    async def _is_outbox_full(self) -> bool:
        """Tell whether events don't leave: the broker is away, and the outbox must not take a whole file."""
        return await self._kernel.relay.oldest_age() > _OLDEST
