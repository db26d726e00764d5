"""One entry of the record: who used whose data, when, how, which documents, for which application, what for.

An entry's digest is the SHA-256 of its canonical JSON (sorted keys, no blanks, UTF-8), a random salt inside: whoever
holds only the digest learns nothing, also not by trying. An entry is never changed; its content may end, and then the
digest stays behind in the chain (`domain/chain.py`).
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import AwareDatetime

from data_rights.domain.record import Digest, RightsModel
from standards import hash_chain

RETENTION = "retention"
"""Why the content of an entry ends: its term has passed. Nothing else counts."""

SYSTEM = "system"
"""The role of what happens without a person."""


class AccessedBy(RightsModel):
    """Who it was: an account, what it is, and for which departments it acts."""

    subject: str
    role: str
    departments: tuple[str, ...] = ()


class SeenDocument(RightsModel):
    """A document that was seen or asked for."""

    document_type: str
    identifier: str | None = None


class Access(RightsModel):
    """An entry. `holder` is the blind index of whose data it is; `source` the service that said so.

    `how` is what services say (`privacy.access_log`), `disputed` (an entry: `access`), or `matched`: compared without a
    person, with a `result` (succeeded, failed). What a later release says is kept too, so both are texts. `block` is
    the number of the block that it is sealed in, None until then. `answers` is the question that a match answered, so
    that its answer is recorded once; where it is kept, not what is told.
    """

    id: str
    version: int = 0
    holder: str
    by: AccessedBy
    how: str
    what: str
    documents: tuple[SeenDocument, ...]
    application_id: str | None
    item: str | None
    purpose: str | None
    result: str | None = None
    source: str
    at: datetime
    salt: str
    block: int | None = None
    answers: str | None = None


class Ended(RightsModel):
    """What is kept of an entry when its content is not: that it was, in which block, why and when it ended."""

    id: str
    version: int = 0
    block: int
    digest: str
    why: str
    at: AwareDatetime


def access_id(event_id: str, holder: str, digest: Digest, requirement: str = "") -> str:
    """Return the id of the entry that an event is about: the same however often it arrives; ids sort by time.

    `requirement` tells apart what one event says of several documents.
    """
    return f"acc_{event_id}_{digest((holder + requirement).encode())[:8]}"


def earlier_id(event_id: str, holder: str) -> str:
    """Return the id that an earlier release gave the entry."""
    return f"acc_{event_id}_{sha256(holder.encode()).hexdigest()[:8]}"


def told(access: Access) -> dict[str, Any]:
    """Return an entry as it is hashed: everything but where it is kept, times in UTC with milliseconds."""
    said = access.model_dump(mode="json", exclude={"version", "at", "block", "answers"})
    return {**said, "at": hash_chain.stamp(access.at)}


def digest(access: Access) -> str:
    """Return the digest of an entry, in hex."""
    return hash_chain.digest(told(access))
