"""Files that departments hand over: how far each has come, and the lines that were refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING

from bus.event import Change
from credential_store.domain.hand_over import HandOver, RefusedLine
from store.repository import CODECS, Database, Document, Repository, Write

HAND_OVERS = "hand-overs"
REFUSED_LINES = "refused-lines"
SEALED = {HAND_OVERS: ("received.name",), REFUSED_LINES: ("record_id", "path", "params", "written")}
"""What a department's file may say of people: encrypted in the store."""


class HandOverDocuments:
    """Hand-overs, one document each, and one for each refused line."""

    def __init__(self, database: Database) -> None:
        self._hand_overs = Repository(database, HAND_OVERS, HandOver, sealed=SEALED[HAND_OVERS])
        self._refused = Repository(database, REFUSED_LINES, RefusedLine, sealed=SEALED[REFUSED_LINES])
        self._refused_lines = database.get_collection(REFUSED_LINES, codec_options=CODECS)

    async def get(self, id: str) -> HandOver | None:
        return await self._hand_overs.get(id)

    async def of_department(self, department: str, before: str | None, limit: int) -> Sequence[HandOver]:
        """Return a page of a department's, the latest first."""
        wanted: dict[str, Any] = {"department": department}
        if before is not None:
            wanted["number"] = {"$gte": "", "$lt": before}
        return await self._hand_overs.find(wanted, sort=[("number", DESCENDING)], limit=limit)

    async def kept(self) -> Sequence[HandOver]:
        """Return those whose content is still kept: they run, are paused, or have just ended."""
        return await self._hand_overs.find({"is_kept": True})

    async def refused(self, id: str) -> AsyncIterator[RefusedLine]:
        """Return the refused lines of one, in their order."""
        async with self._refused_lines.find({"hand_over": id}, sort=[("line", ASCENDING)]) as cursor:
            async for found in cursor:
                yield await self._refused.read(found)

    def save(self, hand_over: HandOver) -> Change:
        return self._hand_overs.save(hand_over)

    def refuse(self, line: RefusedLine) -> Change:
        """Prepare the write of a refused line."""
        return self._refused.save(line)


async def refused_lines_of(database: Database, hand_overs: Sequence[Document]) -> Sequence[Write]:
    """Remove the refused lines of hand-overs whose term has ended; there may be more than a transaction takes."""
    await database[REFUSED_LINES].delete_many({"hand_over": {"$in": [each["_id"] for each in hand_overs]}})
    return ()
