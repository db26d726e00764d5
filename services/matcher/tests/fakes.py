"""The matcher's stores in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from matcher.config import Settings
from matcher.domain.evidence import Evidence
from matcher.domain.guardianship import Guardianship
from matcher.domain.item import Item
from matcher.domain.statistics import Statistics
from matcher.handlers.needs import Deps, Tally
from matcher.main import read_rules
from runtime.blind_index import BlindIndex
from runtime.presences import Presence
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld
from testkit.persons import opener_of

BLIND = BlindIndex(b"k" * 32)
RULES = read_rules(Settings())


class FakeEvidence(FakeDocuments[Evidence]):
    """Evidence in memory."""

    def __init__(self) -> None:
        super().__init__(Evidence)

    async def of_resident(self, resident_id: str) -> Evidence | None:
        """Find a resident's."""
        found = await self.find({"resident_id": resident_id})
        return found[0] if found else None

    async def turning(self, day: date, limit: int) -> Sequence[Evidence]:
        """Find what the calendar has changed."""
        return await self.find({"turns_on": {"$lte": day}}, limit=limit)

    async def statistics(self) -> Statistics:
        """Count the people; records are counted by the real store only."""
        return Statistics(counted_at=FakeClock()(), people=len(self.all), registered=0, records=())


class FakeTally:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[bool, str, str | None]] = []

    def __call__(self, *, proven: bool, document_type: str, source: str | None) -> None:
        """Count one answer."""
        self.counted.append((proven, document_type, source))


def deps_of(
    evidence: FakeEvidence | None = None, *, clock: FakeClock | None = None, tally: Tally | None = None
) -> Deps:
    """Build what handlers need, all of it in memory."""
    return Deps(
        evidence=evidence or FakeEvidence(),
        items=FakeDocuments(Item),
        guardianships=FakeDocuments(Guardianship),
        presences=FakeDocuments(Presence),
        rules=RULES,
        opener=opener_of(BLIND),
        clock=clock or FakeClock(),
        tally=tally or FakeTally(),
        eraser=NothingHeld(),
    )
