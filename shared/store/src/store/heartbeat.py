"""Which processes of a service live: each counts its beats in the store, and the others end what a dead one left open.

A killed process may leave a transaction open. The store would keep it for a minute and refuse, until then, every change
to what it had touched; the process that notices ends it within seconds, whether it has just started or has been there.

No clock is compared for that, so that a clock that jumps ends nothing: a process counts as dead when another one has
read the same count of it several times in a row. While the store is away nothing is read, and so nothing counted. A
process that was only frozen, or starved, has its transaction aborted and repeats it.

A process that is alone and has committed nothing for a while is at rest: it beats, and looks for anything, only every
few seconds, and says so, so that a process that starts waits longer for its next beat. Before its next transaction it
says that it is awake.

With its beats each process tells how far its clock is from the store's. One that is wrong while those of the others
agree with the store's must not work: it would refuse good tokens, and give wrong times to decisions and credentials.
At its start it waits until its clock is right; later it is told to end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pymongo
import structlog
from bson import Binary
from pymongo import ReturnDocument, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure, PyMongoError

from bus import metrics, poll
from bus.outage_log import OutageLog
from bus.poll import Poll
from bus.tasks import PeriodicTask
from store.repository import Document

SESSIONS = "sessions"

EVERY = 1.0
"""Seconds between beats."""
DEAD_AFTER = 3
"""Times in a row that the same count must be read again."""
REST_AFTER = 10
"""Beats without a commit after which a process that is alone is at rest."""
CLOCK_LEEWAY = 60.0
"""Seconds by which the clocks of store and issuer may differ from ours, unless the settings say otherwise."""
_LAST_WORD = 2.0

log = structlog.get_logger()


class WrongClockError(Exception):
    """This process's clock is so many seconds ahead of the store's (negative: behind)."""


class Heartbeat:
    """Beats for one process and watches the others of its service."""

    def __init__(
        self,
        database: AsyncDatabase[Document],
        session: AsyncClientSession,
        *,
        clock_leeway: float = CLOCK_LEEWAY,
        misled: Callable[[], None] = lambda: None,
    ) -> None:
        """`misled` is called when this process's clock has become wrong."""
        # One member's word is enough: a beat that a change of primary loses is followed by the next.
        self._sessions = database.get_collection(SESSIONS, write_concern=WriteConcern(w=1))
        self._admin = database.client.admin
        self.id: Binary = session.session_id["id"]
        self._service = database.name
        self._counts: dict[Binary, tuple[int, int]] = {}
        self._clock_leeway = clock_leeway
        self._misled = misled
        self._skew: float | None = None
        self._beats_since_work = 0
        self._has_said_rest = False
        self._poll = Poll(lambda: self.is_at_rest)
        self._turning = asyncio.Lock()
        self._skews: list[float] = []
        self._missed, self._not_ended = OutageLog("heartbeat_missed"), OutageLog("dead_sessions_not_ended")
        self._wrong = OutageLog("clock_wrong")
        self._repeating: PeriodicTask | None = None

    def knows(self, process: Binary | None) -> bool:
        """Tell whether another process of the service lived at the last beat."""
        return process in self._counts

    @property
    def processes(self) -> int:
        """How many processes of the service live, this one included, as far as the last beat knew."""
        return len(self._counts) + 1

    @property
    def is_first(self) -> bool:
        """Tell whether this is the one process that does what one is enough for.

        For seconds two may think so, or none: what it does must bear that.
        """
        return all(self.id < id_ for id_ in self._counts)

    @property
    def is_at_rest(self) -> bool:
        """Tell whether this process is alone, has committed nothing for a while, and has said so."""
        return self._has_said_rest and not self._counts

    def note_work(self) -> None:
        """Note that there is something to do: the process does not come to rest for a while."""
        self._beats_since_work = 0

    async def wake(self) -> None:
        """Say, where it is not known, that this process is at work. To be called before each transaction.

        Raises PyMongoError.
        """
        self.note_work()
        if self._has_said_rest:
            await self._turn()

    @property
    def is_clock_wrong(self) -> bool:
        """Tell whether the store's clock and those of most other processes agree against this one's."""
        agree = sum(abs(skew) <= self._clock_leeway for skew in self._skews)
        return abs(self._skew or 0.0) > self._clock_leeway and agree > len(self._skews) / 2

    async def start(self) -> None:
        """Beat once, and then until stopped; a process whose clock is wrong waits, unseen. Raises PyMongoError."""
        await self._turn()
        while self.is_clock_wrong:
            self._wrong.tell(WrongClockError(self._skew or 0.0))
            await self._sessions.delete_one({"_id": self.id})
            await asyncio.sleep(EVERY)
            await self._turn()
        self._repeating = PeriodicTask(self._turn_if_possible, every=EVERY)

    async def stop(self) -> None:
        """Beat no more; a process that ends in good order leaves nothing to be ended."""
        if self._repeating is None:
            return
        await self._repeating.stop()
        try:
            with pymongo.timeout(_LAST_WORD):
                await self._sessions.delete_one({"_id": self.id})
        except PyMongoError as error:  # the others see that it beats no more
            log.info("session_not_removed", error=repr(error))

    async def _turn_if_possible(self) -> None:
        if not self._poll.is_due():
            return
        try:
            await self._turn()
        except PyMongoError as error:
            self._missed.tell(error)
        else:
            if self.is_clock_wrong:
                self._wrong.tell(WrongClockError(self._skew or 0.0))
                self._misled()

    async def _turn(self) -> None:
        async with self._turning:  # what is said last must be what is so
            await self._beat()

    async def _beat(self) -> None:
        rests = not self._counts and self._beats_since_work >= REST_AFTER
        self._beats_since_work += 1
        told = {} if self._skew is None else {"skew": self._skew}  # of its clock, what it has measured
        beat = {"$inc": {"beats": 1}, "$currentDate": {"at": True}, "$set": {"rests": rests, **told}}
        self._has_said_rest |= rests  # the answer may get lost
        asked = time.time()
        own = await self._sessions.find_one_and_update(
            {"_id": self.id}, beat, upsert=True, return_document=ReturnDocument.AFTER
        )
        if own is not None:  # which it never is: it was just written
            self._skew = _skew(asked, time.time(), own["at"].timestamp())
        self._has_said_rest = rests
        rows = await self._sessions.find({"_id": {"$ne": self.id}}).to_list()
        others = {row["_id"]: row.get("beats", 0) for row in rows}
        self._skews = [row["skew"] for row in rows if "skew" in row]
        before, self._counts = self._counts, {}
        for id_, beats in others.items():
            known, times = before.get(id_, (None, 0))
            self._counts[id_] = beats, times + 1 if known == beats else 0
        resting = {row["_id"] for row in rows if row.get("rests")}
        await self._end([id_ for id_, (_, times) in self._counts.items() if times >= _patience(id_ in resting)])

    async def _end(self, dead: list[Binary]) -> None:
        """End the sessions of processes that are dead, with the transactions that are open in them."""
        if not dead:
            return
        try:
            await self._admin.command({"killSessions": [{"id": id_} for id_ in dead]})
        except OperationFailure as error:  # not allowed: the store ends them by itself, later
            self._not_ended.tell(error, sessions=len(dead))
            return
        metrics.SESSIONS_ENDED.labels(self._service).inc(len(dead))
        log.warning("dead_sessions_ended", sessions=len(dead))
        await self._sessions.delete_many({"_id": {"$in": dead}})
        for id_ in dead:
            del self._counts[id_]


def _patience(is_at_rest: bool) -> int:  # noqa: FBT001 - of which there is one
    """Return how often in a row the same count must be read before its process counts as dead."""
    return DEAD_AFTER * (round(poll.AT_REST / EVERY) if is_at_rest else 1)


def _skew(asked: float, told: float, store: float) -> float:
    """Return how far a clock that was read before and after is ahead of the store's; 0 when the answer took as long."""
    ahead = (asked + told) / 2 - store
    return ahead if abs(ahead) > abs(told - asked) / 2 else 0.0
