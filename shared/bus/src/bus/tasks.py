"""Tasks that work for ever, and ending them for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import structlog

_AGAIN_AFTER = 0.5
_LAST_TURN = 3.0

log = structlog.get_logger()


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended, whatever they end with.

    Once is not enough: PyMongo swallows a cancellation that arrives while it opens a connection, and a task that
    works for ever would then work on for ever.
    """
    pending = everything = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_AFTER)
    await asyncio.gather(*everything, return_exceptions=True)


def is_cancelled(error: BaseException) -> bool:
    """Tell a cancellation of the current task from that of what it waits for, as a connection that froze causes."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Wait so many seconds, but no longer than until it is stopped."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


class PeriodicTask:
    """Does a piece of work again and again, also after a turn that failed, until it is stopped between two turns.

    PyMongo leaves a socket behind when it is cancelled while it opens a connection, so a turn is given time to end.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], *, every: float) -> None:
        self._work = work
        self._every = every
        self._is_stopping = False
        self._pause: asyncio.Future[None] | None = None
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let the present turn end, and if it takes too long, end it."""
        self._is_stopping = True
        _end(self._pause)
        await asyncio.wait([self._task], timeout=_LAST_TURN)
        await cancel_and_wait([self._task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._is_stopping:
            try:
                await self._work()
            except (Exception, asyncio.CancelledError) as error:  # what ends here is never done again
                if is_cancelled(error):
                    raise
                log.exception("repeated_work_failed", work=getattr(self._work, "__qualname__", ""))
            if not self._is_stopping:
                self._pause = loop.create_future()  # a few turns a second for each: `pause` costs several times that
                timer = loop.call_later(self._every, _end, self._pause)
                try:
                    await self._pause
                finally:
                    timer.cancel()


def _end(pause: asyncio.Future[None] | None) -> None:
    if pause is not None and not pause.done():
        pause.set_result(None)
