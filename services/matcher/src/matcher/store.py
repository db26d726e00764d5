"""Where evidence, items and looks are kept: the only file that knows MongoDB."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from matcher.domain.evidence import Evidence
from matcher.domain.item import Item
from matcher.domain.looks import Look
from matcher.domain.mirror import MirrorLoad
from matcher.domain.rebuilding import Rebuilt
from matcher.domain.statistics import Counted, Statistics
from messaging.documents import CODECS, Document, Documents, Write

EVIDENCE = "evidence"
ITEMS = "items"
LOOKS = "looks"
MIRROR_LOADS = "mirror-loads"
REBUILT = "rebuilt-"
"""Prefix of the collections beside the evidence in which rebuilds are under way."""

INDEXES: dict[str, list[IndexModel]] = {
    EVIDENCE: [
        IndexModel([("resident_id", ASCENDING)], name="resident"),
        IndexModel([("turns_on", ASCENDING)], name="turning"),
    ],
    ITEMS: [],
    MIRROR_LOADS: [],
    LOOKS: [IndexModel([("resident_id", ASCENDING), ("_id", DESCENDING)], name="resident")],
}

_DUPLICATE_KEY = 11000
_WRITE_CONFLICT = 112
_SOMEBODY_WAS_FASTER = {_DUPLICATE_KEY, _WRITE_CONFLICT}

_COUNT: Sequence[dict[str, Any]] = (
    {"$unwind": "$records"},
    {
        "$group": {
            "_id": {"source": "$records.source", "type": "$records.document_type", "status": "$records.status"},
            "count": {"$sum": 1},
        }
    },
)


class EvidenceStore:
    """One document for each person, by blind index."""

    def __init__(self, database: AsyncDatabase[Document], *, statistics_for: float = 60.0) -> None:
        self._documents = Documents(database, EVIDENCE, Evidence)
        self._collection = database.get_collection(EVIDENCE, codec_options=CODECS)
        self._statistics_for = statistics_for
        self._counting = asyncio.Lock()
        self._counted: tuple[float, Statistics] | None = None

    async def get(self, id: str) -> Evidence | None:
        """Return what is held about the person behind a blind index."""
        return await self._documents.get(id)

    async def of_resident(self, resident_id: str) -> Evidence | None:
        """Return what is held about a registered resident."""
        found = await self._documents.find({"resident_id": resident_id}, limit=1)
        return found[0] if found else None

    async def turning(self, day: date, limit: int) -> Sequence[Evidence]:
        """Return registered people whose records have begun or ended by `day` without any news."""
        return await self._documents.find({"turns_on": {"$lte": day.isoformat()}}, limit=limit)

    async def many(self, ids: Sequence[str]) -> dict[str, Evidence]:
        """Return what is held about several people; who is not known is left out."""
        return {found.id: found for found in await self._documents.find({"_id": {"$in": list(ids)}})}

    async def page(self, after: str, limit: int) -> Sequence[Evidence]:
        """Return a page of all evidence, by id."""
        return await self._documents.find({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=limit)

    def save(self, evidence: Evidence) -> Write:
        """Prepare the write."""
        return self._documents.save(evidence)

    async def save_many(self, several: Sequence[Evidence]) -> bool:
        """Write at once, outside of a transaction; False when somebody was faster with one of them.

        The others are written all the same: read again and repeat what is still to be done.
        """
        return await _write_many(self._collection, [self.save(one) for one in several])

    async def statistics(self) -> Statistics:
        """Count all records; the count is given again for a while, as it looks at everything there is."""
        async with self._counting:
            now = time.monotonic()
            if self._counted is None or now - self._counted[0] > self._statistics_for:
                self._counted = now, await self._count()
            return self._counted[1]

    async def _count(self) -> Statistics:
        counted_at = datetime.now(UTC)
        rows = await (await self._collection.aggregate(list(_COUNT))).to_list()
        counts = [
            Counted(source=by["source"], document_type=by["type"], status=by["status"], count=row["count"])
            for row in rows
            for by in (row["_id"],)
        ]
        people = await self._collection.count_documents({})
        registered = await self._collection.count_documents({"resident_id": {"$ne": None}})
        return Statistics(counted_at=counted_at, people=people, registered=registered, records=tuple(sorted(counts)))


class ItemStore:
    """What the items of the catalogue need."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._documents = Documents(database, ITEMS, Item)

    async def get(self, id: str) -> Item | None:
        """Return an item by its code."""
        return await self._documents.get(id)

    def save(self, item: Item) -> Write:
        """Prepare the write."""
        return self._documents.save(item)


