"""The record as it lies in the store, for checking it: nothing that was written there may stop the walk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic

from bson.codec_options import DatetimeConversion
from pymongo import ASCENDING

from data_rights.domain.access import Access, Ended
from data_rights.domain.chain import Block, Head, block_id
from data_rights.store.accesses import ACCESSES, ENDED, accesses_in
from data_rights.store.chain import BLOCKS, HEADS
from store.field_encryption import VaultError
from store.repository import CODECS, Database, Document, Repository, StoredT, batched

_CODECS = CODECS.with_options(datetime_conversion=DatetimeConversion.DATETIME_AUTO)
"""A moment that no calendar has is read as a number, and refused as that by its model."""


class UnreadableError(Exception):
    """A document that no release of this service wrote; its id."""

    def __init__(self, id: object) -> None:
        super().__init__(str(id))
        self.id = str(id)


class Walk:
    """Reads blocks, heads, entries and what was left of entries. Raises UnreadableError where it says so."""

    def __init__(self, database: Database) -> None:
        self._accesses = database.get_collection(ACCESSES, codec_options=_CODECS)
        self._read_access = _Reading(accesses_in(database))
        self._ended = database.get_collection(ENDED, codec_options=_CODECS)
        self._read_ended = _Reading(Repository(database, ENDED, Ended))
        self._blocks = database.get_collection(BLOCKS, codec_options=_CODECS)
        self._read_block = _Reading(Repository(database, BLOCKS, Block))
        self._heads = database.get_collection(HEADS, codec_options=_CODECS)
        self._read_head = _Reading(Repository(database, HEADS, Head))

    async def heads(self) -> Sequence[Head]:
        """Read all published heads. Raises UnreadableError."""
        return await self._read_head.all_of(await self._heads.find({}).to_list())

    async def blocks_after(self, number: int, limit: int) -> Sequence[Block]:
        """Read the blocks that follow, in order, up to one that can't be read. Raises UnreadableError if it is next."""
        found = await self._blocks.find({"_id": {"$gt": block_id(number)}}).sort("_id", ASCENDING).to_list(limit)
        read = await self._read_block.those_of(found)
        if found and not read:
            raise UnreadableError(found[0]["_id"])
        return read

    async def placed(self, block: int) -> Sequence[Access]:
        """Read the entries that say they are in a block. Raises UnreadableError."""
        return await self._read_access.all_of(await self._accesses.find({"block": block}).to_list())

    async def ended(self, ids: Sequence[str]) -> Mapping[str, Ended]:
        """Return what was left of entries without content; what can't be read is as if it were not there."""
        found = [each for some in batched(ids) for each in await self._ended.find({"_id": {"$in": some}}).to_list()]
        return {each.id: each for document in found for each in await self._read_ended.those_of([document])}

    async def outside(self, last: int) -> str | None:
        """Return the id of an entry that says it is in a block, and in none of those up to the last."""
        inside = {"block": {"$type": ["int", "long"], "$gte": 1, "$lte": last}}
        found = await self._accesses.find_one({"$nor": [{"block": None}, inside]}, {"_id": 1})
        if found is None:
            found = await self._accesses.find_one({"block": {"$type": "array"}}, {"_id": 1})
        return None if found is None else str(found["_id"])


class _Reading(Generic[StoredT]):
    def __init__(self, documents: Repository[StoredT]) -> None:
        self._documents = documents

    async def all_of(self, found: Sequence[Document]) -> Sequence[StoredT]:
        return [await self._one(each) for each in found]

    async def those_of(self, found: Sequence[Document]) -> Sequence[StoredT]:
        read = list[StoredT]()
        for each in found:
            try:
                read.append(await self._one(each))
            except UnreadableError:
                break
        return read

    async def _one(self, document: Document) -> StoredT:
        try:
            read: StoredT = await self._documents.read(document)
        except (VaultError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise UnreadableError(document["_id"]) from error
        return read
