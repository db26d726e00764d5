"""How long tests wait: so long that only what never comes is missed, however slow the machine is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

PATIENCE = 180.0
"""Seconds after which what is waited for will not come any more; a test that passes ends as soon as it has come."""

IN_TIME = 45.0
"""Seconds within which something ends that would last minutes, or for ever, if nothing ended it."""

_FIRST, _LONGEST, _LONGER = 0.02, 0.1, 1.25

FoundT = TypeVar("FoundT")


def pauses(longest: float = _LONGEST) -> Iterator[float]:
    """Yield the seconds between one look and the next: longer each time, as looking slows down what is waited for."""
    pause = _FIRST
    while True:
        yield min(pause, longest)
        pause *= _LONGER


async def eventually(look: Callable[[], Awaitable[FoundT | None]]) -> FoundT:
    """Look until there is something, and return it. Raises TimeoutError when it never comes."""
    pausing = pauses()
    async with asyncio.timeout(PATIENCE):
        while (found := await look()) is None:  # noqa: ASYNC110 - it comes from another process
            await asyncio.sleep(next(pausing))
    return found
