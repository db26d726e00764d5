"""The commit: state changes, the record of the message and the events it causes are one transaction.

Whatever waits when a transaction is free shares the next one (group commit): one round of writes and one fsync for
many messages. If a shared transaction fails, its halves are committed on their own, down to the single member, so that
one that can't be committed harms nobody else.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pymongo
import structlog
from pymongo import InsertOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern

from messaging.documents import CODECS, Database, Document, Write, ensure_collections
from messaging.ending import end
from messaging.envelope import Sealed, new_event_id
from messaging.event import ConflictError
from messaging.ordering import is_outage
from messaging.sealing import SEALED, name_of, seal_all
from messaging.succession import succeed

log = structlog.get_logger()

INBOX = "inbox"
OUTBOX = "outbox"
SUSPECTS = "suspects"
GONE = "gone-cases"
"""The cases that a service has removed with all about them, by their ids alone: nothing waits for them any more."""

LARGEST_GROUP = 64

LARGEST_ENTRY = 4_000_000
"""Bytes of events after which a group takes no further member: an outbox entry is one document of at most 16 MB."""

TRANSACTION_TIMEOUT = 15.0
"""Seconds, retries included, after which a transaction that does not go through counts as an outage."""

REMEMBERED = timedelta(days=30)
"""How long the inbox knows what was handled (retention.yaml: handled-messages)."""

_DUPLICATE_KEY = 11000


class AlreadyHandledError(Exception):
    """The message's id is in the inbox: it was handled before, with a body of that digest, as that item of a replay."""

    def __init__(self, digest: str, item: str | None = None) -> None:
        super().__init__(digest)
        self.digest = digest
        self.item = item


@dataclass(frozen=True, slots=True)
class Handled:
    """A message's entry in the inbox: its id, the digest of its body, and which item of a replay it was, if any."""

    id: str
    digest: str
    item: str | None = None


@dataclass(slots=True)
class Entry:
    """One document of the outbox: all events of one transaction. It goes when `unsent` of them is down to none."""

    id: str
    unsent: int


@dataclass(slots=True)
class Unit:
    """What is committed together or not at all. `done` gets the outbox entry that holds its events."""

    writes: Sequence[Write]
    events: Sequence[Sealed]
    handled: Handled | None
    done: asyncio.Future[Entry] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def size(self) -> int:
        """Bytes of its events."""
        return sum(len(event.body) for event in self.events)


