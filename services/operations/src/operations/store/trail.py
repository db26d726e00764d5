"""The trail in MongoDB: written in bulk, read by case, by place, and forgotten in slices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from operations.domain.erased import ERASED, blanked
from operations.domain.trail import Recorded, TrailReading
from operations.store.erased import ErasedDocuments
from store.repository import CODECS, Database, Document, Indexes
from store.sealed_fields import SEALED, name_of, opened

TRAIL = "trail"
READING = "trail-reading"

INDEXES: Indexes = {
    TRAIL: (
        IndexModel([("case", ASCENDING), ("place", ASCENDING)], name="case_place"),
        IndexModel([("place", ASCENDING)], name="place"),
        IndexModel([("type", ASCENDING), ("place", ASCENDING)], name="type_place"),
        IndexModel([("publisher", ASCENDING), ("place", ASCENDING)], name="publisher_place"),
    ),
    READING: (),
}

_DUPLICATE_KEY = 11000
_PAGE = 500


class TrailStore:
    """Every event of the bus, once."""

    def __init__(self, database: Database) -> None:
        self._trail = database.get_collection(TRAIL, codec_options=CODECS)
        self._erased = ErasedDocuments(database)
        self._vault = database.vault
        self._reading = database.get_collection(READING, codec_options=CODECS)

    async def record(self, entries: Sequence[Recorded]) -> None:
        """Keep these. One that is there already is not kept again, unless its id stands for another body now.

        What one of an erased case says is not kept at all.
        """
        erased = await self._erased.among({entry.case for entry in entries})
        kept = [blanked(entry) if entry.case in erased else entry for entry in entries]
        reused = await self._insert(kept)
        if reused:
            await self._insert(reused)

    async def reading(self, queue: str) -> TrailReading | None:
        """Tell how far the stream was read."""
        found = await self._reading.find_one({"_id": queue})
        return TrailReading(found["offset"], found["digest"]) if found else None

    async def keep_reading(self, queue: str, reading: TrailReading) -> None:
        """Remember how far the stream was read."""
        change = {"$set": {"offset": reading.offset, "digest": reading.digest}}
        await self._reading.update_one({"_id": queue}, change, upsert=True)

    async def of_case(self, case: str, first: int, limit: int) -> list[Recorded]:
        """Read the first events of a case from a place on, in order of arrival."""
        wanted = {"case": case, "place": {"$gte": first}}
        cursor = self._trail.find(wanted).sort([("case", ASCENDING), ("place", ASCENDING)]).limit(limit)
        return [await self._read(found) async for found in cursor]

    async def named(self, ids: Sequence[str]) -> dict[str, Recorded]:
        """Read events by their ids."""
        if not ids:
            return {}
        return {found["_id"]: await self._read(found) async for found in self._trail.find({"_id": {"$in": list(ids)}})}

    async def newest(self, wanted: Mapping[str, str], first: int, last: int, limit: int) -> list[Recorded]:
        """Read the newest events from `first` to before `last` whose fields are as wanted."""
        cursor = self._trail.find({"place": _range(first, last), **wanted}).sort("place", DESCENDING).limit(limit)
        return [await self._read(each) async for each in cursor]

    async def between(self, first: int, last: int) -> AsyncIterator[Recorded]:
        """Read every event from `first` to before `last` in order of arrival, a page at a time."""
        while page := await self._page(first, last, _PAGE):
            for found in page:
                yield await self._read(found)
            first = page[-1]["place"] + 1

    async def forget(self, before: int, at_most: int) -> int:
        """Remove the oldest events from before a place; tell how many."""
        page = await self._page(0, before, at_most, {"place": 1})
        if not page:
            return 0
        gone = await self._trail.delete_many({"place": _range(page[0]["place"], page[-1]["place"] + 1)})
        return gone.deleted_count

    async def count(self, case: str) -> int:
        """Tell how many events a case has."""
        return await self._trail.count_documents({"case": case})

    async def blank(self, case: str) -> int:
        """Take out of a case's events what they say, and tell how many events it has."""
        place, number = 0, 0
        while page := await self.of_case(case, place, _PAGE):
            changes = [await self._blanking(entry) for entry in page if entry.fault != ERASED]
            if changes:
                await self._trail.bulk_write(changes, ordered=False)
            place, number = page[-1].place + 1, number + len(page)
        return number

    async def _blanking(self, entry: Recorded) -> UpdateOne:
        document = await self._document(blanked(entry))
        return UpdateOne({"_id": entry.id}, {"$set": {"fault": document["fault"], SEALED: document[SEALED]}})

    async def last_place(self) -> int:
        """Tell the place of the newest event, 0 when there is none."""
        newest = await self._trail.find_one({}, {"place": 1}, sort=[("place", DESCENDING)])
        return int(newest["place"]) if newest else 0

    async def _page(self, first: int, last: int, size: int, fields: Document | None = None) -> list[Document]:
        cursor = self._trail.find({"place": _range(first, last)}, fields).sort("place", ASCENDING).limit(size)
        return await cursor.to_list()

    async def _insert(self, entries: Sequence[Recorded]) -> list[Recorded]:
        """Insert what is new; return what came under an id that stands for another body."""
        try:
            await self._trail.insert_many([await self._document(entry) for entry in entries], ordered=False)
        except BulkWriteError as error:
            faults: list[dict[str, Any]] = (error.details or {})["writeErrors"]
            if any(fault["code"] != _DUPLICATE_KEY for fault in faults):
                raise
            return await self._reused([entries[fault["index"]] for fault in faults])
        return []

    async def _reused(self, repeated: Sequence[Recorded]) -> list[Recorded]:
        kept = await self.named([entry.id for entry in repeated])
        return [
            replace(entry, id=f"{entry.id}~{entry.digest[:12]}", fault=entry.fault or "id-reused")
            for entry in repeated
            if entry.id in kept and kept[entry.id].digest != entry.digest
        ]

    async def _document(self, entry: Recorded) -> Document:
        return {
            "_id": entry.id,
            "type": entry.type,
            "source": entry.source,
            "case": entry.case,
            "time": entry.time,
            "place": entry.place,
            "cause": entry.cause,
            "publisher": entry.publisher,
            "routing_key": entry.routing_key,
            "fault": entry.fault,
            SEALED: await self._vault.encrypt({"body": entry.body, "digest": entry.digest}, name_of(TRAIL, entry.id)),
        }

    async def _read(self, found: Document) -> Recorded:
        fields = await opened(self._vault, TRAIL, found)
        return Recorded(id=fields.pop("_id"), **fields)


def _range(first: int, last: int) -> dict[str, int]:
    return {"$gte": first, "$lt": last}
