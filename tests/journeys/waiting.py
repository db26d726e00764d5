"""Waiting as people do: looking again until it is there, and not for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

SeenT = TypeVar("SeenT")

PATIENCE = 90.0
INTERVAL = 0.1


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
