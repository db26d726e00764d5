"""The contents of scans, and the pieces of those on their way, each in a bucket of their own: a file's id is theirs."""

from __future__ import annotations

from scans.files import OwnedFiles
from store.repository import Database

BUCKET = "scans"
PIECES = "upload_pieces"


class ScanFiles(OwnedFiles):
    """Scans, each handed in for an application."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, BUCKET, owner="application_id")


class GridPieces(OwnedFiles):
    """Pieces of scans that are still coming, each of an upload."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, PIECES, owner="upload_id")
