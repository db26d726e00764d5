"""Blind indexes that stand in a store in clear are encrypted under its own key, while the system runs.

A text is an index in clear, bytes are an encrypted one, and services find either. A document's version and content stay
as they are, and only one that has not changed since it was read is written; where the index is the document's id, it is
moved in one transaction. Killed at any moment it goes on when it is started again, and is done when a whole pass has
found nothing in clear.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
from pymongo import ASCENDING, DeleteOne, InsertOne, UpdateOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from store.repository import CODECS, Database, Document
from store.sealed_fields import encrypt_indexes

Places = Mapping[str, Sequence[str]]
"""The dotted paths of indexes, by collection; `id` is that of the document."""

AT_ONCE = 100
_WRITE_CONFLICT = 112

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """How many documents had an index in clear when it began, and how many have been encrypted since."""

    total: int = 0
    encrypted: int = 0


class TellsProgress(Protocol):
    """Is told how far it is."""

    def __call__(self, progress: Progress, /) -> None:
        """Show it."""


async def encrypt_all(database: Database, places: Places, tell: TellsProgress) -> int:
    """Encrypt the indexes of one service's database; return in how many documents.

    Raises BulkWriteError where two documents have the same person's index as their id, one in clear, one encrypted:
    a process of an earlier release still runs.
    """
    await database.vault.prepare()
    collections = [_Collection(database, name, paths) for name, paths in places.items()]
    progress = Progress(sum([await each.count() for each in collections]))
    left = True
    while left:
        left = False
        for collection in collections:
            async for page in collection.pages():
                left = True
                progress = replace(progress, encrypted=progress.encrypted + await collection.encrypt(page))
                tell(progress)
    log.info("indexes_encrypted", documents=progress.encrypted)
    return progress.encrypted


class _Collection:
    """One collection: what is in clear in it, and how that is encrypted."""

    def __init__(self, database: Database, name: str, paths: Sequence[str]) -> None:
        self._database = database
        self._collection: AsyncCollection[Document] = database.get_collection(name, codec_options=CODECS)
        self._paths = ["_id" if path == "id" else path for path in paths]
        self._fields = {path.partition(".")[0] for path in self._paths}
        self._in_clear: Document = {"$or": [{path: {"$type": "string", "$gt": ""}} for path in self._paths]}

    async def count(self) -> int:
        return await self._collection.count_documents(self._in_clear)

    async def pages(self) -> AsyncIterator[list[Document]]:
        """Read what is in clear, by id, so many documents at a time."""
        shown = None if self._moves else {"version": 1, **dict.fromkeys(self._fields, 1)}
        behind: Document = {}
        while page := await self._page({**self._in_clear, **behind}, shown):
            yield page
            behind = {"_id": {"$gt": page[-1]["_id"], "$type": "string"}}

    async def encrypt(self, page: Sequence[Document]) -> int:
        """Encrypt what has not changed since it was read; return how many documents that were."""
        after = deepcopy(page)
        for document in after:
            encrypt_indexes(document, self._paths, self._database.vault)
        if self._moves:
            return await self._move_all(page, after)
        changes = [
            UpdateOne(_as_read(old), {"$set": {name: new[name] for name in self._fields if name in new}})
            for old, new in zip(page, after, strict=True)
        ]
        return (await self._collection.bulk_write(changes, ordered=False)).modified_count

    @property
    def _moves(self) -> bool:
        """Whether the index is the id, which no document can change."""
        return "_id" in self._fields

    async def _page(self, wanted: Document, shown: Document | None) -> list[Document]:
        return await self._collection.find(wanted, shown, sort=[("_id", ASCENDING)], limit=AT_ONCE).to_list()

    async def _move_all(self, before: Sequence[Document], after: Sequence[Document]) -> int:
        """Move them in one transaction, or, where one of them is just being changed, each in its own."""
        if await self._move(before, after):
            return len(before)
        moved = [await self._move([old], [new]) for old, new in zip(before, after, strict=True)]
        return sum(moved)

    async def _move(self, before: Sequence[Document], after: Sequence[Document]) -> bool:
        async def write(session: AsyncClientSession) -> None:
            removed = await self._collection.bulk_write([DeleteOne(_as_read(old)) for old in before], session=session)
            if removed.deleted_count < len(before):
                raise _ChangedError
            await self._collection.bulk_write([InsertOne(new) for new in after], session=session)

        try:
            async with self._database.client.start_session() as session:
                await session.with_transaction(
                    write, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
                )
        except _ChangedError:
            return False
        except OperationFailure as error:
            if error.code != _WRITE_CONFLICT:
                raise
            return False
        return True


class _ChangedError(Exception):
    """A document is not the one any more that was read; the next pass finds it."""


def _as_read(document: Document) -> Document:
    return {"_id": document["_id"], "version": document["version"]}


def fraction(progress: Progress) -> float:
    """Return how far it is, from 0 to 1."""
    return min(1.0, progress.encrypted / max(progress.total, 1))


def places_of(store: Any) -> Places:  # noqa: ANN401 - a module
    """Return what a service's store says of its indexes, be it that it keeps none."""
    places: Places = store.ENCRYPTED
    return places
