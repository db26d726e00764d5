"""The evidence: one document for each person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from matcher.domain.evidence import Evidence
from matcher.domain.statistics import Statistics
from matcher.store.bulk import read_all, write_many
from matcher.store.counting import Count
from messaging.documents import CODECS, Database, Documents, Write
from runtime.erasing import Held
from runtime.holders import Holder

EVIDENCE = "evidence"
SEALED = ("name", "birth_date", "address", "records.content", "holdings.says")
"""What describes the person: encrypted in the store."""


class EvidenceStore:
    """One document for each person, by blind index."""

    def __init__(self, database: Database, *, statistics_for: float = 60.0) -> None:
        self._documents = Documents(database, EVIDENCE, Evidence, sealed=SEALED)
        self._collection = database.get_collection(EVIDENCE, codec_options=CODECS)
        self._vault = database.vault
        self._count = Count(database, fresh_for=statistics_for)

    async def get(self, id: str) -> Evidence | None:
        """Return what is held about the person behind a blind index."""
        return await self._documents.get(id)

    async def of_resident(self, resident_id: str) -> Evidence | None:
        """Return what is held about a registered resident."""
        found = await self._documents.find({"resident_id": resident_id}, limit=1)
        return found[0] if found else None

    async def turning(self, day: date, limit: int) -> Sequence[Evidence]:
        """Return registered people whose records have begun or ended by `day` without any news."""
        # Both bounds, as the store on one machine uses an index only for a range that has them.
        return await self._documents.find({"turns_on": {"$gt": "", "$lte": day.isoformat()}}, limit=limit)

    async def many(self, ids: Sequence[str]) -> dict[str, Evidence]:
        """Return what is held about several people; who is not known is left out."""
        return await self._documents.many(ids)

    async def all(self, at_once: int) -> AsyncIterator[Sequence[Evidence]]:
        """Read all evidence, so many people at a time."""
        async for batch in read_all(self._collection, at_once):
            yield [await self._documents.read(found) for found in batch]

    def save(self, evidence: Evidence) -> Write:
        """Prepare the write."""
        return self._documents.save(evidence)

    async def save_many(self, several: Sequence[Evidence]) -> bool:
        """Write at once, outside of a transaction; False when somebody was faster with one of them.

        The others are written all the same: read again and repeat what is still to be done.
        """
        return await write_many(self._vault, self._collection, [self.save(one) for one in several])

    async def statistics(self) -> Statistics:
        """Return how many records there are, as last counted."""
        return await self._count.latest()


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found."""
    return {EVIDENCE: {"_id": holder.index}}
