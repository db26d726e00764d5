"""Requests for correction, one document each, and the credentials that they may be about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import DESCENDING

from data_rights.domain.correction import Correction
from data_rights.domain.holding import Holding
from data_rights.store.accesses import Collection
from messaging.documents import Documents
from messaging.event import Change
from runtime.kernel import Database

CORRECTIONS = "corrections"
HOLDINGS = "holdings"
SEALED = ("wrong.says", "wrong.should_say", "wrong.reason", "answer.value", "answer.explanation")
"""What people wrote, and what describes them: encrypted in the store."""


class CorrectionDocuments:
    """Found by whose data it is about, and by the field of a document (`place`)."""

    def __init__(self, collection: Collection[Correction]) -> None:
        self._collection = collection

    @classmethod
    def of(cls, database: Database) -> CorrectionDocuments:
        """Open those of a database."""
        return cls(Documents(database, CORRECTIONS, Correction, sealed=SEALED))

    async def get(self, id: str) -> Correction | None:
        """Read one."""
        return await self._collection.get(id)

    async def at_place(self, place: str) -> Sequence[Correction]:
        """Read all for one field of one document."""
        return await self._collection.find({"place": place})

    async def of_holder(self, holder: str, *, before: str | None, limit: int) -> Sequence[Correction]:
        """Read a page of those about a holder, the latest first, beginning before a place in the order."""
        wanted: dict[str, Any] = {"holder": holder}
        if before is not None:
            wanted["order"] = {"$lt": before}
        return await self._collection.find(wanted, sort=[("order", DESCENDING)], limit=limit)

    def save(self, correction: Correction) -> Change:
        """Prepare the write."""
        return self._collection.save(correction)


class HoldingDocuments:
    """Credentials, found by whose they are."""

    def __init__(self, collection: Collection[Holding]) -> None:
        self._collection = collection

    @classmethod
    def of(cls, database: Database) -> HoldingDocuments:
        """Open those of a database."""
        return cls(Documents(database, HOLDINGS, Holding))

    async def get(self, id: str) -> Holding | None:
        """Read one."""
        return await self._collection.get(id)

    async def of_type(self, holder: str, document_type: str) -> Sequence[Holding]:
        """Read a holder's credentials of one type."""
        return await self._collection.find({"holder": holder, "document_type": document_type})

    def save(self, holding: Holding) -> Change:
        """Prepare the write."""
        return self._collection.save(holding)
