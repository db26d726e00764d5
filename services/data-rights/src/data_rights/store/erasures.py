"""Erasures, one document each, found by whose data it is."""

from __future__ import annotations

from data_rights.domain.erasure import Erasure
from data_rights.store.accesses import HOLDER
from data_rights.store.holders import HoldersDocuments
from store.repository import Database, Repository

ERASURES = "erasures"


class ErasureDocuments(HoldersDocuments[Erasure]):
    """What was asked for and answered; nothing in it describes anybody."""

    @classmethod
    def of(cls, database: Database) -> ErasureDocuments:
        return cls(Repository(database, ERASURES, Erasure, indexes=HOLDER))
