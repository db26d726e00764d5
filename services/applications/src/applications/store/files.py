"""The contents of scans, sealed in GridFS, which is no part of a transaction: `handlers.scans` makes that good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from applications.domain.scans import StoredFile
from runtime.kernel import Database
from runtime.sealed_files import SealedFiles

BUCKET = "scans"
_SWEPT_AT_ONCE = 500


class GridFiles:
    """One bucket; a file's id is the scan's, and its metadata say which application it was handed in for."""

    def __init__(self, database: Database) -> None:
        self._contents = SealedFiles(database, BUCKET)
        self._files = self._contents.files

    async def put(self, file: StoredFile, content: bytes, media_type: str) -> None:
        """Store a content; nothing of it stays when that fails half-way."""
        metadata = {"application_id": file.application_id, "media_type": media_type, "trusted": False}
        async with self._contents.writing(file.scan_id, metadata) as write:
            await write(content)

    async def read(self, scan_id: str) -> AsyncIterator[bytes] | None:
        """Return a content in pieces, None when there is none."""
        return await self._contents.read(scan_id)

    async def remove(self, scan_id: str) -> None:
        """Remove a content, if it is there."""
        await self._contents.remove(scan_id)

    async def doubt(self, scan_id: str) -> None:
        """Have the next sweep look whether the content still belongs to its application."""
        await self._files.update_one({"_id": scan_id}, {"$set": {"metadata.trusted": False}})

    async def doubtful(self, before: datetime) -> Sequence[StoredFile]:
        """Return what was stored before a moment and has not been seen to belong, so many at a time."""
        cursor = self._files.find({"metadata.trusted": False, "uploadDate": {"$lt": before}}, limit=_SWEPT_AT_ONCE)
        return [StoredFile(scan_id=f["_id"], application_id=f["metadata"]["application_id"]) async for f in cursor]

    async def trust(self, scan_id: str) -> None:
        """Remember that it belongs."""
        await self._files.update_one({"_id": scan_id}, {"$set": {"metadata.trusted": True}})
