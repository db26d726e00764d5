"""Looks at residents' evidence."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.asynchronous.database import AsyncDatabase

from matcher.domain.looks import Look
from messaging.documents import Document, Documents, Write

LOOKS = "looks"


class LookStore:
    """Who looked at a person's evidence, and what for."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._documents = Documents(database, LOOKS, Look)

    async def of_resident(self, resident_id: str, *, before: str | None, limit: int) -> Sequence[Look]:
        """Return a page of a resident's looks, the latest first."""
        after: dict[str, object] = {} if before is None else {"_id": {"$lt": before}}
        return await self._documents.find({"resident_id": resident_id, **after}, sort=[("_id", -1)], limit=limit)

    def save(self, look: Look) -> Write:
        """Prepare the write."""
        return self._documents.save(look)
