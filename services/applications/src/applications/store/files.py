"""The contents of scans, in GridFS. It takes part in no transaction; `handlers.scans` says how that is made good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime

from gridfs.asynchronous import AsyncGridFSBucket, AsyncGridOut
from gridfs.errors import NoFile

from applications.domain.scans import StoredFile
from runtime.kernel import Database

BUCKET = "scans"
_SWEPT_AT_ONCE = 500


class GridFiles:
    """One bucket; a file's id is the scan's, and its metadata say which application it was handed in for."""

    def __init__(self, database: Database) -> None:
        self._bucket = AsyncGridFSBucket(database, BUCKET)
        self._files = database[f"{BUCKET}.files"]

    async def put(self, file: StoredFile, content: bytes, media_type: str) -> None:
        """Store a content; nothing of it stays when that fails half-way."""
        metadata = {"application_id": file.application_id, "media_type": media_type, "trusted": False}
        async with self._bucket.open_upload_stream_with_id(file.scan_id, file.scan_id, metadata=metadata) as stream:
            await stream.write(content)

    async def read(self, scan_id: str) -> AsyncIterator[bytes] | None:
        """Return a content in pieces, None when there is none."""
        try:
            stream = await self._bucket.open_download_stream(scan_id)
        except NoFile:
            return None
        return _pieces(stream)

    async def remove(self, scan_id: str) -> None:
        """Remove a content, if it is there."""
        with suppress(NoFile):
            await self._bucket.delete(scan_id)

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


async def _pieces(stream: AsyncGridOut) -> AsyncIterator[bytes]:
    async with stream:
        while piece := await stream.readchunk():
            yield piece
