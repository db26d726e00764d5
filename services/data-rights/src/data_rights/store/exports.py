"""Exports, one document each, and one for each part that came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING

from bus.event import Change
from data_rights.domain.export import Export, ExportPart
from data_rights.store.accesses import HOLDER
from data_rights.store.holders import HoldersDocuments
from store.repository import Database, Repository

EXPORTS = "exports"
EXPORT_PARTS = "export-parts"
SEALED = ("key",)
"""What opens the parts: encrypted in the store."""


class ExportDocuments(HoldersDocuments[Export]):
    """Exports are found by whose data it is; parts by their export, whose id theirs begin with."""

    def __init__(self, exports: Repository[Export], parts: Repository[ExportPart]) -> None:
        super().__init__(exports)
        self._parts = parts

    @classmethod
    def of(cls, database: Database) -> ExportDocuments:
        exports = Repository(database, EXPORTS, Export, sealed=SEALED, indexes=HOLDER)
        return cls(exports, Repository(database, EXPORT_PARTS, ExportPart))

    async def due(self, now: datetime, limit: int) -> Sequence[Export]:
        """Read those whose time is over and whose key is still there."""
        return await self._collection.find({"is_kept": True, "ends_at": {"$lte": now}}, limit=limit)

    async def parts(self, export_id: str) -> Sequence[ExportPart]:
        """Read what came for one, in order."""
        span = {"$gt": f"{export_id}:", "$lt": f"{export_id};"}
        return await self._parts.find({"_id": span}, sort=[("_id", ASCENDING)])

    def keep(self, part: ExportPart) -> Change:
        """Prepare the write of a part."""
        return self._parts.save(part)

    def drop(self, part: ExportPart) -> Change:
        """Prepare the removal of a part."""
        return self._parts.remove(part)
