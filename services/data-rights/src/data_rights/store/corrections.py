"""Requests for correction, one document each, and the credentials that they may be about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from data_rights.domain.correction import Correction
from data_rights.domain.known_credentials import KnownCredential
from data_rights.store.accesses import HOLDER
from data_rights.store.holders import HoldersDocuments
from store.repository import Database, Repository

CORRECTIONS = "corrections"
HOLDINGS = "holdings"
SEALED = ("wrong.says", "wrong.should_say", "wrong.reason", "answer.value", "answer.explanation")
"""What people wrote, and what describes them: encrypted in the store."""


class CorrectionDocuments(HoldersDocuments[Correction]):
    """Found by whose data it is about, and by the field of a document (`place`)."""

    ORDER: ClassVar[str] = "order"

    @classmethod
    def of(cls, database: Database) -> CorrectionDocuments:
        return cls(Repository(database, CORRECTIONS, Correction, sealed=SEALED, indexes=HOLDER))

    async def at(self, places: Sequence[str]) -> Sequence[Correction]:
        """Read all for one field of one document."""
        return await self._collection.find({"place": {"$in": list(places)}})


class KnownCredentialDocuments(HoldersDocuments[KnownCredential]):
    """Credentials, found by whose they are."""

    @classmethod
    def of(cls, database: Database) -> KnownCredentialDocuments:
        return cls(Repository(database, HOLDINGS, KnownCredential, indexes=HOLDER))

    async def of_type(self, holder: str, document_type: str) -> Sequence[KnownCredential]:
        """Read a holder's credentials of one type."""
        return await self._collection.find({"holder": holder, "document_type": document_type})
