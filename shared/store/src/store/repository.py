"""Aggregates in MongoDB: read by id together with whoever else is reading, saved only if nobody else changed them.

What describes a person is sealed on its way to the store and opened on its way back; nobody else here sees it closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from bson.codec_options import CodecOptions, TypeRegistry
from pymongo import AsyncMongoClient, DeleteOne, IndexModel, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from bus.event import Change
from store.sealed_fields import (
    SEALED,
    Clear,
    Sealer,
    as_stored,
    decrypt_indexes,
    encrypt_indexes,
    name_of,
    opened,
    take,
    touches,
)

Document = dict[str, Any]
Operation = InsertOne[Document] | ReplaceOne[Document] | UpdateOne | UpdateMany | DeleteOne


class Stored(Protocol):
    """What an aggregate must have; `version` 0 is one that has not been stored yet."""

    @property
    def id(self) -> str:
        """The key under which it is stored."""

    @property
    def version(self) -> int:
        """How often it has been stored."""

    def model_dump(self, *, mode: str = "python") -> Document:
        """Turn it into a document, as pydantic does."""

    @classmethod
    def model_validate(cls, obj: Any, /) -> Any:  # noqa: ANN401 - pydantic's own signature
        """Build it from a document, as pydantic does."""


class Database(AsyncDatabase[Document]):
    """One service's database, with the vault that seals what describes people in it."""

    def __init__(self, client: AsyncMongoClient[Document], name: str, vault: Sealer) -> None:
        super().__init__(client, name)
        self.vault = vault
        self._in_clear: dict[tuple[str, str], bool] = {}

    async def has_in_clear(self, collection: str, path: str) -> bool:
        """Return whether an earlier release left a blind index in clear there; looked at once, as none is added."""
        place = (collection, path)
        if place not in self._in_clear:
            self._in_clear[place] = await self[collection].find_one({path: {"$gt": ""}}, {"_id": 1}) is not None
        return self._in_clear[place]


_AT_ONCE = 1000
_NAMESPACE_EXISTS = 48

StoredT = TypeVar("StoredT", bound=Stored)


Indexes = Mapping[str, Sequence[IndexModel]]


@dataclass(frozen=True, slots=True)
class Write(Change):
    """One operation on one collection; `must_match` is how many documents it has to find as they were read.

    `sealing` are the parts of its document in which `sealed` is still clear: the commit seals them.
    """

    collection: str
    operation: Operation
    must_match: int = 0
    sealing: Sequence[Document] = ()


