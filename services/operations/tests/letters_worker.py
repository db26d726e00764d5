"""Operations as a process of its own, which dies while it takes letters in."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from functools import partial

from messaging.event import Outcome
from messaging.intake import Intake, Raw
from messaging.topology import dead_letters_of
from operations import consumers
from operations.handlers import letters
from operations.handlers.needs import Deps
from operations.main import create_app
from runtime.kernel import Kernel
from runtime.service import Background

BEFORE_COMMIT, AFTER_COMMIT, NONE = "before the commit", "between commit and acknowledgement", "none"

_BATCH = 40
_DEADLY = 2
"""The batch at which it dies."""


def _intake(fault: str, kernel: Kernel, deps: Deps) -> Sequence[Background]:
    """Take letters in, in small batches; the second is the last."""
    batches = 0

    async def take(batch: Sequence[Raw]) -> None:
        nonlocal batches
        batches += 1
        outcome: Outcome[None] = await letters.take(batch, deps)
        if fault == BEFORE_COMMIT and batches == _DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        await kernel.commit(outcome)
        if fault == AFTER_COMMIT and batches == _DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)

    queues = tuple(map(dead_letters_of, kernel.topology.services))
    url = deps.settings.amqp_url
    return (Intake(name="doomed", url=url, topology=kernel.topology, queues=queues, take=take, largest=_BATCH),)


def live(fault: str) -> None:
    """Be operations until killed."""
    consumers.background = partial(_intake, fault)
    asyncio.run(_run())


async def _run() -> None:
    app = create_app()
    async with app.router.lifespan_context(app):
        await asyncio.Event().wait()
