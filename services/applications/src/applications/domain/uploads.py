"""A scan that comes piece by piece: how far it is, what it is for, when it is whole.

The shape is that of "Resumable Uploads for HTTP" (IETF, draft-ietf-httpbis-resumable-upload). An upload is known by the
SHA-256 of its whole content: the same file, chosen again after a lost line or on another device, goes on where it was.
"""

from __future__ import annotations

from datetime import datetime

from applications.domain.record import Aggregate
from runtime.errors import Conflict, NotFound, Refusal, TooLarge

LARGEST = 40 * 1024 * 1024
"""Bytes of a scan that comes piece by piece."""

LARGEST_PIECE = 1024 * 1024
"""Bytes of one piece; the gateway keeps as much in memory, and so writes none to its disk."""

MOST_OPEN = 5
"""Unfinished uploads of one application."""


class ResumableUpload(Aggregate):
    """A scan on its way. `pieces` are the ids of what has come, `scan_id` what it became."""

    application_id: str
    resident_id: str
    requirement: str
    document_type: str
    name: str
    size: int
    sha256: str
    pieces: tuple[str, ...] = ()
    received: int = 0
    touched_at: datetime
    scan_id: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every byte has come."""
        return self.received == self.size

    @property
    def is_open(self) -> bool:
        """Whether it has not become a scan yet."""
        return self.scan_id is None

    def is_for(self, other: ResumableUpload) -> bool:
        """Tell whether it is the same content for the same document."""
        return (self.requirement, self.document_type, self.sha256, self.size) == (
            other.requirement,
            other.document_type,
            other.sha256,
            other.size,
        )

    def refuse_misplaced(self, offset: int, length: int) -> None:
        """Raise Conflict for a piece that begins elsewhere than the last one ended, TooLarge for one beyond the end."""
        if offset != self.received or (length and not self.is_open):
            raise Conflict("upload-offset", field="Upload-Offset", expected=self.received, actual=offset)
        if offset + length > self.size:
            raise TooLarge("upload-too-long", field="file", size=self.size)

    def with_piece(self, id: str, length: int, at: datetime) -> ResumableUpload:
        """Add a piece that has been stored."""
        return self.model_copy(
            update={"pieces": (*self.pieces, id), "received": self.received + length, "touched_at": at}
        )

    def taken(self, scan_id: str, at: datetime) -> ResumableUpload:
        """Note which scan it became; its pieces are no longer needed."""
        return self.model_copy(update={"pieces": (), "scan_id": scan_id, "touched_at": at})


def refuse_size(size: int) -> None:
    """Refuse what is empty or larger than a scan may be. Raises Refusal, TooLarge."""
    if size < 1:
        raise Refusal("scan-empty", field="size")
    if size > LARGEST:
        raise TooLarge("scan-too-large", field="size", most=LARGEST // 1024 // 1024)


def of_application(upload: ResumableUpload | None, application_id: str) -> ResumableUpload:
    """Return an upload if it is there and of this application. Raises NotFound."""
    if upload is None or upload.application_id != application_id:
        raise NotFound("unknown-upload")
    return upload
