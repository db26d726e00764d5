"""Turns by person: what little can be done at a time is shared out, however much one of them asks for."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from web.rates import Busy, TooMany


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """How much is done at once, how much of one person may be under way or wait, how long a turn is waited for.

    `longest_wait` and `retry_after` are seconds.
    """

    at_once: int
    of_one_person: int
    longest_wait: float
    retry_after: int


class Turns:
    """Lets one piece of work of each person run at a time, and gives the next turn to whoever had none for longest."""

    def __init__(self, limits: TurnLimits) -> None:
        self._limits = limits
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._running: set[str] = set()
        self._of: Counter[str] = Counter()

    @asynccontextmanager
    async def of(self, person: str) -> AsyncIterator[None]:
        """Wait for a turn, then let the body run.

        Raises TooMany for a person who has too much under way, and Busy when no turn comes in time.
        """
        if self._of[person] >= self._limits.of_one_person:
            raise TooMany(self._limits.retry_after)
        self._of[person] += 1
        try:
            await self._turn(person)
            try:
                yield
            finally:
                self._running.discard(person)
                if person in self._waiting:  # behind all who wait now
                    self._waiting[person] = self._waiting.pop(person)
                self._give()
        finally:
            self._of[person] -= 1
            self._of += Counter()  # who has nothing under way is forgotten

    async def _turn(self, person: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(person, deque()).append(turn)
        self._give()
        try:
            async with asyncio.timeout(self._limits.longest_wait):
                await turn
        except BaseException as error:
            self._leave(person, turn)
            if isinstance(error, TimeoutError):
                raise Busy(self._limits.retry_after) from error
            raise

    def _leave(self, person: str, turn: asyncio.Future[None]) -> None:
        """Give back a turn that came too late, or the place in the queue."""
        if turn.done() and not turn.cancelled():
            self._running.discard(person)
        elif turn in self._waiting.get(person, ()):
            self._waiting[person].remove(turn)
        self._give()

    def _give(self) -> None:
        """Give turns to those who wait, one each, in their order."""
        for person in list(self._waiting):
            if len(self._running) >= self._limits.at_once:
                return
            queue = self._waiting[person]
            while queue and queue[0].done():
                queue.popleft()
            if not queue:
                del self._waiting[person]
            elif person not in self._running:
                queue.popleft().set_result(None)
                self._running.add(person)
