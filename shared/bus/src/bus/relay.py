"""The relay: publishes events at once after their commit, and sweeps up what a crash or an outage left behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog
from pymongo.errors import PyMongoError

from bus import metrics, traces
from bus.envelope import EncodedEvent
from bus.outage_log import OutageLog
from bus.poll import SELDOM, Poll
from bus.publisher import Publisher
from bus.tasks import PeriodicTask, cancel_and_wait
from bus.topology import Topology
from store.commit import OUTBOX, OWNER, OutboxEntry
from store.field_encryption import VaultError
from store.heartbeat import Heartbeat
from store.repository import Database, Document
from store.sealed_fields import opened

SWEEP_EVERY = 2.0
"""Seconds between sweeps. What was there at the sweep before, and nobody here is publishing, was left behind."""

_FORGET_EVERY = 0.25
_LAST_TURN = 3.0
_SWEEP_BATCH = 50
_LOOKED_AT = 500
"""Of the oldest entries, so many are looked at for those of other processes: a long outage leaves very many."""
_PATIENCE = 10
"""Sweeps for which a living process may get nothing out while this one could: longer than a publish may take."""

log = structlog.get_logger()


class Relay:
    """Moves events from one service's outbox to the bus: published, confirmed, then removed from the outbox.

    Each process sweeps what it committed itself, and takes over what another one that died, or is cut off from the
    broker, does not get out. A crash between the confirm and the removal publishes an event twice under the same id;
    inboxes ignore it. No clock is compared, so that a clock that jumps delays nothing.
    """

    def __init__(self, database: Database, publisher: Publisher, topology: Topology, heartbeat: Heartbeat) -> None:
        self._outbox = database[OUTBOX]
        self._vault = database.vault
        self._publisher = publisher
        self._topology = topology
        self._heartbeat = heartbeat
        self._publishing: dict[str, int] = {}
        self._confirmed: list[str] = []
        self._newest_seen = ""
        self._oldest_of_others: Document | None = None
        self._stood_still = 0
        self._sweeping: PeriodicTask | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._poll = Poll(lambda: heartbeat.is_at_rest)
        self._outbox_poll = Poll(lambda: heartbeat.is_at_rest and not self._newest_seen, at_rest=SELDOM)
        self._soon: set[asyncio.Task[None]] = set()
        self._outages, self._untidy = OutageLog("publish_failed"), OutageLog("outbox_not_tidied")
        self._unswept = OutageLog("sweep_failed")

    def start(self) -> None:
        self._sweeping = PeriodicTask(self._sweep_if_possible, every=SWEEP_EVERY)

    async def stop(self) -> None:
        """Finish what is being published and tidy up."""
        self._is_stopping = True
        if self._sweeping is not None:
            await self._sweeping.stop()
        await asyncio.gather(*self._soon, return_exceptions=True)
        if self._tidying is not None:  # not cancelled before it must be: PyMongo may leave a socket behind
            await asyncio.wait([self._tidying], timeout=_LAST_TURN)
            await cancel_and_wait([self._tidying])
        await self._forget_if_possible()

    async def dispatch(self, events: Sequence[EncodedEvent], entry: OutboxEntry) -> None:
        """Publish committed events and wait for the confirms. What fails stays in the outbox for the sweep."""
        if not events:
            return
        self._publishing[entry.id] = self._publishing.get(entry.id, 0) + 1
        try:
            results = await asyncio.gather(*(self._publish(event) for event in events), return_exceptions=True)
            failures = [result for result in results if isinstance(result, BaseException)]
            if failures:
                metrics.NOT_PUBLISHED.labels(_publisher_of(events[0])).inc(len(failures))
                self._outages.tell(failures[0], entry=entry.id, events=len(failures))
            else:
                entry.unsent -= len(events)
        finally:
            self._leave(entry)

    def _leave(self, entry: OutboxEntry) -> None:
        """Note that one caller is done with an entry; if it was the last and events remain, the sweep has it."""
        others = self._publishing.pop(entry.id, 1) - 1
        if entry.unsent == 0:
            self._confirmed.append(entry.id)
            if self._tidying is None or self._tidying.done():
                self._tidying = asyncio.create_task(self._tidy())
        if others or entry.unsent == 0:
            self._publishing[entry.id] = others

    def dispatch_soon(self, events: Sequence[EncodedEvent], entry: OutboxEntry) -> None:
        """Publish committed events in the background."""
        task = asyncio.create_task(self.dispatch(events, entry))
        self._soon.add(task)
        task.add_done_callback(self._soon.discard)

    async def oldest_age(self) -> float:
        """Return how many seconds the oldest event has been in the outbox; 0 when it is empty."""
        found = await self._outbox.find_one({}, {"_id": 1}, sort=[("_id", 1)])
        return 0.0 if found is None else max(0.0, time.time() - int(found["_id"].split("-")[0], 16) / 1e9)

    async def _publish(self, event: EncodedEvent) -> None:
        exchange = self._topology.exchange_of(event.routing_key)
        with traces.publishing(exchange, event.routing_key, event.id, event.body):
            await self._publisher.publish(
                event.body, exchange=exchange, routing_key=event.routing_key, message_id=event.id
            )
        metrics.PUBLISHED.labels(_publisher_of(event), event.routing_key).inc()

    async def _tidy(self) -> None:
        """Remove what was confirmed, a little later and all at once; at rest there is nothing to look after."""
        while self._confirmed and not self._is_stopping:
            await asyncio.sleep(_FORGET_EVERY)
            await self._forget_if_possible()

    async def _forget_if_possible(self) -> None:
        try:
            await self._forget()
        except PyMongoError as error:
            self._untidy.tell(error)

    async def _forget(self) -> None:
        """Remove what was confirmed; until then an entry counts as being published, so that no sweep repeats it."""
        confirmed, self._confirmed = self._confirmed, []
        if not confirmed:
            return
        try:
            await self._outbox.delete_many({"_id": {"$in": confirmed}})
        except BaseException:
            self._confirmed += confirmed
            raise
        for entry_id in confirmed:
            self._publishing.pop(entry_id, None)

    async def _sweep_if_possible(self) -> None:
        if not self._poll.is_due():
            return
        try:
            await self._publisher.check()
            if not self._outbox_poll.is_due():  # it was empty, and at rest nothing is added
                return
            rows = await self._outbox.find({}, {OWNER: 1}, sort=[("_id", 1)], limit=_LOOKED_AT).to_list()
            if not rows:
                self._newest_seen, self._oldest_of_others, self._stood_still = "", None, 0
                return
            self._heartbeat.note_work()
            await self._take_over(rows)
            await self._sweep()
        except (PyMongoError, VaultError) as error:
            self._unswept.tell(error)

    async def _take_over(self, rows: Sequence[Document]) -> None:
        """Make the entries of another process one's own when, while we could publish, its oldest one did not leave."""
        oldest = next((row for row in rows if row.get(OWNER) != self._heartbeat.id), None)
        before, self._oldest_of_others = self._oldest_of_others, oldest
        if oldest is None or oldest != before or not await self._publisher.can_publish():
            self._stood_still = 0
            return
        self._stood_still += 1
        owner = oldest.get(OWNER)  # none: an earlier release wrote it
        if self._stood_still >= (_PATIENCE if self._heartbeat.knows(owner) else 1):
            taken = await self._outbox.update_many({OWNER: owner}, {"$set": {OWNER: self._heartbeat.id}})
            log.info("outbox_taken_over", entries=taken.modified_count)

    async def _sweep(self) -> None:
        """Publish, oldest first, what was there at the last sweep; stop when the broker does not take it."""
        last = ""
        while last < self._newest_seen:
            wanted = {"_id": {"$gt": last, "$lte": self._newest_seen}, OWNER: self._heartbeat.id}
            rows = await self._outbox.find(wanted, sort=[("_id", 1)], limit=_SWEEP_BATCH).to_list()
            left_behind = [row for row in rows if row["_id"] not in self._publishing]
            if not all(await asyncio.gather(*map(self._repeat, left_behind))):
                break
            await self._forget()
            last = rows[-1]["_id"] if rows else self._newest_seen
        newest = await self._outbox.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        self._newest_seen = newest["_id"] if newest else ""

    async def _repeat(self, row: Document) -> bool:
        """Publish an entry of the outbox once more; tell whether the broker has all of it now."""
        left = await opened(self._vault, OUTBOX, row)
        events = [EncodedEvent(event["id"], event["key"], event["body"]) for event in left["events"]]
        entry = OutboxEntry(row["_id"], len(events))
        await self.dispatch(events, entry)
        if entry.unsent == 0:
            log.info("outbox_swept", entry=entry.id, events=len(events))
        return entry.unsent == 0


def _publisher_of(event: EncodedEvent) -> str:
    return event.routing_key.partition(".")[0]
