"""A service as a process of its own, without its HTTP server."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AbstractAsyncContextManager


async def until_terminated(life: AbstractAsyncContextManager[object]) -> None:
    """Live an application's life until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with life:
        await stop.wait()
