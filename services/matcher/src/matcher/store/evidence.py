"""The evidence: one document for each person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from matcher.domain.evidence import Evidence
from matcher.domain.statistics import Statistics
from matcher.store.bulk import read_all, write_many
from matcher.store.evidence_count import EvidenceCount
from privacy.erasure import Held
from privacy.holders import Holder
from store.repository import Database, Repository

EVIDENCE = "evidence"
SEALED = ("name", "birth_date", "first_birth_date", "address", "records.content", "holdings.says")
"""What describes the person: encrypted in the store."""


INDEXES = ("id",)
"""Where the blind index stands: encrypted in the store, the same always to the same."""


class EvidenceStore(Repository[Evidence]):
    """One document for each person, by blind index."""

    def __init__(self, database: Database, *, statistics_for: float = 60.0) -> None:
        super().__init__(database, EVIDENCE, Evidence, sealed=SEALED, indexes=INDEXES)
        self._count = EvidenceCount(database, fresh_for=statistics_for)

    async def of_resident(self, resident_id: str) -> Evidence | None:
        """Return what is held about a registered resident."""
        found = await self.find({"resident_id": resident_id}, limit=1)
        return found[0] if found else None

    async def turning(self, day: date, limit: int) -> Sequence[Evidence]:
        """Return registered people whose records have begun or ended by `day` without any news."""
        return await self.find({"turns_on": {"$lte": day}}, limit=limit)

    async def batches(self, at_once: int, *, in_full: bool = True) -> AsyncIterator[Sequence[Evidence]]:
        """Read all evidence, so many people at a time; not `in_full`: without what describes them."""
        async for batch in read_all(self._collection, at_once, in_full=in_full):
            yield [await self.read(found) for found in batch]

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
