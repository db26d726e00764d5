"""The contents of scans, in a bucket of their own: a file's id is the scan's."""

from __future__ import annotations

from runtime.kernel import Database
from runtime.scans.files import OwnedFiles

BUCKET = "scans"


class GridFiles(OwnedFiles):
    """Scans, each handed in for an application."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, BUCKET, owner="application_id")
