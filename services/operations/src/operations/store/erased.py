"""The cases whose data was erased, one document each, so that what comes late is erased, too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from operations.domain.erased import ErasedCase
from store.repository import Database, Indexes, Repository

ERASED_CASES = "erased-cases"

INDEXES: Indexes = {
    ERASED_CASES: (IndexModel([("is_settled", ASCENDING), ("at", ASCENDING)], name="settling"),),
}


class ErasedDocuments(Repository[ErasedCase]):
    """Found by their case."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, ERASED_CASES, ErasedCase)

    async def among(self, cases: Collection[str]) -> frozenset[str]:
        """Return those of these cases that were erased."""
        return frozenset(await self.many(sorted(cases)))

    async def unsettled(self, before: datetime, limit: int) -> Sequence[ErasedCase]:
        """Return those that were erased before a moment and not looked through again since."""
        wanted = {"is_settled": False, "at": {"$lt": before}}
        return await self.find(wanted, limit=limit)