class Committer:
    """Commits units against one service's database, as many at a time as are waiting."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: asyncio.Queue[Unit] = asyncio.Queue()
        self._inbox = database.get_collection(INBOX, codec_options=CODECS)
        self._session = database.client.start_session()
        self._task: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Open the vault, create the collections (within transactions two would collide), and end what was left open.

        Raises KeyMissingError when the store was sealed under a master key that is not here.
        """
        await self._database.vault.prepare()
        await ensure_collections(self._database, (INBOX, SUSPECTS, OUTBOX))
        await succeed(self._database, self._session)

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; whatever was not begun is cancelled."""
        if self._task is not None:
            await end([self._task])
        await self._session.end_session()
        while not self._waiting.empty():
            self._waiting.get_nowait().done.cancel()

    async def commit(
        self, writes: Sequence[Write], events: Sequence[Sealed] = (), handled: Handled | None = None
    ) -> Entry:
        """Commit one unit and return the outbox entry in which its events wait to leave.

        Raises ConflictError when a document is not the version that was read, AlreadyHandledError for a message that
        is in the inbox, and pymongo's errors when the store can't be reached.
        """
        unit = Unit(writes, events, handled)
        self._waiting.put_nowait(unit)
        return await unit.done

    def digest_of(self, body: bytes) -> str:
        """Return the digest by which the inbox knows a message's body."""
        return self._database.vault.digest(body)

    async def begin_suspect(self, message_id: str) -> int:
        """Return how often the handling of a suspect message was begun and never ended, this time included."""
        suspects = self._database[SUSPECTS]
        await suspects.update_one(
            {"_id": message_id}, {"$inc": {"starts": 1}, "$set": {"at": datetime.now(UTC)}}, upsert=True
        )
        found = await suspects.find_one({"_id": message_id})
        return int(found["starts"]) if found else 1

    async def end_suspect(self, message_id: str) -> None:
        """Note that the handling of a suspect ended, well or badly: it does not kill the process."""
        try:
            await self._database[SUSPECTS].delete_one({"_id": message_id})
        except PyMongoError as error:  # it stays suspect, no more
            log.warning("suspect_not_cleared", message_id=message_id, error=repr(error))

    async def require_new(self, message_id: str) -> None:
        """Raise AlreadyHandledError for a message that is in the inbox."""
        found = await self._inbox.find_one({"_id": message_id})
        if found is not None:
            raise AlreadyHandledError(str(found["digest"]), found.get("item"))

    async def was_handled(self, message_id: str, at: datetime) -> bool:
        """Tell whether a message of that id, published `at`, was handled; what is older than the inbox counts as so."""
        if datetime.now(UTC) - at > REMEMBERED:
            return True
        again = {"$gte": f"{message_id}@", "$lt": f"{message_id}A"}  # as the inbox names re-deliveries of it
        found = await self._inbox.find_one({"$or": [{"_id": message_id}, {"_id": again}]}, {"_id": 1})
        return found is not None

    async def is_gone(self, case: str) -> bool:
        """Tell whether this service has removed a case with all about it."""
        return await self._database[GONE].find_one({"_id": case}, {"_id": 1}) is not None

    async def _run(self) -> None:
        while True:
            group = [await self._waiting.get()]
            size = group[0].size
            while len(group) < LARGEST_GROUP and size < LARGEST_ENTRY and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
                size += group[-1].size
            try:
                await self._commit_group([unit for unit in group if not unit.done.cancelled()])
            finally:
                for unit in group:
                    unit.done.cancel()  # only a stop leaves one that is not settled

    async def _commit_group(self, group: list[Unit]) -> None:
        try:
            entry = await self._transact(group) if group else None
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for the commit
            if len(group) > 1 and not is_outage(error):
                middle = len(group) // 2  # whose fault it is shows in ever smaller groups
                await self._commit_group(group[:middle])
                await self._commit_group(group[middle:])
            else:
                for unit in group:
                    _settle(unit, error)
        else:
            for unit in group:
                _settle(unit, entry)

    async def _transact(self, group: list[Unit]) -> Entry:
        events = [event for unit in group for event in unit.events]
        entry = Entry(new_event_id(), len(events))

        async def apply(session: AsyncClientSession) -> None:
            await self._remember(group, session)
            await self._write(group, session)
            if events:
                await self._database[OUTBOX].insert_one({"_id": entry.id, SEALED: left}, session=session)

        with pymongo.timeout(TRANSACTION_TIMEOUT):
            for unit in group:
                await seal_all(self._database.vault, (part for write in unit.writes for part in write.sealing))
            left = await self._sealed_outbox(entry.id, events) if events else None
            await self._session.with_transaction(
                apply, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )
        return entry

    async def _sealed_outbox(self, id_: str, events: Sequence[Sealed]) -> object:
        rows = [{"id": event.id, "key": event.routing_key, "body": event.body} for event in events]
        return await self._database.vault.seal({"events": rows}, name_of(OUTBOX, id_))

    async def _remember(self, group: list[Unit], session: AsyncClientSession) -> None:
        now = datetime.now(UTC)
        handled = [unit.handled for unit in group if unit.handled is not None]
        if not handled:
            return
        entries = [
            InsertOne({"_id": entry.id, "digest": entry.digest, "at": now, **_as_item(entry)}) for entry in handled
        ]
        try:
            await self._inbox.bulk_write(entries, ordered=False, session=session)
        except BulkWriteError as error:
            if len(handled) > 1 or not _is_duplicate(error):
                raise
            await self.require_new(handled[0].id)
            raise  # another process is about to commit it; with which body is not known yet

    async def _write(self, group: list[Unit], session: AsyncClientSession) -> None:
        by_target: defaultdict[tuple[str, bool], list[Write]] = defaultdict(list)
        for unit in group:
            for write in unit.writes:
                by_target[write.collection, write.must_match > 0].append(write)
        for (name, _), writes in by_target.items():
            collection = self._database.get_collection(name, codec_options=CODECS)
            # Ordered, so that nothing is sent after a duplicate key has ended the transaction: the driver would take
            # that for a passing trouble and repeat it until the time is up. Sorted, so that it stays few commands.
            operations = sorted((write.operation for write in writes), key=lambda each: type(each).__name__)
            try:
                result = await collection.bulk_write(operations, ordered=True, session=session)
            except BulkWriteError as error:
                if not _is_duplicate(error):
                    raise
                raise ConflictError(name) from error
            if result.matched_count + result.deleted_count < sum(write.must_match for write in writes):
                raise ConflictError(name)


def gone(case: str, at: datetime) -> Write:
    """Prepare to remember that a case is gone; it belongs into the transaction that removes it."""
    return Write(GONE, InsertOne({"_id": case, "version": 1, "at": at}))


def _as_item(entry: Handled) -> Document:
    return {"item": entry.item} if entry.item else {}


def _settle(unit: Unit, result: Entry | Exception | None) -> None:
    if unit.done.done() or result is None:
        return
    if isinstance(result, Exception):
        unit.done.set_exception(result)
    else:
        unit.done.set_result(result)


def _is_duplicate(error: BulkWriteError) -> bool:
    return any(fault.get("code") == _DUPLICATE_KEY for fault in (error.details or {}).get("writeErrors", ()))
