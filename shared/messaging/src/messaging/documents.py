"""Aggregates in MongoDB: read by id together with whoever else is reading, saved only if nobody else changed them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from bson.codec_options import CodecOptions, TypeRegistry
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from messaging.event import Change

Document = dict[str, Any]
Operation = InsertOne[Document] | ReplaceOne[Document] | UpdateOne | DeleteOne


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


_AT_ONCE = 100

StoredT = TypeVar("StoredT", bound=Stored)


@dataclass(frozen=True, slots=True)
class Write(Change):
    """One operation on one collection; `must_match` when it has to find the version that was read."""

    collection: str
    operation: Operation
    must_match: bool = False


def _encode(value: object) -> object:
    """Store what BSON has no type for: dates as ISO 8601 text, sets as sorted lists."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    message = f"can't be stored: {type(value).__name__}"
    raise TypeError(message)


CODECS: CodecOptions[Document] = CodecOptions(tz_aware=True, type_registry=TypeRegistry(fallback_encoder=_encode))


class Documents(Generic[StoredT]):
    """One collection of one kind of aggregate."""

    def __init__(self, database: AsyncDatabase[Document], name: str, model: type[StoredT]) -> None:
        self._collection: AsyncCollection[Document] = database.get_collection(name, codec_options=CODECS)
        self._name = name
        self._model = model
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
        return None if found is None else self._read(found)

    async def many(self, ids: Sequence[str]) -> dict[str, StoredT]:
        """Read the aggregates that there are of these ids."""
        return {document["_id"]: self._read(document) async for document in self._of(ids)}

    async def find(
        self,
        filter: Mapping[str, Any],  # noqa: A002 - pymongo's own name
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[StoredT]:
        """Read all aggregates that match, in order; `limit` 0 is no limit."""
        cursor = self._collection.find(filter, limit=limit)
        if sort:
            cursor = cursor.sort(list(sort))
        return [self._read(found) async for found in cursor]

    async def values(self, filter: Mapping[str, Any], field: str) -> list[Any]:  # noqa: A002 - as above
        """Read one field of all aggregates that match, and nothing else of them."""
        return [found[field] async for found in self._collection.find(filter, {field: 1})]

    def save(self, document: StoredT) -> Write:
        """Prepare the write of one aggregate as its next version; refused at the commit if somebody was faster."""
        stored = document.model_dump(mode="python")
        stored["_id"] = stored.pop("id")
        stored["version"] = document.version + 1
        if document.version == 0:
            return Write(self._name, InsertOne(stored))
        read = {"_id": document.id, "version": document.version}
        return Write(self._name, ReplaceOne(read, stored), must_match=True)

    def set_fields(self, id: str, **fields: object) -> Write:
        """Prepare to set some fields of one aggregate without having read it: what is not there stays away."""
        return Write(self._name, UpdateOne({"_id": id}, {"$set": fields, "$inc": {"version": 1}}))

    def remove(self, document: StoredT) -> Write:
        """Prepare the removal of one aggregate; refused at the commit if somebody changed it meanwhile."""
        return Write(self._name, DeleteOne({"_id": document.id, "version": document.version}), must_match=True)

    async def _of(self, ids: Sequence[str]) -> AsyncIterator[Document]:
        for part in parts(ids):
            async for document in self._collection.find({"_id": {"$in": part} if len(part) > 1 else part[0]}):
                yield document

    async def _fetch(self) -> None:
        await asyncio.sleep(0)  # let everybody who is about to ask join in
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            try:
                found = {document["_id"]: document async for document in self._of(list(wanted))}
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                for future in wanted.values():
                    future.set_exception(error)
                    future.exception()  # seen, even when whoever asked has gone away
            else:
                for id_, future in wanted.items():
                    future.set_result(found.get(id_))
        self._fetching = None

    def _read(self, found: Document) -> StoredT:
        fields = {**found, "id": found["_id"]}
        del fields["_id"]
        read: StoredT = self._model.model_validate(fields)
        return read


def parts(ids: Sequence[str]) -> Iterator[list[str]]:
    """Divide ids into as many as are best asked for at once: SecantusDB's time for a list grows with its square."""
    for start in range(0, len(ids), _AT_ONCE):
        yield list(ids[start : start + _AT_ONCE])
