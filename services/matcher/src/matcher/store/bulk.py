"""Reading and writing many documents at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from store.repository import Document, Write
from store.sealed_fields import SEALED, Sealer, seal_all

_DUPLICATE_KEY = 11000
_WRITE_CONFLICT = 112
_SOMEBODY_WAS_FASTER = {_DUPLICATE_KEY, _WRITE_CONFLICT}


async def write_many(vault: Sealer, collection: AsyncCollection[Document], writes: Sequence[Write]) -> bool:
    """Seal and write at once, outside of a transaction; False when somebody was faster with one of the documents."""
    if not writes:
        return True
    await seal_all(vault, (part for write in writes for part in write.sealing))
    try:
        result = await collection.bulk_write([write.operation for write in writes], ordered=False)
    except BulkWriteError as error:
        faults = (error.details or {}).get("writeErrors", ())
        if any(fault.get("code") not in _SOMEBODY_WAS_FASTER for fault in faults):
            raise
        return False
    return result.matched_count >= sum(write.must_match for write in writes)


async def read_all(
    collection: AsyncCollection[Document], at_once: int, *, in_full: bool = True
) -> AsyncIterator[Sequence[Document]]:
    """Read a whole collection, so many documents at a time; not `in_full`: without what is sealed."""
    batch: list[Document] = []
    async with collection.find({}, None if in_full else {SEALED: 0}, batch_size=at_once) as cursor:
        async for document in cursor:
            batch.append(document)
            if len(batch) == at_once:
                yield batch
                batch = []
    if batch:
        yield batch
