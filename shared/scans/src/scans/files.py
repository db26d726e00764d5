"""Contents that belong to something, sealed in GridFS, which is no part of a transaction.

A content is stored first, and its owner takes it in a transaction of its own; what the owner refuses
is removed again. What a crash leaves behind between the two is found by `doubtful`, and removed by the service's sweep.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple

from pymongo import IndexModel

from store.repository import Database
from store.sealed_files import SealedFiles

_SWEPT_AT_ONCE = 500


class StoredFile(NamedTuple):
    """A content in the file store, and what it was handed in for: an application, a task."""

    file_id: str
    owner_id: str


def indexes(bucket: str) -> dict[str, Sequence[IndexModel]]:
    return {
        f"{bucket}.files": [IndexModel([("metadata.trusted", 1), ("uploadDate", 1)])],
        f"{bucket}.chunks": [IndexModel([("files_id", 1), ("n", 1)], unique=True)],
    }


class OwnedFiles:
    """One bucket; `owner` is the field of a file's metadata that says what it was handed in for."""

    def __init__(self, database: Database, bucket: str, *, owner: str) -> None:
        self._contents = SealedFiles(database, bucket)
        self._files = self._contents.files
        self._owner = owner

    async def put(self, file: StoredFile, content: bytes, media_type: str) -> None:
        """Store a content; nothing of it stays when that fails half-way."""
        metadata = {self._owner: file.owner_id, "media_type": media_type, "trusted": False}
        async with self._contents.writing(file.file_id, metadata) as write:
            await write(content)

    async def read(self, file_id: str) -> AsyncIterator[bytes] | None:
        """Return a content in pieces, None when there is none."""
        return await self._contents.read(file_id)

    async def remove(self, file_id: str) -> None:
        """Remove a content, if it is there."""
        await self._contents.remove(file_id)

    async def doubt(self, file_id: str) -> None:
        """Have the next sweep look whether the content still belongs to its owner."""
        await self._files.update_one({"_id": file_id}, {"$set": {"metadata.trusted": False}})

    async def doubtful(self, before: datetime) -> Sequence[StoredFile]:
        """Return what was stored before a moment and has not been seen to belong, so many at a time."""
        cursor = self._files.find({"metadata.trusted": False, "uploadDate": {"$lt": before}}, limit=_SWEPT_AT_ONCE)
        return [StoredFile(each["_id"], each["metadata"][self._owner]) async for each in cursor]

    async def trust(self, file_id: str) -> None:
        """Remember that it belongs."""
        await self._files.update_one({"_id": file_id}, {"$set": {"metadata.trusted": True}})
