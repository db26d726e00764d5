"""Where credentials, their signed forms and handed-over files are kept: the only part that knows MongoDB."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

from credential_store.store import credentials, hand_overs, signed
from credential_store.store.credentials import (
    CREDENTIALS,
    ENCRYPTED,
    GUARDIANSHIPS,
    HOLDINGS,
    PROOFS,
    SUBMISSIONS,
    CredentialDocuments,
    HeldCredentialDocuments,
    credentials_in,
    held,
    holdings_in,
    proofs_in,
    submissions_in,
)
from credential_store.store.files import ARRIVALS, HandOverFiles
from credential_store.store.hand_overs import HAND_OVERS, REFUSED_LINES, HandOverDocuments, refused_lines_of
from credential_store.store.signed import SIGNED, STATUS_LISTS, PlaceDocuments, SignedDocuments, signed_in
from store.retention import Cascade

__all__ = [
    "CASCADES",
    "CREDENTIALS",
    "ENCRYPTED",
    "INDEXES",
    "SEALED",
    "CredentialDocuments",
    "HandOverDocuments",
    "HandOverFiles",
    "HeldCredentialDocuments",
    "PlaceDocuments",
    "SignedDocuments",
    "credentials_in",
    "held",
    "holdings_in",
    "proofs_in",
    "signed_in",
    "submissions_in",
]

CASCADES: dict[str, Cascade] = {HAND_OVERS: refused_lines_of}
"""What goes with a document whose term has ended."""

SEALED = {**credentials.SEALED, **hand_overs.SEALED, **signed.SEALED}

INDEXES: dict[str, list[IndexModel]] = {
    CREDENTIALS: [
        IndexModel([("holder.index", ASCENDING)], name="holder"),
        IndexModel([("holder.resident_id", ASCENDING)], name="resident"),
        IndexModel([("expires_on", ASCENDING)], name="due"),
    ],
    HOLDINGS: [],
    GUARDIANSHIPS: [],
    SUBMISSIONS: [IndexModel([("index", ASCENDING)], name="holder")],
    PROOFS: [IndexModel([("index", ASCENDING)], name="holder")],
    SIGNED: [IndexModel([("marks", ASCENDING), ("list", ASCENDING)], name="marked")],
    STATUS_LISTS: [],
    HAND_OVERS: [
        IndexModel([("department", ASCENDING), ("number", DESCENDING)], name="department"),
        IndexModel([("is_kept", ASCENDING)], name="kept"),
    ],
    REFUSED_LINES: [IndexModel([("hand_over", ASCENDING), ("line", ASCENDING)], name="lines")],
    ARRIVALS: [],
}
