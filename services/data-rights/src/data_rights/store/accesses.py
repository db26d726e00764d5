"""The entries of the record. They are added, put into a block once, and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pymongo import ASCENDING, DESCENDING, UpdateOne

from data_rights.domain.access import Access, Ended
from data_rights.domain.asked import Asked
from messaging.documents import Documents, Write
from messaging.event import Change
from runtime.kernel import Database

ACCESSES = "accesses"
ENDED = "ended-accesses"
SEALED = ("purpose", "salt")
"""What somebody wrote, and what keeps a digest from being guessed: encrypted in the store."""

StoredT = TypeVar("StoredT")
Filter = dict[str, Any]


class Collection(Protocol[StoredT]):
    """What is needed of a collection of aggregates, the real one (`messaging.documents`) or a fake."""

    async def get(self, id: str) -> StoredT | None:
        """Read one by its id."""

    async def many(self, ids: Sequence[str]) -> dict[str, StoredT]:
        """Read those that there are of these ids."""

    async def find(
        self,
        filter: Mapping[str, Any],  # noqa: A002 - pymongo's own name
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[StoredT]:
        """Read all that match."""

    def save(self, document: StoredT) -> Change:
        """Prepare a write."""

    def add_unless(self, there: Mapping[str, Any], document: StoredT) -> Change:
        """Prepare the write of a new one, unless one with these values is there."""

    def remove(self, document: StoredT) -> Change:
        """Prepare a removal."""


class AccessDocuments:
    """Entries, one document each; found by whose data it is, and by the block that they are in."""

    def __init__(self, collection: Collection[Access], ended: Collection[Ended]) -> None:
        self._collection = collection
        self._ended = ended

    @classmethod
    def of(cls, database: Database) -> AccessDocuments:
        """Open those of a database."""
        return cls(Documents(database, ACCESSES, Access, sealed=SEALED), Documents(database, ENDED, Ended))

    async def get(self, id: str) -> Access | None:
        """Read one."""
        return await self._collection.get(id)

    async def many(self, ids: Sequence[str]) -> dict[str, Access]:
        """Read those that there are of these ids."""
        return await self._collection.many(ids)

    async def page(self, holder: str, asked: Asked, *, before: str | None, limit: int) -> Sequence[Access]:
        """Read those about a holder that are asked for, the latest first (ids sort by time), beginning before an id."""
        wanted: Filter = {"holder": holder, **conditions(asked)}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        return await self._collection.find(wanted, sort=[("_id", DESCENDING)], limit=limit)

    async def waiting(self, limit: int) -> Sequence[Access]:
        """Read those that are in no block yet, the earliest first."""
        return await self._collection.find({"block": None}, sort=[("_id", ASCENDING)], limit=limit)

    async def ended(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the digests of those of which nothing else is kept any more, by id."""
        found = await self._ended.many(ids)
        return {each.id: each.digest for each in found.values()}

    def add(self, access: Access) -> Change:
        """Prepare the write of a new one, in no block yet: once, and of the answers to one question the first."""
        there = {"_id": access.id}
        if access.answers is not None:
            there = {"holder": access.holder, "answers": access.answers}
        return self._collection.add_unless(there, access)

    def place(self, id: str, block: int) -> Change:
        """Prepare to put one that is in no block into one; refused at the commit when it is in one by then."""
        return Write(ACCESSES, UpdateOne({"_id": id, "block": None}, {"$set": {"block": block}}), must_match=1)


def conditions(asked: Asked) -> Filter:
    """Return a question as the store understands it."""
    named = {
        "by.subject": asked.by,
        "by.departments": asked.department,
        "documents.document_type": asked.document_type,
        "application_id": asked.application_id,
        "how": asked.how,
    }
    limits = {name: at for name, at in (("$gte", asked.since), ("$lt", asked.until)) if at is not None}
    return {name: value for name, value in named.items() if value is not None} | ({"at": limits} if limits else {})
