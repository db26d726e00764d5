"""Where failures are kept, each with its words; a failure and what its group counts change together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import bson
from pymongo import ASCENDING, DESCENDING, DeleteOne, IndexModel, InsertOne, UpdateMany, UpdateOne

from bus.event import Change
from operations.domain.failure import Failure, Summary
from operations.domain.group import Move, tallies
from operations.domain.letter import Letter
from operations.domain.search import Criteria, Place
from operations.store.failure_search import FAILURES, FailureSearch
from operations.store.groups import counted
from store.repository import Database, Document, Repository, Write, batched
from store.sealed_fields import SEALED as SEALED_FIELD
from store.sealed_fields import Clear, name_of

INDEXES: dict[str, list[IndexModel]] = {
    FAILURES: [
        IndexModel([("group", ASCENDING), ("state", ASCENDING), ("last_seen", DESCENDING)], name="group"),
        IndexModel([("state", ASCENDING), ("last_seen", DESCENDING)], name="state"),
        IndexModel([("words", ASCENDING), ("last_seen", DESCENDING)], name="words"),
    ],
}

SEALED = ("body", "headers", "stack")
"""What was in the message, and what was said while it was read: encrypted in the store. Lists show nothing of it."""

_SUMMARY = {name: 1 for name in Summary.model_fields if name != "id"}


class FailureDocuments(Repository[Failure]):
    """Failures, one document each."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, FAILURES, Failure, sealed=SEALED)
        self._searching = FailureSearch(database)

    async def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        """Return those of these failures that exist, without their messages."""
        found: dict[str, Summary] = {}
        for some in batched(ids):
            cursor = self._collection.find({"_id": {"$in": some}}, _SUMMARY)
            found |= {document["_id"]: summary_of(document) async for document in cursor}
        return found

    async def search(
        self, criteria: Criteria, words: Sequence[str], *, after: Place | None = None, limit: int
    ) -> Sequence[Summary]:
        """Return the failures that meet all criteria and have all words, the latest first."""
        found = await self._searching.find(criteria, words, after=after, limit=limit, projection=_SUMMARY)
        return [summary_of(document) for document in found]

    async def of_event(self, event_id: str) -> Sequence[Summary]:
        """Return the failures of one event, in whatever service."""
        return await self._having([f"event:{event_id}"])

    async def around(self, event_id: str, caused_by: str, limit: int) -> Sequence[Summary]:
        """Return failures of these two events and of what they caused, the latest first; empty ids find nothing."""
        named = [word for id_ in (event_id, caused_by) if id_ for word in (f"event:{id_}", f"cause:{id_}")]
        found = await self._having(named)
        return sorted(found, key=lambda each: (each.last_seen, each.id), reverse=True)[:limit]

    async def of_case(self, case: str) -> Sequence[Failure]:
        """Return the failures of a case that can still be found by it, with their messages."""
        return await self.find({"words": f"case:{case}"})

    async def settled_before(self, moment: datetime, limit: int) -> Sequence[Summary]:
        """Return failures that were resolved or discarded, and seen last, before a moment."""
        found: list[Summary] = []
        for state, settled in (("resolved", "resolved_at"), ("discarded", "discarded.at")):
            wanted = {"state": state, "last_seen": {"$lt": moment}, settled: {"$lt": moment}}
            cursor = self._collection.find(wanted, _SUMMARY).limit(limit)
            found += [summary_of(document) async for document in cursor]
        return found

    async def put_away_before(self, moment: datetime, limit: int) -> Sequence[Failure]:
        """Return discarded failures whose message is still there though their term ended before a moment."""
        wanted = {
            "state": "discarded",
            "last_seen": {"$lt": moment},
            "discarded.at": {"$lt": moment},
            "is_kept": True,
        }
        return await self.find(wanted, limit=limit)

    def moved(self, moves: Sequence[Move], letters: Iterable[Letter] = ()) -> Sequence[Change]:
        """Prepare what became of failures (before, after), with what their groups count of it.

        Refused at the commit if somebody changed one of them meanwhile. Each failure stands in at most one move.
        """
        real = [(before, after) for before, after in moves if before != after]
        return [*_writes(real), *counted(tallies(letters, real))]

    async def _having(self, words: Sequence[str]) -> Sequence[Summary]:
        """Return the failures that have one of these words, without their messages."""
        cursor = self._collection.find({"words": {"$in": list(words)}}, _SUMMARY)
        return [summary_of(document) async for document in cursor]


def summary_of(document: Mapping[str, Any]) -> Summary:
    """Read a failure without its message."""
    return Summary.model_validate({**document, "id": document["_id"]})


def _writes(moves: Iterable[Move]) -> Iterator[Write]:
    """Prepare the write of each; of those that change alike, one for many of them."""
    alike: dict[bytes, tuple[Document, list[str]]] = {}
    for before, after in moves:
        if after is None:
            assert before is not None  # noqa: S101 - what never was can't go
            yield Write(FAILURES, DeleteOne({"_id": before.id, "version": before.version}), must_match=1)
        elif before is None:
            yield _new(after)
        elif SEALED_FIELD in (setting := _changed(before, after)):
            change = UpdateOne({"_id": before.id, "version": before.version}, {"$set": setting})
            yield Write(FAILURES, change, must_match=1, sealing=(setting,))
        else:
            alike.setdefault(bson.encode(setting), (setting, []))[1].append(before.id)
    for setting, ids in alike.values():
        for some in batched(ids):
            read = {"_id": {"$in": some}, "version": setting["version"] - 1}
            yield Write(FAILURES, UpdateMany(read, {"$set": setting}), must_match=len(some))


def _new(failure: Summary) -> Write:
    stored = {**failure.model_dump(exclude={"id", *SEALED}), "_id": failure.id, "version": 1, **_sealed(failure)}
    return Write(FAILURES, InsertOne(stored), sealing=(stored,))


def _changed(before: Summary, after: Summary) -> Document:
    """Return what is to be set for a failure to be as it is after."""
    changed = {name for name in type(after).model_fields if getattr(before, name) != getattr(after, name)}
    setting = {**after.model_dump(include=changed - {*SEALED}), "version": before.version + 1}
    return setting | (_sealed(after) if changed & set(SEALED) else {})


def _sealed(failure: Summary) -> Document:
    """What is kept of the message itself, and whether there is anything of it any more, which the store can ask for."""
    assert isinstance(failure, Failure)  # noqa: S101 - a summary has nothing that could have changed of it
    fields = {name: getattr(failure, name) for name in SEALED}
    return {SEALED_FIELD: Clear(fields, name_of(FAILURES, failure.id)), "is_kept": failure.body is not None}
