"""The entries of the record. They are added, put into a block once, and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, UpdateOne

from bus.event import Change
from data_rights.domain.access import Access, Ended
from data_rights.domain.asked import ServiceRequest
from store.repository import Database, Repository, Write

ACCESSES = "accesses"
ENDED = "ended-accesses"
SEALED = ("purpose", "salt")
"""What somebody wrote, and what keeps a digest from being guessed: encrypted in the store."""

HOLDER = ("holder",)
"""Where the blind index stands in what is kept about holders: encrypted, the same always to the same."""

Filter = dict[str, Any]


class AccessDocuments:
    """Entries, one document each; found by whose data it is, and by the block that they are in."""

    def __init__(self, collection: Repository[Access], ended: Repository[Ended]) -> None:
        self._collection = collection
        self._ended = ended

    @classmethod
    def of(cls, database: Database) -> AccessDocuments:
        return cls(accesses_in(database), Repository(database, ENDED, Ended))

    async def get(self, id: str) -> Access | None:
        return await self._collection.get(id)

    async def many(self, ids: Sequence[str]) -> dict[str, Access]:
        return await self._collection.many(ids)

    async def page(self, holder: str, asked: ServiceRequest, *, before: str | None, limit: int) -> Sequence[Access]:
        """Read those about a holder that are asked for, the latest first (ids sort by time), beginning before an id."""
        wanted: Filter = {"holder": holder, **conditions(asked)}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        return await self._collection.find(wanted, sort=[("_id", DESCENDING)], limit=limit)

    async def waiting(self, limit: int) -> Sequence[Access]:
        """Read those that are in no block yet, the earliest first."""
        return await self._collection.find({"block": None}, sort=[("_id", ASCENDING)], limit=limit)

    async def count_waiting(self, most: int) -> int:
        """Count those that are in no block yet, up to so many."""
        return await self._collection.count({"block": None}, most=most)

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


def accesses_in(database: Database) -> Repository[Access]:
    """Open the entries."""
    return Repository(database, ACCESSES, Access, sealed=SEALED, indexes=HOLDER)


def conditions(asked: ServiceRequest) -> Filter:
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
