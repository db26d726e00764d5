"""The commit: state changes, the record of the message and the events it causes are one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pymongo
import structlog
from pymongo import InsertOne, ReturnDocument, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from bus import metrics
from bus.envelope import EncodedEvent, new_event_id
from bus.event import REMEMBERED, BlockedError, ConflictError
from store.group_commit import (
    AlreadyHandledError,
    GroupCommit,
    Handled,
    OutboxEntry,
    RepeatedMessagesError,
    Unit,
)
from store.heartbeat import Heartbeat
from store.repository import CODECS, Database, Document, Write, ensure_collections
from store.sealed_fields import SEALED, name_of, seal_all

__all__ = ["AlreadyHandledError", "Committer", "Handled", "OutboxEntry"]

log = structlog.get_logger()

INBOX = "inbox"
OUTBOX = "outbox"
OWNER = "owner"
"""The field of an outbox's entry with the process that is to publish it (`Heartbeat.id`)."""
SUSPECTS = "suspects"
GONE = "gone-cases"
"""The cases that a service has removed with all about them, by their ids alone: nothing waits for them any more."""

TRANSACTION_TIMEOUT = 10.0
"""Seconds, retries included, after which a transaction that does not go through counts as an outage."""

_BLOCKING = {112, 24}
"""MongoDB's WriteConflict and LockTimeout: another transaction has what this one wants."""

_DUPLICATE_KEY = 11000


class Committer:
    """Commits units against one service's database, as many at a time as are waiting."""

    def __init__(
        self, database: Database, *, heartbeat: Callable[..., Heartbeat] = Heartbeat, gather_for: float = 0.0
    ) -> None:
        """`heartbeat` makes the one of this process, from its database and session. `gather_for`: see GroupCommit."""
        self._database = database
        self._inbox = database.get_collection(INBOX, codec_options=CODECS)
        self._session = database.client.start_session()
        self.heartbeat = heartbeat(database, self._session)
        self._groups = GroupCommit(self._transact, gather_for=gather_for)

    async def prepare(self) -> None:
        """Open the vault, join the service's processes, create the collections (within transactions two would collide).

        Raises KeyMissingError when the store was sealed under a master key that is not here.
        """
        await self._database.vault.prepare()
        await self.heartbeat.start()
        await ensure_collections(self._database, (INBOX, SUSPECTS, OUTBOX))

    def start(self) -> None:
        self._groups.start()

    async def stop(self) -> None:
        """Stop; whatever was not begun is cancelled."""
        await self._groups.stop()
        await self._session.end_session()
        await self.heartbeat.stop()

    async def commit(
        self, writes: Sequence[Write], events: Sequence[EncodedEvent] = (), handled: Handled | None = None
    ) -> OutboxEntry:
        """Commit one unit and return the outbox entry in which its events wait to leave.

        Raises ConflictError when a document is not the version that was read, AlreadyHandledError for a message that
        is in the inbox, BlockedError when another transaction was in the way for BLOCKED_FOR seconds, and pymongo's
        errors when the store can't be reached.
        """
        return await self._groups.commit(Unit(writes, events, handled))

    def digest_of(self, body: bytes) -> str:
        """Return the digest by which the inbox knows a message's body."""
        return self._database.vault.digest(body)

    async def begin_suspect(self, message_id: str) -> int:
        """Return how often the handling of a suspect message was begun and never ended, this time included."""
        found = await self._database[SUSPECTS].find_one_and_update(
            {"_id": message_id},
            {"$inc": {"starts": 1}, "$set": {"at": datetime.now(UTC)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
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
            raise _earlier(found)

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

    async def _transact(self, group: list[Unit]) -> OutboxEntry:
        events = [event for unit in group for event in unit.events]
        entry = OutboxEntry(new_event_id(), len(events))

        async def apply(session: AsyncClientSession) -> None:
            try:
                await write(session)
            except OperationFailure as error:
                if _BLOCKING.isdisjoint(_codes_of(error)):
                    raise
                metrics.BLOCKED.labels(self._database.name).inc()
                raise BlockedError(str(error)) from error  # the driver would repeat it all until the time is up

        async def write(session: AsyncClientSession) -> None:
            await self._remember(group, session)
            await self._write(group, session)
            if events:
                row = {"_id": entry.id, OWNER: self.heartbeat.id, SEALED: left}
                await self._database[OUTBOX].insert_one(row, session=session)

        with pymongo.timeout(TRANSACTION_TIMEOUT):
            await self.heartbeat.wake()
            for unit in group:
                await seal_all(self._database.vault, (part for write in unit.writes for part in write.sealing))
            left = await self._sealed_outbox(entry.id, events) if events else None
            await self._session.with_transaction(
                apply, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )
        return entry

    async def _sealed_outbox(self, id_: str, events: Sequence[EncodedEvent]) -> object:
        rows = [{"id": event.id, "key": event.routing_key, "body": event.body} for event in events]
        return await self._database.vault.encrypt({"events": rows}, name_of(OUTBOX, id_))

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
            if not _is_duplicate(error):
                raise
            wanted = {"_id": {"$in": [each.id for each in handled]}}
            earlier = {row["_id"]: _earlier(row) async for row in self._inbox.find(wanted)}
            if earlier:
                raise RepeatedMessagesError(earlier) from error
            raise  # another process is about to commit it, with which body is not known yet; or it is here twice

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


def tombstone(case: str, at: datetime) -> Write:
    """Prepare to remember that a case is gone; it belongs into the transaction that removes it."""
    return Write(GONE, InsertOne({"_id": case, "version": 1, "at": at}))


def _earlier(entry: Document) -> AlreadyHandledError:
    return AlreadyHandledError(str(entry["digest"]), entry.get("item"))


def _as_item(entry: Handled) -> Document:
    return {"item": entry.item} if entry.item else {}


def _is_duplicate(error: BulkWriteError) -> bool:
    return _DUPLICATE_KEY in _codes_of(error)


def _codes_of(error: OperationFailure) -> set[int | None]:
    """Return the store's codes of what failed: of the whole command, or of single writes of it."""
    return {error.code, *(fault.get("code") for fault in (error.details or {}).get("writeErrors", ()))}
