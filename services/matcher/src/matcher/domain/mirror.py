"""A bulk load of the city mirror: how far it has come."""

from __future__ import annotations

from datetime import datetime

from matcher.domain.evidence import Piece


class MirrorLoad(Piece):
    """The load of a file with one content; `id` is the content's SHA-256.

    `offset` is the byte after the last line that is safely stored, `rejected_bytes` how long the file of bad lines was
    then: a load that was interrupted goes on from there.
    """

    id: str
    version: int = 0
    file: str
    size: int
    offset: int = 0
    lines: int = 0
    changed: int = 0
    rejected: int = 0
    rejected_bytes: int = 0
    begun_at: datetime
    ended_at: datetime | None = None
