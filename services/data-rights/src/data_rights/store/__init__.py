"""Where the record, its chain and this service's copies are kept: the only part that knows MongoDB."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

from data_rights.domain.people import Guardianship, KnownPerson
from data_rights.store.accesses import ACCESSES, ENDED, HOLDER, AccessDocuments
from data_rights.store.chain import BLOCKS, HEADS, ChainDocuments, digests_of
from data_rights.store.corrections import CORRECTIONS, HOLDINGS, CorrectionDocuments, KnownCredentialDocuments
from data_rights.store.disputes import DISPUTES, DisputeDocuments
from data_rights.store.erasures import ERASURES, ErasureDocuments
from data_rights.store.exports import EXPORT_PARTS, EXPORTS, ExportDocuments
from privacy.erasure import Held
from privacy.holders import Holder
from store.repository import Database, Repository
from store.retention import Cascade

__all__ = [
    "CASCADES",
    "ENCRYPTED",
    "INDEXES",
    "AccessDocuments",
    "ChainDocuments",
    "CorrectionDocuments",
    "DisputeDocuments",
    "ErasureDocuments",
    "ExportDocuments",
    "KnownCredentialDocuments",
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
    PEOPLE: [IndexModel("index")],
    GUARDIANSHIPS: [],
}

_OF_HOLDERS = (ACCESSES, DISPUTES, CORRECTIONS, HOLDINGS, EXPORTS, ERASURES)
ENCRYPTED = {**dict.fromkeys(_OF_HOLDERS, HOLDER), PEOPLE: ("index",)}
"""Where blind indexes stand: encrypted in the store, the same always to the same."""

SEALED = {PEOPLE: ("of_age_on",)}
"""What describes people, beside what the other files of this folder seal: encrypted in the store."""

CASCADES: dict[str, Cascade] = {ACCESSES: digests_of}
"""What goes with a document whose term has ended: an entry of the record leaves its digest in the chain."""


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found; contents of exports go with their keys (`handlers.erasing`)."""
    return {**{place: {"holder": holder.index} for place in _OF_HOLDERS}, PEOPLE: {"_id": holder.resident_id}}


def people(database: Database) -> Repository[KnownPerson]:
    """Open the people."""
    return Repository(database, PEOPLE, KnownPerson, sealed=SEALED[PEOPLE], indexes=ENCRYPTED[PEOPLE])


def guardianships(database: Database) -> Repository[Guardianship]:
    """Open the guardianships."""
    return Repository(database, GUARDIANSHIPS, Guardianship)
