"""The matcher's stores in memory, for tests."""

from __future__ import annotations

from matcher.domain.evidence import Evidence
from matcher.domain.item import Item
from matcher.domain.statistics import Statistics
from matcher.handlers.dependencies import Deps
from matcher.main import read_rules
from matcher.store import EvidenceStore
from privacy.guardianships import Guardianship, Guardianships
from privacy.own_requests import OwnRequests
from store.blind_index import BlindIndex
from testkit.fakes import FakeClock, FakeDocuments, NothingHeld
from testkit.people import signed_requests
from testkit.persons import opener_of
from web.presences import KnownPresence

BLIND = BlindIndex(b"k" * 32)
RULES = read_rules()


class FakeEvidence(EvidenceStore, FakeDocuments[Evidence]):
    """Evidence in memory."""

    def __init__(self) -> None:
        FakeDocuments.__init__(self, Evidence)

    async def statistics(self) -> Statistics:
        """Count the people; records are counted by the real store only."""
        return Statistics(counted_at=FakeClock()(), people=len(self.all), registered=0, records=())


def deps_of(evidence: FakeEvidence | None = None, *, clock: FakeClock | None = None) -> Deps:
    """Build what handlers need, all of it in memory."""
    return Deps(
        evidence=evidence or FakeEvidence(),
        items=FakeDocuments(Item),
        guardianships=Guardianships(FakeDocuments(Guardianship)),
        presences=FakeDocuments(KnownPresence),
        rules=RULES,
        opener=opener_of(BLIND),
        signed_requests=signed_requests({}, clock or FakeClock()),
        clock=clock or FakeClock(),
        eraser=NothingHeld(),
        own_requests=OwnRequests(signed_requests({}, clock or FakeClock())),
    )
