"""Requests for correction, one document each, and the credentials that they may be about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from data_rights.domain.correction import Correction
from data_rights.domain.holding import Holding
from data_rights.store.holders import HoldersDocuments
from messaging.documents import Documents
from runtime.kernel import Database

CORRECTIONS = "corrections"
HOLDINGS = "holdings"
SEALED = ("wrong.says", "wrong.should_say", "wrong.reason", "answer.value", "answer.explanation")
"""What people wrote, and what describes them: encrypted in the store."""


class CorrectionDocuments(HoldersDocuments[Correction]):
    """Found by whose data it is about, and by the field of a document (`place`)."""

    ORDER: ClassVar[str] = "order"

    @classmethod
    def of(cls, database: Database) -> CorrectionDocuments:
        """Open those of a database."""
        return cls(Documents(database, CORRECTIONS, Correction, sealed=SEALED))

    async def at_place(self, place: str) -> Sequence[Correction]:
        """Read all for one field of one document."""
        return await self._collection.find({"place": place})


class HoldingDocuments(HoldersDocuments[Holding]):
    """Credentials, found by whose they are."""

    @classmethod
    def of(cls, database: Database) -> HoldingDocuments:
        """Open those of a database."""
        return cls(Documents(database, HOLDINGS, Holding))

    async def of_type(self, holder: str, document_type: str) -> Sequence[Holding]:
        """Read a holder's credentials of one type."""
        return await self._collection.find({"holder": holder, "document_type": document_type})
