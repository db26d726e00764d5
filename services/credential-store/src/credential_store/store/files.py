"""The contents of handed-over files, sealed in GridFS: written as they arrive, read a window at a time.

GridFS takes part in no transaction. An arrival is noted before its first byte is written; the note goes in the
transaction that makes it a hand-over, and what still has its note after a day is swept away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from pymongo import DeleteOne

from bus.event import Change
from runtime.clock import utc_now
from store.repository import Database, Write
from store.sealed_files import SealedFiles, Sink

ARRIVALS = "hand-over-arrivals"
_BUCKET = "hand-over-files"


class HandOverFiles:
    """One bucket; a file's id is that of its arrival."""

    def __init__(self, database: Database) -> None:
        self._contents = SealedFiles(database, _BUCKET)
        self._arrivals = database[ARRIVALS]

    @asynccontextmanager
    async def arriving(self, file: str) -> AsyncIterator[Sink]:
        """Write a file as it comes; nothing of it stays when that fails."""
        await self._arrivals.insert_one({"_id": file, "at": utc_now()})
        try:
            async with self._contents.writing(file) as write:
                yield write
        except BaseException:
            await self.remove(file)
            await self._arrivals.delete_one({"_id": file})
            raise

    def arrived(self, file: str) -> Change:
        """Prepare to forget that it was on its way: it belongs to a hand-over now."""
        return Write(ARRIVALS, DeleteOne({"_id": file}))

    async def read(self, file: str, offset: int, size: int) -> bytes:
        """Return up to so many bytes from an offset on."""
        return await self._contents.part(file, offset, size)

    async def remove(self, file: str) -> None:
        """Remove a content, also one of which only a part arrived."""
        await self._contents.remove(file)

    async def sweep(self, before: datetime) -> None:
        """Remove what began to arrive before a moment and never became a hand-over."""
        async for arrival in self._arrivals.find({"at": {"$lt": before}}):
            await self.remove(arrival["_id"])
            await self._arrivals.delete_one({"_id": arrival["_id"]})
