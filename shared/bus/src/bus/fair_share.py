"""Whose message begins next: what systems outside send is handled in turns, and never before our own events.

A sender has few messages in hand at a time, whatever waits behind them. Of those who wait, the one with the fewest in
hand goes first, then the one who was served longest ago. While an event of our own services is in hand nothing of
theirs begins, and while one of a sender who has sent little is, nothing of one who has sent much; but for one message
each LONGEST_WAIT seconds: a busy day must not shut anybody out. Above its quota a sender has one message begun each
OVER_QUOTA_PAUSE seconds, which slows nobody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from time import monotonic

from bus.quotas import Quotas

AT_ONCE = 8
"""Messages of systems outside that are in hand at a time; a sender with none in hand need not wait for a place."""
EACH_AT_ONCE = 4
"""Of those, messages of one sender."""
LONGEST_WAIT = 0.1
"""Seconds that our own events, or those of who sent much less, may keep a sender's next message waiting."""
MUCH_LESS, A_FEW = 4, 100
"""Who has sent less than a fourth of what another has, and a hundred messages less, has sent much less."""
COUNTED_AS_ONE = 16_384
"""Bytes that count as one message of a quota: an ordinary one is smaller, and one of a megabyte costs as many do."""
OVER_QUOTA_PAUSE = 1.0
"""Seconds between two messages of a sender who is over its quota."""


class NotBegunError(Exception):
    """The service stops before the message's turn came: it goes back to its queue."""


@dataclass(slots=True)
class _Sender:
    """What one sender has in hand and waiting. `begun`: when its last began; `waiting`: since when, what it counts."""

    in_hand: int = 0
    begun: float = -inf
    waiting: deque[tuple[float, int, asyncio.Future[None]]] = field(default_factory=deque)

    @property
    def next_one(self) -> asyncio.Future[None] | None:
        """The first that still waits; those who stopped waiting are forgotten."""
        while self.waiting and self.waiting[0][-1].done():
            self.waiting.popleft()
        return self.waiting[0][-1] if self.waiting else None


class FairShare:
    """The turns of one process."""

    def __init__(self, quotas: Quotas, *, clock: Callable[[], float] = monotonic) -> None:
        self._quotas = quotas
        self._clock = clock
        self._senders: dict[str, _Sender] = {}
        self._ours = 0
        self._in_hand = 0
        self._begun = -inf
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @asynccontextmanager
    async def ours(self) -> AsyncIterator[None]:
        """Run the body for an event of our own, at once."""
        self._ours += 1
        try:
            yield
        finally:
            self._ours -= 1
            self._begin_next()

    @asynccontextmanager
    async def turn(self, sender: str, size: int = 0) -> AsyncIterator[None]:
        """Run the body for a message of a system outside, when its turn has come. Raises NotBegunError.

        `size` is in bytes: it counts once for each COUNTED_AS_ONE that it has begun.
        """
        if self._is_closed:
            raise NotBegunError
        mine = self._senders.setdefault(sender, _Sender())
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        mine.waiting.append((self._clock(), 1 + size // COUNTED_AS_ONE, turn))
        self._begin_next()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # its turn came in the same moment
                self._end(mine)
            raise
        try:
            yield
        finally:
            self._end(mine)

    def close(self) -> None:
        """Begin nothing more: what waits for its turn is given up, what is in hand goes on."""
        self._is_closed = True
        for sender in self._senders.values():
            while sender.next_one is not None:
                sender.waiting.popleft()[-1].set_exception(NotBegunError())

    def _end(self, sender: _Sender) -> None:
        sender.in_hand -= 1
        self._in_hand -= 1
        self._begin_next()

    def _begin_next(self) -> None:
        """Begin whatever may begin now; look again when the next one may."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock()
        while waiting := [(code, each) for code, each in self._senders.items() if each.next_one is not None]:
            may = [(max(self._free_at(code, each), now), each.in_hand, each.begun, code) for code, each in waiting]
            when, _, _, code = min(may)
            if when > now:
                if when < inf:  # otherwise what ends makes room
                    self._timer = asyncio.get_running_loop().call_later(when - now, self._begin_next)
                return
            self._begin(code, self._senders[code])

    def _free_at(self, code: str, sender: _Sender) -> float:
        """When the next message of a sender may begin; `inf` for not before another one has ended."""
        if sender.in_hand and (self._in_hand >= AT_ONCE or sender.in_hand >= EACH_AT_ONCE):
            return inf
        free = sender.begun + OVER_QUOTA_PAUSE if self._quotas.is_over(code) else -inf
        patient = sender.waiting[0][0] + LONGEST_WAIT
        if self._ours:
            free = max(free, patient, self._begun + LONGEST_WAIT)
        if any(self._is_lighter(other, code) for other, each in self._senders.items() if each.in_hand):
            free = max(free, patient, sender.begun + LONGEST_WAIT)
        return free

    def _is_lighter(self, one: str, other: str) -> bool:
        """Tell whether one sender has sent much less than another this hour."""
        return self._quotas.used(one) * MUCH_LESS + A_FEW < self._quotas.used(other)

    def _begin(self, code: str, sender: _Sender) -> None:
        _, count, turn = sender.waiting.popleft()
        sender.in_hand += 1
        self._in_hand += 1
        self._begun = sender.begun = self._clock()
        self._quotas.count(code, count)
        turn.set_result(None)
