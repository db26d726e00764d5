"""Disputes, one document each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import DESCENDING

from data_rights.domain.dispute import Dispute
from data_rights.store.accesses import Collection
from messaging.documents import Documents
from messaging.event import Change
from runtime.kernel import Database

DISPUTES = "disputes"
SEALED = ("reason", "explanation.text")
"""What people wrote: encrypted in the store."""


class DisputeDocuments:
    """Found by the entry (the id follows from its) and by whose record it is."""

    def __init__(self, collection: Collection[Dispute]) -> None:
        self._collection = collection

    @classmethod
    def of(cls, database: Database) -> DisputeDocuments:
        """Open those of a database."""
        return cls(Documents(database, DISPUTES, Dispute, sealed=SEALED))

    async def get(self, id: str) -> Dispute | None:
        """Read one."""
        return await self._collection.get(id)

    async def many(self, ids: Sequence[str]) -> dict[str, Dispute]:
        """Read those that there are of these ids."""
        return await self._collection.many(ids)

    async def of_holder(self, holder: str, *, before: str | None, limit: int) -> Sequence[Dispute]:
        """Read a page of a holder's, the latest entry first, beginning before an id."""
        wanted: dict[str, Any] = {"holder": holder}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        return await self._collection.find(wanted, sort=[("_id", DESCENDING)], limit=limit)

    def save(self, dispute: Dispute) -> Change:
        """Prepare the write."""
        return self._collection.save(dispute)