def _encode(value: object) -> object:
    """Store what BSON has no type for: dates as ISO 8601 text, sets as sorted lists."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    message = f"can't be stored: {type(value).__name__}"
    raise TypeError(message)


CODECS: CodecOptions[Document] = CodecOptions(tz_aware=True, type_registry=TypeRegistry(fallback_encoder=_encode))


async def ensure_collections(database: AsyncDatabase[Document], names: Iterable[str]) -> None:
    """Create the collections that are missing; another process may do the same at the same time."""
    existing = await database.list_collection_names()
    for name in set(names).difference(existing):
        try:
            await database.create_collection(name, check_exists=False)
        except OperationFailure as error:
            if error.code != _NAMESPACE_EXISTS:
                raise


class Repository(Generic[StoredT]):
    """One collection of one kind of aggregate.

    `sealed` are the dotted paths of what describes a person in it, `indexes` those of blind indexes: they are encrypted
    so that equal ones stay equal. What an earlier release stored in clear is found all the same; where it left nothing,
    no question holds an index in clear, as the store writes slow and interrupted ones to its log.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        model: type[StoredT],
        *,
        sealed: Sequence[str] = (),
        indexes: Sequence[str] = (),
    ) -> None:
        self._collection: AsyncCollection[Document] = database.get_collection(name, codec_options=CODECS)
        self._database = database
        self._vault = database.vault
        self._name = name
        self._model = model
        self._sealed = sealed
        self._indexes = ["_id" if path == "id" else path for path in indexes]
        fields = getattr(model, "model_fields", sealed)
        if sealed and SEALED in fields:
            raise ValueError(f"{name}: {model.__name__} has a field of its own where what is sealed goes")
        if unknown := [path for path in sealed if path.partition(".")[0] not in fields]:
            raise ValueError(f"{name}: {model.__name__} has no {', '.join(unknown)} to be sealed")
        self._is_ready = not self._indexes
        self._in_clear_at = set(self._indexes)
        self._wanted: dict[str, asyncio.Future[Document | None]] = {}
        self._fetching: asyncio.Task[None] | None = None

    async def get(self, id: str) -> StoredT | None:
        """Read one aggregate by its id, or None. Whatever is asked for during a query shares the next one."""
        future = self._wanted.get(id)
        if future is None:
            future = self._wanted[id] = asyncio.get_running_loop().create_future()
            if self._fetching is None:
                self._fetching = asyncio.create_task(self._fetch())
        found = await asyncio.shield(future)
        return None if found is None else self._built(found)

    async def many(self, ids: Sequence[str]) -> dict[str, StoredT]:
        """Read the aggregates that there are of these ids."""
        found = [await self.read(document) async for document in self._of(ids)]
        return {each.id: each for each in found}

    async def find(
        self,
        filter: Mapping[str, Any],  # noqa: A002 - pymongo's own name
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[StoredT]:
        """Read all aggregates that match, in order; `limit` 0 is no limit.

        Raises ValueError for a question about what is sealed: the store could not answer it.
        """
        self._refuse_sealed(*filter, *(name for name, _ in sort))
        await self._prepare(filter)
        cursor = self._collection.find(self._asked(filter), limit=limit)
        if sort:
            cursor = cursor.sort(list(sort))
        return [await self.read(found) async for found in cursor]

    async def values(self, filter: Mapping[str, Any], field: str) -> list[Any]:  # noqa: A002 - as above
        """Read one field of all aggregates that match, and nothing else of them. Raises ValueError as `find` does."""
        self._refuse_sealed(*filter, field)
        await self._prepare(filter)
        return [self._in_clear(found)[field] async for found in self._collection.find(self._asked(filter), {field: 1})]

    async def rows(self, filter: Mapping[str, Any], *fields: str) -> list[Document]:  # noqa: A002 - as above
        """Read the ids and some fields of all aggregates that match. Raises ValueError as `find` does."""
        self._refuse_sealed(*filter, *fields)
        await self._prepare(filter)
        found = self._collection.find(self._asked(filter), dict.fromkeys(fields, 1))
        return [self._in_clear(each) async for each in found]

    async def count(self, filter: Mapping[str, Any], *, most: int) -> int:  # noqa: A002 - as above
        """Count the aggregates that match, up to so many. Raises ValueError as `find` does."""
        self._refuse_sealed(*filter)
        await self._prepare(filter)
        return await self._collection.count_documents(self._asked(filter), limit=most)

    def save(self, document: StoredT) -> Write:
        """Prepare the write of one aggregate as its next version; refused at the commit if somebody was faster."""
        stored, sealing = self._stored(document)
        if document.version == 0:
            return Write(self._name, InsertOne(stored), sealing=sealing)
        del stored["_id"]  # it stays the one that was read
        return Write(self._name, ReplaceOne(self._read(document), stored), must_match=1, sealing=sealing)

    def add_unless(self, there: Mapping[str, Any], document: StoredT) -> Write:
        """Prepare the write of a new aggregate, unless one with these values is there by then: nothing is read before.

        Raises ValueError for values that are sealed: the store can't compare them.
        """
        self._refuse_sealed(*there)
        stored, sealing = self._stored(document)
        unless = UpdateOne(self._asked(there), {"$setOnInsert": stored}, upsert=True)
        return Write(self._name, unless, sealing=sealing)

    def _stored(self, document: StoredT) -> tuple[Document, Sequence[Document]]:
        """Return an aggregate as the store keeps it, and what of that is still to be sealed."""
        stored = document.model_dump(mode="python")
        stored["_id"] = stored.pop("id")
        stored["version"] = document.version + 1
        if self._sealed:
            stored[SEALED] = Clear(take(stored, self._sealed), name_of(self._name, document.id))
        encrypt_indexes(stored, self._indexes, self._vault)
        return stored, (stored,) if self._sealed else ()

    def set_fields(self, id: str, **fields: object) -> Write:
        """Prepare to set some fields of one aggregate without having read it: what is not there stays away.

        Raises ValueError for one that is sealed: that is only sealed together with the others.
        """
        self._refuse_sealed(*fields)
        encrypt_indexes(fields, self._indexes, self._vault)
        return Write(self._name, UpdateOne(self._asked({"_id": id}), {"$set": fields, "$inc": {"version": 1}}))

    def remove(self, document: StoredT) -> Write:
        """Prepare the removal of one aggregate; refused at the commit if somebody changed it meanwhile."""
        return Write(self._name, DeleteOne(self._read(document)), must_match=1)

    def _read(self, document: StoredT) -> Document:
        """Ask for an aggregate as it was read."""
        return self._asked({"_id": document.id, "version": document.version})

    async def _prepare(self, asked: Iterable[str] = ()) -> None:
        """Open the key of the indexes, where there are any, before the first of these is asked for or one is read."""
        if not self._is_ready:
            await self._vault.prepare()
            self._is_ready = True
        for path in self._in_clear_at.intersection(asked):
            if not await self._database.has_in_clear(self._name, path):
                self._in_clear_at.discard(path)

    def _asked(self, filter: Mapping[str, Any]) -> Document:  # noqa: A002 - as above
        """Ask for indexes as the store has them."""
        return {
            name: as_stored(value, self._vault, in_clear=name in self._in_clear_at) if name in self._indexes else value
            for name, value in filter.items()
        }

    def _in_clear(self, found: Document) -> Document:
        """Return what was found with its indexes as they are in memory."""
        decrypt_indexes(found, self._indexes, self._vault)
        return found

    def _refuse_sealed(self, *names: str) -> None:
        """Raise ValueError for a field that the store can neither look at nor be given in clear."""
        for name in names:
            if touches(name, self._sealed):
                raise ValueError(f"{self._name}: {name} is sealed, and can't be asked for or set by itself")

    async def _of(self, ids: Sequence[str]) -> AsyncIterator[Document]:
        await self._prepare(("_id",))
        for part in batched(ids):
            wanted = self._asked({"_id": {"$in": part} if len(part) > 1 else part[0]})
            async for document in self._collection.find(wanted):
                yield self._in_clear(document)

    async def _fetch(self) -> None:
        await asyncio.sleep(0)  # let everybody who is about to ask join in
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            try:
                found = {document["_id"]: await self._opened(document) async for document in self._of(list(wanted))}
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                for future in wanted.values():
                    future.set_exception(error)
                    future.exception()  # seen, even when whoever asked has gone away
            else:
                for id_, future in wanted.items():
                    future.set_result(found.get(id_))
        self._fetching = None

    async def read(self, found: Document) -> StoredT:
        """Build an aggregate from what the store holds of it."""
        return self._built(await self._opened(found))

    async def _opened(self, found: Document) -> Document:
        await self._prepare()
        in_clear = self._in_clear(found)
        return await opened(self._vault, self._name, in_clear) if self._sealed else in_clear

    def _built(self, found: Document) -> StoredT:
        fields = {**found, "id": found["_id"]}
        del fields["_id"]
        read: StoredT = self._model.model_validate(fields)
        return read


def behind(field: str, place: tuple[datetime, str]) -> Document:
    """Ask for what comes behind a place (moment and id) in an order of the latest, and the highest id, first."""
    moment, id_ = place
    return {field: {"$lte": moment}, "$nor": [{field: moment, "_id": {"$gte": id_}}]}


def batched(ids: Sequence[str]) -> Iterator[list[str]]:
    """Divide ids into as many as are asked for at once."""
    for start in range(0, len(ids), _AT_ONCE):
        yield list(ids[start : start + _AT_ONCE])