class LookStore:
    """Who looked at a person's evidence, and what for."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._documents = Documents(database, LOOKS, Look)

    async def of_resident(self, resident_id: str, *, before: str | None, limit: int) -> Sequence[Look]:
        """Return a page of a resident's looks, the latest first."""
        after: dict[str, object] = {} if before is None else {"_id": {"$lt": before}}
        return await self._documents.find({"resident_id": resident_id, **after}, sort=[("_id", -1)], limit=limit)

    def save(self, look: Look) -> Write:
        """Prepare the write."""
        return self._documents.save(look)


class MirrorLoads:
    """How far the bulk loads of the city mirror have come, by the file's digest."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._documents = Documents(database, MIRROR_LOADS, MirrorLoad)
        self._collection = database.get_collection(MIRROR_LOADS, codec_options=CODECS)

    async def get(self, digest: str) -> MirrorLoad | None:
        """Return the load of a file with this content."""
        return await self._documents.get(digest)

    async def remember(self, load: MirrorLoad) -> MirrorLoad:
        """Write down how far it has come, whatever was written down before; return it with its next version."""
        stored = load.model_copy(update={"version": load.version + 1})
        document = stored.model_dump()
        await self._collection.replace_one({"_id": document.pop("id")}, document, upsert=True)
        return stored


class RebuiltStore:
    """The collection beside the evidence in which one rebuild gathers what the trail says."""

    def __init__(self, database: AsyncDatabase[Document], run: str) -> None:
        self._database = database
        self._name = f"{REBUILT}{run}"
        self._documents = Documents(database, self._name, Rebuilt)
        self._collection = database.get_collection(self._name, codec_options=CODECS)

    async def many(self, ids: Sequence[str]) -> dict[str, Rebuilt]:
        """Return what has been gathered about several people."""
        return {found.id: found for found in await self._documents.find({"_id": {"$in": list(ids)}})}

    async def page(self, after: str, limit: int) -> Sequence[Rebuilt]:
        """Return a page of all that has been gathered, by id."""
        return await self._documents.find({"_id": {"$gt": after}}, sort=[("_id", 1)], limit=limit)

    async def save_many(self, several: Sequence[Rebuilt]) -> None:
        """Write at once; nobody else writes here."""
        await _write_many(self._collection, [self._documents.save(one) for one in several])

    async def drop(self) -> None:
        """Throw it away."""
        await self._database.drop_collection(self._name)

    async def drop_left_behind(self, before: str) -> None:
        """Throw away what rebuilds that began before the run `before` have left when they were killed."""
        for name in await self._database.list_collection_names():
            if name.startswith(REBUILT) and name < f"{REBUILT}{before}":
                await self._database.drop_collection(name)


async def _write_many(collection: AsyncCollection[Document], writes: Sequence[Write]) -> bool:
    if not writes:
        return True
    try:
        result = await collection.bulk_write([write.operation for write in writes], ordered=False)
    except BulkWriteError as error:
        faults = (error.details or {}).get("writeErrors", ())
        if any(fault.get("code") not in _SOMEBODY_WAS_FASTER for fault in faults):
            raise
        return False
    return result.matched_count >= sum(write.must_match for write in writes)
