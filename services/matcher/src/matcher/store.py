"""Where evidence, items and looks are kept: the only file that knows MongoDB."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from matcher.domain.evidence import Evidence
from matcher.domain.item import Item
from matcher.domain.looks import Look
from matcher.domain.statistics import Counted, Statistics
from messaging.documents import Document, Documents
from messaging.event import Change

EVIDENCE = "evidence"
ITEMS = "items"
LOOKS = "looks"

INDEXES: dict[str, list[IndexModel]] = {
    EVIDENCE: [
        IndexModel([("resident_id", ASCENDING)], name="resident"),
        IndexModel([("turns_on", ASCENDING)], name="turning"),
    ],
    ITEMS: [],
    LOOKS: [IndexModel([("resident_id", ASCENDING), ("_id", DESCENDING)], name="resident")],
}

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
        self._collection = database[EVIDENCE]
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

    def save(self, evidence: Evidence) -> Change:
        """Prepare the write."""
        return self._documents.save(evidence)

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

    def save(self, item: Item) -> Change:
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

    def save(self, look: Look) -> Change:
        """Prepare the write."""
        return self._documents.save(look)
