"""Who may run when: one case in order, suspects alone, and everybody waits while a dependency is down."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from bus.publisher import BrokerUnavailableError
from store.field_encryption import KeyMissingError

ResultT = TypeVar("ResultT")

log = structlog.get_logger()

_FIRST_PROBE = 0.2
_SLOWEST_PROBE = 5.0
_AWAY = (ConnectionFailure, WaitQueueTimeoutError, BrokerUnavailableError, ConnectionError, KeyMissingError)
_INTERRUPTED = 11601
"""MongoDB's answer to an operation that was ended with its session, because this process seemed dead (heartbeat.py)."""
_NO_SESSIONS = "Sessions are not supported"
"""What the driver says of a member that has just started and is no part of its replica set yet."""
_TRANSIENT = ("TransientTransactionError", "UnknownTransactionCommitResult")


def is_outage(error: BaseException) -> bool:
    """Tell whether a dependency is down, rather than the message or the handler at fault."""
    if isinstance(error, _AWAY):
        return True
    if not isinstance(error, PyMongoError):
        return False
    if isinstance(error, OperationFailure) and error.code == _INTERRUPTED:
        return True
    if isinstance(error, ConfigurationError) and _NO_SESSIONS in str(error):
        return True
    return error.timeout or any(error.has_error_label(label) for label in _TRANSIENT)


class KeyedLocks:
    """Lets work of different cases run side by side and keeps each case in the order of arrival."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, case: str) -> AsyncIterator[None]:
        """Wait for the case's earlier work, then let the body run."""
        lane = self._locks.setdefault(case, asyncio.Lock())
        self._users[case] += 1
        try:
            async with lane:
                yield
        finally:
            self._users[case] -= 1
            if not self._users[case]:
                del self._users[case], self._locks[case]


class SuspectIsolation:
    """Lets work run together, except for a suspect, which runs with nothing else beside it."""

    def __init__(self) -> None:
        self._running = 0
        self._alone = False
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
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
    async def exclusive(self) -> AsyncIterator[None]:
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


class CircuitBreaker:
    """Stops all work while a dependency is down; one piece of work probes, ever more slowly, until it is back.

    They probe in turns: if it is only one message's work that looks like an outage, the next one gets through.
    """

    def __init__(self, on_change: Callable[[bool], None]) -> None:
        self._on_change = on_change
        self._turn = asyncio.Lock()
        self._pause = _FIRST_PROBE
        self.is_on = False

    async def run(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Run `work`, again after an outage, however long it lasts. Any other error is the caller's."""
        while True:
            try:
                if not self.is_on:
                    return await work()
                async with self._turn:
                    if self.is_on:
                        return await self._probe(work)
            except Exception as error:
                if not is_outage(error):
                    raise
                self._pull(error)

    async def _probe(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        try:
            await asyncio.sleep(self._pause)
            result = await work()
        except BaseException as error:
            if is_outage(error):
                self._pause = min(self._pause * 2, _SLOWEST_PROBE)
            else:
                self._release()
            raise
        self._release()
        return result

    def _pull(self, error: Exception) -> None:
        if not self.is_on:
            log.warning("consumption_paused", error=repr(error))
            self.is_on, self._pause = True, _FIRST_PROBE
            self._on_change(True)  # noqa: FBT003 - the gauge's own value

    def _release(self) -> None:
        log.info("consumption_resumed")
        self.is_on = False
        self._on_change(False)  # noqa: FBT003 - the gauge's own value
