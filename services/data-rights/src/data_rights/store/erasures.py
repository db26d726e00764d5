"""Erasures, one document each, found by whose data it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import DESCENDING

from data_rights.domain.erasure import Erasure
from data_rights.store.accesses import Collection
from messaging.documents import Documents
from messaging.event import Change
from runtime.kernel import Database

ERASURES = "erasures"


class ErasureDocuments:
    """What was asked for and answered; nothing in it describes anybody."""

    def __init__(self, collection: Collection[Erasure]) -> None:
        self._collection = collection

    @classmethod
    def of(cls, database: Database) -> ErasureDocuments:
        """Open those of a database."""
        return cls(Documents(database, ERASURES, Erasure))

    async def get(self, id: str) -> Erasure | None:
        """Read one."""
        return await self._collection.get(id)

    async def of_holder(self, holder: str, *, before: str | None, limit: int) -> Sequence[Erasure]:
        """Read those about a holder, the latest first, beginning before an id."""
        wanted: dict[str, Any] = {"holder": holder}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        return await self._collection.find(wanted, sort=[("_id", DESCENDING)], limit=limit)

    def save(self, erasure: Erasure) -> Change:
        """Prepare the write."""
        return self._collection.save(erasure)
