"""Blocks, published heads, and the digests that ended entries leave. All are only ever added."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING

from bus.event import Change
from data_rights.domain.access import RETENTION, Ended, digest
from data_rights.domain.chain import Block, Head, block_id, due
from data_rights.store.accesses import ENDED, accesses_in
from runtime.clock import utc_now
from store.repository import CODECS, Database, Document, Repository, Write

BLOCKS = "blocks"
HEADS = "heads"


class ChainDocuments:
    """Blocks and heads, one document each, found by number: their ids sort as numbers do."""

    def __init__(self, blocks: Repository[Block], heads: Repository[Head]) -> None:
        self._blocks = blocks
        self._heads = heads

    @classmethod
    def of(cls, database: Database) -> ChainDocuments:
        return cls(Repository(database, BLOCKS, Block), Repository(database, HEADS, Head))

    async def last(self) -> Block | None:
        found = await self._blocks.find({}, sort=[("_id", DESCENDING)], limit=1)
        return found[0] if found else None

    async def block(self, number: int) -> Block | None:
        return await self._blocks.get(block_id(number))

    async def after(self, number: int, limit: int) -> Sequence[Block]:
        """Read the blocks that follow a number, in order."""
        return await self._blocks.find({"_id": {"$gt": block_id(number)}}, sort=[("_id", ASCENDING)], limit=limit)

    async def last_head(self) -> Head | None:
        """Read the head that was published last."""
        found = await self._heads.find({}, sort=[("_id", DESCENDING)], limit=1)
        return found[0] if found else None

    async def head_at(self, number: int) -> Head | None:
        """Read the first published head that covers a block."""
        found = await self._heads.find({"_id": {"$gte": block_id(number)}}, sort=[("_id", ASCENDING)], limit=1)
        return found[0] if found else None

    async def heads_after(self, number: int, limit: int) -> Sequence[Head]:
        """Read the published heads that follow a number, in order."""
        return await self._heads.find({"_id": {"$gte": block_id(number + 1)}}, sort=[("_id", ASCENDING)], limit=limit)

    async def heads_before(self, number: int | None, limit: int) -> Sequence[Head]:
        """Read the published heads before a number, the latest first."""
        before = {} if number is None else {"_id": {"$lt": block_id(number)}}
        return await self._heads.find(before, sort=[("_id", DESCENDING)], limit=limit)

    def add(self, block: Block) -> Change:
        """Prepare the write of a new block; refused at the commit when there is one of that number."""
        return self._blocks.save(block)

    def publish(self, head: Head) -> Change:
        """Prepare the write of a head; refused at the commit when it is there."""
        return self._heads.save(head)


async def digests_of(database: Database, accesses: Sequence[Document]) -> Sequence[Write] | None:
    """Prepare that entries whose term has ended leave their digests.

    One that is in no block yet can't go, nor one before the term that its block promised: it may have come late, or the
    declared term is shorter now.
    """
    read, ended = accesses_in(database).read, Repository(database, ENDED, Ended)
    blocks = database.get_collection(BLOCKS, codec_options=CODECS)
    left, now = list[Write](), utc_now()
    for entry in [await read(access) for access in accesses]:
        block = await blocks.find_one({"_id": block_id(entry.block or 0)}, {"at": 1, "term": 1})
        if entry.block is None or block is None or now < due(block["at"], block.get("term")):
            return None
        digested = Ended(id=entry.id, block=entry.block, digest=digest(entry), why=RETENTION, at=now)
        left.append(ended.save(digested))
    return left
