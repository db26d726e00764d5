"""How long tests wait: so long that only what never comes is missed, however slow the machine is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

PATIENCE = 90.0
"""Seconds after which what is waited for will not come any more; a test that passes ends as soon as it has come."""

IN_TIME = 30.0
"""Seconds within which something ends that would last minutes, or for ever, if nothing ended it."""

_EVERY = 0.02

FoundT = TypeVar("FoundT")


async def eventually(look: Callable[[], Awaitable[FoundT | None]]) -> FoundT:
    """Look until there is something, and return it. Raises TimeoutError when it never comes."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(_EVERY)
