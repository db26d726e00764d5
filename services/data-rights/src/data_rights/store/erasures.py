"""Erasures, one document each, found by whose data it is."""

from __future__ import annotations

from data_rights.domain.erasure import Erasure
from data_rights.store.holders import HoldersDocuments
from messaging.documents import Documents
from runtime.kernel import Database

ERASURES = "erasures"


class ErasureDocuments(HoldersDocuments[Erasure]):
    """What was asked for and answered; nothing in it describes anybody."""

    @classmethod
    def of(cls, database: Database) -> ErasureDocuments:
        """Open those of a database."""
        return cls(Documents(database, ERASURES, Erasure))
