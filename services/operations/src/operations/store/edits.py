"""Edits, one document each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from operations.domain.edit import Edit
from store.repository import Database, Indexes, Repository, behind

EDITS = "edits"

INDEXES: Indexes = {
    EDITS: (
        IndexModel([("created_at", DESCENDING)], name="created"),
        IndexModel([("failure", ASCENDING)], name="failure"),
        IndexModel([("members.failure", ASCENDING)], name="members"),
    )
}

SEALED = ("body", "diff", "changes", "reason", "approved.reason", "closed.reason")
"""What is to be sent, and why: encrypted in the store."""


class EditDocuments(Repository[Edit]):
    """The edits."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, EDITS, Edit, sealed=SEALED)

    async def page(
        self, *, state: str | None, failure: str | None, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Edit]:
        """Return edits, the latest first, behind a place."""
        wanted: dict[str, Any] = behind("created_at", before) if before else {}
        wanted |= {"state": state} if state else {}
        wanted |= {"$or": [{"failure": failure}, {"members.failure": failure}]} if failure else {}
        return await self.find(wanted, sort=[("created_at", DESCENDING), ("_id", DESCENDING)], limit=limit)
