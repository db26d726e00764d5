"""Signed forms, each at its place in a status list, and who gives out the places."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from pymongo import DESCENDING
from pymongo.errors import DuplicateKeyError

from bus.event import Change
from credential_store.domain.credential import CredentialPlace
from credential_store.domain.signed import SignedVersion
from credential_store.domain.status_list import ENTRIES, Purpose, StatusList
from store.repository import Database, Repository

SIGNED = "signed-credentials"
SEALED = {SIGNED: ("text",)}
STATUS_LISTS = "status-lists"
_AT_ONCE = 256
"""Places that a process takes for itself; those that it does not come to use stay empty."""


class SignedDocuments:
    """Signed forms, one document each."""

    def __init__(self, collection: Repository[SignedVersion]) -> None:
        self._collection = collection

    async def get(self, id: str) -> SignedVersion | None:
        """Return the one at a place."""
        return await self._collection.get(id)

    def save(self, version: SignedVersion) -> Change:
        return self._collection.save(version)

    def mark(self, place: CredentialPlace, marks: Sequence[Purpose]) -> Change:
        """Prepare to set the bits of a place anew; who changes its credential is alone, so nothing is compared."""
        return self._collection.set_fields(place.id, marks=list(marks))

    async def marked(self, number: int, purpose: Purpose) -> Sequence[int]:
        """Return the places of a list whose bits are set."""
        return await self._collection.values({"marks": purpose, "list": number}, "index")


class PlaceDocuments:
    """Status lists, one document each. A process takes many places at once and gives them out one by one."""

    def __init__(self, database: Database) -> None:
        self._documents = Repository(database, STATUS_LISTS, StatusList)
        self._collection = database[STATUS_LISTS]
        self._ours: deque[CredentialPlace] = deque()
        self._taking = asyncio.Lock()

    async def next(self) -> CredentialPlace:
        """Return one that nobody else gets."""
        async with self._taking:
            while not self._ours:
                self._ours.extend(await self._take())
            return self._ours.popleft()

    async def has(self, number: int) -> bool:
        """Tell whether there is such a list."""
        return await self._documents.get(str(number)) is not None

    async def _take(self) -> Sequence[CredentialPlace]:
        """Return the next places of the newest list, none when another process was faster."""
        newest = await self._documents.find({}, sort=[("number", DESCENDING)], limit=1)
        if not newest or newest[0].taken >= ENTRIES:
            await self._begin(newest[0].number + 1 if newest else 1)
            return ()
        found = newest[0]
        seen = {"_id": found.id, "taken": found.taken}
        taken = await self._collection.update_one(seen, {"$inc": {"taken": _AT_ONCE, "version": 1}})
        if not taken.matched_count:
            return ()
        return [found.place(count) for count in range(found.taken, found.taken + _AT_ONCE)]

    async def _begin(self, number: int) -> None:
        new = StatusList.new(number).model_dump()
        new["_id"] = new.pop("id")
        with suppress(DuplicateKeyError):  # another process has begun it
            await self._collection.insert_one(new)


def signed_in(database: Database) -> SignedDocuments:
    """Return the signed forms of a database."""
    return SignedDocuments(Repository(database, SIGNED, SignedVersion, sealed=SEALED[SIGNED]))
