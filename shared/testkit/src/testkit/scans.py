"""Files that people hand in, in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from scans.files import OwnedFiles, StoredFile
from scans.sanitiser import Sanitiser


class FakeFiles(OwnedFiles):
    """Contents in memory; `stored_at` is when all of them were stored."""

    def __init__(self, stored_at: datetime) -> None:
        self.contents: dict[str, bytes] = {}
        self.trusted: set[str] = set()
        self._stored: dict[str, StoredFile] = {}
        self._stored_at = stored_at

    async def put(self, file: StoredFile, content: bytes, media_type: str) -> None:  # noqa: ARG002 - as the real one
        self.contents[file.file_id] = content
        self._stored[file.file_id] = file

    async def read(self, file_id: str) -> AsyncIterator[bytes] | None:
        return _pieces(self.contents[file_id]) if file_id in self.contents else None

    async def remove(self, file_id: str) -> None:
        """Remove a content."""
        self.contents.pop(file_id, None)
        self._stored.pop(file_id, None)

    async def doubt(self, file_id: str) -> None:
        """Have it looked at."""
        self.trusted.discard(file_id)

    async def doubtful(self, before: datetime) -> Sequence[StoredFile]:
        """Return what is old and not trusted."""
        old = self._stored_at < before
        return [file for id, file in self._stored.items() if old and id not in self.trusted]

    async def trust(self, file_id: str) -> None:
        """Remember that it belongs."""
        self.trusted.add(file_id)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


class FakeSanitiser(Sanitiser):
    """Takes every file for clean."""

    async def sanitise(self, content: bytes, media_type: str, person: str) -> bytes:  # noqa: ARG002 - as the real one
        return content
