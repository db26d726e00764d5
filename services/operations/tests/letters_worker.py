"""Operations as a process of its own, which dies while it takes letters in."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from functools import partial

from bus.batch_consumer import BatchConsumer, RawMessage
from bus.event import Outcome
from bus.topology import dead_letters_of
from operations import subscriptions
from operations.handlers import dead_letters
from operations.handlers.dependencies import Deps
from operations.main import create_app
from web.service import Background
from web.service_runtime import ServiceRuntime

BEFORE_COMMIT, AFTER_COMMIT, NONE = "before the commit", "between commit and acknowledgement", "none"

_BATCH = 40
_DEADLY = 2
"""The batch at which it dies."""


def _intake(fault: str, runtime: ServiceRuntime, deps: Deps) -> Sequence[Background]:
    """Take letters in, in small batches; the second is the last."""
    batches = 0

    async def take(batch: Sequence[RawMessage]) -> None:
        nonlocal batches
        batches += 1
        outcome: Outcome[None] = await dead_letters.take(batch, deps)
        if fault == BEFORE_COMMIT and batches == _DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        await runtime.commit(outcome)
        if fault == AFTER_COMMIT and batches == _DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)

    queues = tuple(map(dead_letters_of, runtime.topology.services))
    url = deps.settings.amqp_url
    return (BatchConsumer(name="doomed", url=url, topology=runtime.topology, queues=queues, take=take, largest=_BATCH),)


def live(fault: str) -> None:
    """Be operations until killed."""
    subscriptions.background = partial(_intake, fault)
    asyncio.run(_run())


async def _run() -> None:
    app = create_app()
    async with app.router.lifespan_context(app):
        await asyncio.Event().wait()
