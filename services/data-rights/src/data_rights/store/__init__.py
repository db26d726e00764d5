"""Where the record, its chain and this service's copies are kept: the only part that knows MongoDB."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

from data_rights.domain.people import Guardianship, Person
from data_rights.store.accesses import ACCESSES, ENDED, AccessDocuments
from data_rights.store.chain import BLOCKS, HEADS, ChainDocuments, digests_of
from data_rights.store.corrections import CORRECTIONS, HOLDINGS, CorrectionDocuments, HoldingDocuments
from data_rights.store.disputes import DISPUTES, DisputeDocuments
from data_rights.store.erasures import ERASURES, ErasureDocuments
from data_rights.store.exports import EXPORT_PARTS, EXPORTS, ExportDocuments
from messaging.documents import Documents
from runtime.erasing import Held
from runtime.holders import Holder
from runtime.kernel import Database
from runtime.retention import Belongings

__all__ = [
    "BELONGINGS",
    "INDEXES",
    "AccessDocuments",
    "ChainDocuments",
    "CorrectionDocuments",
    "DisputeDocuments",
    "ErasureDocuments",
    "ExportDocuments",
    "HoldingDocuments",
    "guardianships",
    "held",
    "people",
]

PEOPLE = "people"
GUARDIANSHIPS = "guardianships"

INDEXES: dict[str, list[IndexModel]] = {
    ACCESSES: [
        IndexModel([("holder", ASCENDING), ("_id", DESCENDING)], name="holder"),
        IndexModel([("block", ASCENDING), ("_id", ASCENDING)], name="block"),
        IndexModel([("answers", ASCENDING)], name="answers", partialFilterExpression={"answers": {"$gt": ""}}),
    ],
    ENDED: [],
    DISPUTES: [IndexModel([("holder", ASCENDING), ("_id", DESCENDING)], name="holder")],
    CORRECTIONS: [
        IndexModel([("holder", ASCENDING), ("order", DESCENDING)], name="holder"),
        IndexModel([("place", ASCENDING)], name="place"),
    ],
    HOLDINGS: [IndexModel([("holder", ASCENDING), ("document_type", ASCENDING)], name="holder")],
    EXPORTS: [
        IndexModel([("holder", ASCENDING), ("_id", DESCENDING)], name="holder"),
        IndexModel([("ends_at", ASCENDING)], name="due"),
    ],
    EXPORT_PARTS: [],
    ERASURES: [IndexModel([("holder", ASCENDING), ("_id", DESCENDING)], name="holder")],
    BLOCKS: [],
    HEADS: [],
    PEOPLE: [],
    GUARDIANSHIPS: [],
}

BELONGINGS: dict[str, Belongings] = {ACCESSES: digests_of}
"""What goes with a document whose term has ended: an entry of the record leaves its digest in the chain."""


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found; contents of exports go with their keys (`handlers.erasing`)."""
    of_holders = (ACCESSES, DISPUTES, CORRECTIONS, HOLDINGS, EXPORTS, ERASURES)
    return {**{place: {"holder": holder.index} for place in of_holders}, PEOPLE: {"_id": holder.resident_id}}


def people(database: Database) -> Documents[Person]:
    """Open the people."""
    return Documents(database, PEOPLE, Person)


def guardianships(database: Database) -> Documents[Guardianship]:
    """Open the guardianships."""
    return Documents(database, GUARDIANSHIPS, Guardianship)
