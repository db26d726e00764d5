"""Blocks and published heads. Both are only ever added."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING

from data_rights.domain.chain import Block, Head, block_id
from data_rights.store.accesses import Collection
from messaging.documents import Documents
from messaging.event import Change
from runtime.kernel import Database

BLOCKS = "blocks"
HEADS = "heads"


class ChainDocuments:
    """Blocks and heads, one document each, found by number: their ids sort as numbers do."""

    def __init__(self, blocks: Collection[Block], heads: Collection[Head]) -> None:
        self._blocks = blocks
        self._heads = heads

    @classmethod
    def of(cls, database: Database) -> ChainDocuments:
        """Open those of a database."""
        return cls(Documents(database, BLOCKS, Block), Documents(database, HEADS, Head))

    async def last(self) -> Block | None:
        """Read the last block."""
        found = await self._blocks.find({}, sort=[("_id", DESCENDING)], limit=1)
        return found[0] if found else None

    async def block(self, number: int) -> Block | None:
        """Read one."""
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
        return await self._heads.find({"_id": {"$gt": block_id(number)}}, sort=[("_id", ASCENDING)], limit=limit)

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
