"""Where evidence and items are kept: the only part that knows MongoDB."""

from __future__ import annotations

from pymongo import ASCENDING, IndexModel

from matcher.store import evidence
from matcher.store.evidence import EVIDENCE, EvidenceStore, held
from matcher.store.evidence_count import COUNTS
from matcher.store.mirror import MIRROR_LOADS, MirrorLoads
from matcher.store.rebuilt import RebuiltStore

__all__ = ["ENCRYPTED", "INDEXES", "ITEMS", "SEALED", "EvidenceStore", "MirrorLoads", "RebuiltStore", "held"]

ITEMS = "items"

ENCRYPTED = {EVIDENCE: evidence.INDEXES}
"""Where blind indexes stand: encrypted in the store, the same always to the same."""

SEALED = {EVIDENCE: evidence.SEALED}
"""What describes people: encrypted in the store."""

INDEXES: dict[str, list[IndexModel]] = {
    EVIDENCE: [
        IndexModel([("resident_id", ASCENDING)], name="resident"),
        IndexModel([("turns_on", ASCENDING)], name="turning"),
    ],
    COUNTS: [],
    ITEMS: [],
    MIRROR_LOADS: [],
    "guardianships": [],
    "presences": [],
}
