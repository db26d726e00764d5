"""The contents of handed-over files, in GridFS: written as they arrive, read a window at a time.

GridFS takes part in no transaction. An arrival is noted before its first byte is written; the note goes in the
transaction that makes it a hand-over, and what still has its note after a day is swept away.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import NoFile
from pymongo import DeleteOne

from messaging.documents import Write
from messaging.event import Change
from runtime.clock import utc_now
from runtime.kernel import Database

Sink = Callable[[bytes], Awaitable[None]]

ARRIVALS = "hand-over-arrivals"
_BUCKET = "hand-over-files"
_PIECE = 255 * 1024


class GridFiles:
    """One bucket; a file's id is that of its arrival."""

    def __init__(self, database: Database) -> None:
        self._bucket = AsyncGridFSBucket(database, _BUCKET, chunk_size_bytes=_PIECE)
        self._pieces = database[f"{_BUCKET}.chunks"]
        self._arrivals = database[ARRIVALS]

    @asynccontextmanager
    async def arriving(self, file: str) -> AsyncIterator[Sink]:
        """Write a file as it comes; nothing of it stays when that fails."""
        await self._arrivals.insert_one({"_id": file, "at": utc_now()})
        try:
            async with self._bucket.open_upload_stream_with_id(file, file) as stream:
                yield stream.write
        except BaseException:
            await self.remove(file)
            await self._arrivals.delete_one({"_id": file})
            raise

    def arrived(self, file: str) -> Change:
        """Prepare to forget that it was on its way: it belongs to a hand-over now."""
        return Write(ARRIVALS, DeleteOne({"_id": file}))

    async def read(self, file: str, offset: int, size: int) -> bytes:
        """Return up to so many bytes from an offset on."""
        first, last = offset // _PIECE, (offset + size - 1) // _PIECE
        wanted = {"files_id": file, "n": {"$gte": first, "$lte": last}}
        pieces = await self._pieces.find(wanted, sort=[("n", 1)]).to_list()
        start = offset - first * _PIECE
        return b"".join(piece["data"] for piece in pieces)[start : start + size]

    async def remove(self, file: str) -> None:
        """Remove a content, also one of which only a part arrived."""
        with suppress(NoFile):
            await self._bucket.delete(file)

    async def sweep(self, before: datetime) -> None:
        """Remove what began to arrive before a moment and never became a hand-over."""
        async for arrival in self._arrivals.find({"at": {"$lt": before}}):
            await self.remove(arrival["_id"])
            await self._arrivals.delete_one({"_id": arrival["_id"]})
