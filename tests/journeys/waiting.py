"""Waiting as people do: looking again until it is there, and not for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from synthetic.caller import ProblemError

SeenT = TypeVar("SeenT")

PATIENCE = 180.0
INTERVAL = 0.1
NOT_HEARD_OF_YET = frozenset({"not-registered", "no-guardianship", "not-known-yet", "not-your-data", "not-your-ward"})
"""Refusals that may only mean that a registration of a moment ago has not arrived everywhere."""


class StillWaitingError(Exception):
    """It has not come in time; the message says what was waited for and what was seen last."""


async def until(
    look: Callable[[], Awaitable[SeenT]],
    there: Callable[[SeenT], bool],
    *,
    what: str,
    seconds: float = PATIENCE,
    interval: float = INTERVAL,
) -> SeenT:
    """Look again and again until what is seen is what is waited for. Raises StillWaitingError."""
    deadline = time.monotonic() + seconds
    while True:
        seen = await look()
        if there(seen):
            return seen
        if time.monotonic() > deadline:
            raise StillWaitingError(f"{what}: not after {seconds:g} s; last seen: {seen}")
        await asyncio.sleep(interval)


async def heard_of(ask: Callable[[], Awaitable[SeenT]], *more: str) -> SeenT:
    """Ask until the answer is no refusal for what has not arrived yet, or with one of more codes."""

    async def answer() -> tuple[SeenT] | None:
        try:
            return (await ask(),)
        except ProblemError as error:
            if not error.problem.codes & {*NOT_HEARD_OF_YET, *more}:
                raise
            return None

    answered = await until(answer, lambda it: it is not None, what="whom it is about has been heard of")
    assert answered is not None
    return answered[0]
