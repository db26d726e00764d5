"""Group commit: whatever waits when a transaction is free shares the next one, one fsync for many messages.

A service that only records may have the first message wait a moment for others: nobody waits for it, and a transaction
costs as much for one as for many. A request commits at once, with what waits then.

If a shared transaction fails, its halves are committed on their own, down to the single member, so that one that can't
be committed harms no other. Messages that were handled before, many after an outage of the broker, are looked up and
left out at once. A unit that another open transaction is in the way of (another process may be at work on the same
case, or have been killed over it) is tried again by itself, now and then, while the others go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bus.concurrency import is_outage
from bus.envelope import EncodedEvent
from bus.event import BlockedError
from bus.tasks import cancel_and_wait, pause
from store.repository import Write

LARGEST_GROUP = 64

LARGEST_ENTRY = 4_000_000
"""Bytes of events after which a group takes no further member: an outbox entry is one document of at most 16 MB."""

BLOCKED_FOR = 15.0
"""Seconds that a unit waits for another open transaction. A dead process's is ended within seconds (heartbeat.py)."""
_BLOCKED_PAUSE = 0.1


class AlreadyHandledError(Exception):
    """The message's id is in the inbox: it was handled before, with a body of that digest, as that item of a replay."""

    def __init__(self, digest: str, item: str | None = None) -> None:
        super().__init__(digest)
        self.digest = digest
        self.item = item


class RepeatedMessagesError(Exception):
    """Of a group, some messages were handled before: the error of each, by its id."""

    def __init__(self, earlier: Mapping[str, AlreadyHandledError]) -> None:
        super().__init__(f"{len(earlier)} messages")
        self.earlier = earlier


@dataclass(frozen=True, slots=True)
class Handled:
    """A message's entry in the inbox: its id, the digest of its body, and which item of a replay it was, if any."""

    id: str
    digest: str
    item: str | None = None


@dataclass(slots=True)
class OutboxEntry:
    """One document of the outbox: all events of one transaction. It goes when `unsent` of them is down to none."""

    id: str
    unsent: int


@dataclass(slots=True)
class Unit:
    """What is committed together or not at all. `done` gets the outbox entry that holds its events."""

    writes: Sequence[Write]
    events: Sequence[EncodedEvent]
    handled: Handled | None
    done: asyncio.Future[OutboxEntry] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    blocked_since: float | None = None
    """When (monotonic seconds) another transaction was first seen to be in its way."""

    @property
    def size(self) -> int:
        """Bytes of its events."""
        return sum(len(event.body) for event in self.events)


class GroupCommit:
    """Commits units, as many at a time as are waiting, by a function that commits some of them in one transaction."""

    def __init__(self, transact: Callable[[list[Unit]], Awaitable[OutboxEntry]], *, gather_for: float = 0.0) -> None:
        """`gather_for`: seconds for which the first message waits for others to be committed with it."""
        self._transact = transact
        self._gather_for = gather_for
        self._hurry = asyncio.Event()
        self._waiting: asyncio.Queue[Unit] = asyncio.Queue()
        self._blocked: dict[asyncio.Future[OutboxEntry], asyncio.TimerHandle] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; whatever was not begun, or is blocked, is cancelled."""
        if self._task is not None:
            await cancel_and_wait([self._task])
        for done, again in self._blocked.items():
            again.cancel()
            done.cancel()
        while not self._waiting.empty():
            self._waiting.get_nowait().done.cancel()

    async def commit(self, unit: Unit) -> OutboxEntry:
        """Have one unit committed. Raises what the transaction raised, or BlockedError after BLOCKED_FOR seconds."""
        self._waiting.put_nowait(unit)
        if unit.handled is None or self._waiting.qsize() + 1 >= LARGEST_GROUP:
            self._hurry.set()
        return await unit.done

    async def _run(self) -> None:
        while True:
            group = [await self._waiting.get()]
            try:
                await self._gather(group)
                together = [each for each in group if each.blocked_since is None]
                alone = [[each] for each in group if each.blocked_since is not None]
                for part in (together, *alone):
                    await self._commit_group([each for each in part if not each.done.cancelled()])
            except asyncio.CancelledError:  # a stop: whatever is not settled never will be
                for each in group:
                    each.done.cancel()
                raise

    async def _gather(self, group: list[Unit]) -> None:
        """Add to the first unit what waits with it, or will in a moment."""
        if self._gather_for and group[0].handled is not None and self._waiting.qsize() + 1 < LARGEST_GROUP:
            await pause(self._gather_for, self._hurry)
        self._hurry.clear()
        size = group[0].size
        while len(group) < LARGEST_GROUP and size < LARGEST_ENTRY and not self._waiting.empty():
            group.append(self._waiting.get_nowait())
            size += group[-1].size

    async def _commit_group(self, group: list[Unit]) -> None:
        try:
            entry = await self._transact(group) if group else None
        except RepeatedMessagesError as repeated:
            left = []
            for unit in group:
                earlier = repeated.earlier.get(unit.handled.id) if unit.handled else None
                if earlier is None:
                    left.append(unit)
                else:
                    _settle(unit, earlier)
            await self._commit_group(left)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for the commit
            if len(group) > 1 and not is_outage(error):
                middle = len(group) // 2  # whose fault it is shows in ever smaller groups
                await self._commit_group(group[:middle])
                await self._commit_group(group[middle:])
            elif not (isinstance(error, BlockedError) and self._waits_on(group[0])):
                for unit in group:
                    _settle(unit, error)
        else:
            for unit in group:
                _settle(unit, entry)

    def _waits_on(self, unit: Unit) -> bool:
        """Let a unit that is blocked wait for a moment; tell whether it has not waited for too long."""
        now = time.monotonic()
        if unit.blocked_since is None:
            unit.blocked_since = now
        elif now - unit.blocked_since > BLOCKED_FOR:
            return False

        def again() -> None:
            del self._blocked[unit.done]
            self._waiting.put_nowait(unit)

        self._blocked[unit.done] = asyncio.get_running_loop().call_later(_BLOCKED_PAUSE, again)
        return True


def _settle(unit: Unit, result: OutboxEntry | Exception | None) -> None:
    if unit.done.done() or result is None:
        return
    if isinstance(result, Exception):
        unit.done.set_exception(result)
    else:
        unit.done.set_result(result)
