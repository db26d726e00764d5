"""Disputes, one document each."""

from __future__ import annotations

from collections.abc import Sequence

from data_rights.domain.dispute import Dispute
from data_rights.store.accesses import HOLDER
from data_rights.store.holders import HoldersDocuments
from store.repository import Database, Repository

DISPUTES = "disputes"
SEALED = ("reason", "explanation.text")
"""What people wrote: encrypted in the store."""


class DisputeDocuments(HoldersDocuments[Dispute]):
    """Found by the entry (the id follows from its) and by whose record it is."""

    @classmethod
    def of(cls, database: Database) -> DisputeDocuments:
        return cls(Repository(database, DISPUTES, Dispute, sealed=SEALED, indexes=HOLDER))

    async def many(self, ids: Sequence[str]) -> dict[str, Dispute]:
        return await self._collection.many(ids)
