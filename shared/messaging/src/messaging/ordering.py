"""Who may run when: one case in order, suspects alone, and everybody waits while a dependency is down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from pymongo.errors import ConnectionFailure, PyMongoError, WaitQueueTimeoutError

from messaging.publisher import BrokerUnavailableError

ResultT = TypeVar("ResultT")

log = structlog.get_logger()

_FIRST_PROBE = 0.2
_SLOWEST_PROBE = 15.0
_TRANSIENT = ("TransientTransactionError", "UnknownTransactionCommitResult")


def is_outage(error: BaseException) -> bool:
    """Tell whether a dependency is down, rather than the message or the handler at fault."""
    if isinstance(error, ConnectionFailure | WaitQueueTimeoutError | BrokerUnavailableError | ConnectionError):
        return True
    if not isinstance(error, PyMongoError):
        return False
    return error.timeout or any(error.has_error_label(label) for label in _TRANSIENT)


class Lanes:
    """Lets work of different cases run side by side and keeps each case in the order of arrival."""

    def __init__(self) -> None:
        self._lanes: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, case: str) -> AsyncIterator[None]:
        """Wait for the case's earlier work, then let the body run."""
        lane = self._lanes.setdefault(case, asyncio.Lock())
        self._users[case] += 1
        try:
            async with lane:
                yield
        finally:
            self._users[case] -= 1
            if not self._users[case]:
                del self._users[case], self._lanes[case]


class Company:
    """Lets work run together, except for a suspect, which runs with nothing else beside it."""

    def __init__(self) -> None:
        self._running = 0
        self._alone = False
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Run beside others, once no suspect is running."""
        while self._alone:
            await self._wait()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            await self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Run with nothing beside it."""
        while self._alone:
            await self._wait()
        self._alone = True
        try:
            while self._running:
                await self._wait()
            yield
        finally:
            self._alone = False
            await self._tell()

    async def _wait(self) -> None:
        async with self._changed:
            await self._changed.wait()

    async def _tell(self) -> None:
        if self._alone or not self._running:
            async with self._changed:
                self._changed.notify_all()


class Brake:
    """Stops all work while a dependency is down; one piece of work probes, ever more slowly, until it is back."""

    def __init__(self, on_change: Callable[[bool], None]) -> None:
        self._free = asyncio.Event()
        self._free.set()
        self._on_change = on_change

    @property
    def is_on(self) -> bool:
        """Tell whether work is stopped."""
        return not self._free.is_set()

    async def run(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Run `work`, again after an outage, however long it lasts. Any other error is the caller's."""
        while True:
            await self._free.wait()
            try:
                return await work()
            except Exception as error:
                if not is_outage(error):
                    raise
                if self.is_on:
                    continue  # somebody else is probing
                return await self._probe(work, error)

    async def _probe(self, work: Callable[[], Awaitable[ResultT]], error: Exception) -> ResultT:
        log.warning("consumption_paused", error=repr(error))
        self._free.clear()
        self._on_change(True)  # noqa: FBT003 - the gauge's own value
        pause = _FIRST_PROBE
        try:
            while True:
                await asyncio.sleep(pause)
                try:
                    return await work()
                except Exception as again:
                    if not is_outage(again):
                        raise
                    pause = min(pause * 2, _SLOWEST_PROBE)
        finally:
            log.info("consumption_resumed")
            self._on_change(False)  # noqa: FBT003
            self._free.set()
