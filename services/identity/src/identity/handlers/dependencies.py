"""What the use cases need: what is kept, the keys, the communities, the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from identity.domain.correction import SignedAnswer
from identity.domain.record import RecordedActor
from identity.domain.resident import Resident
from identity.store.documents import GuardianshipStore, PresenceStore, ResidentStore, TerminalStore
from privacy.erasure import Eraser
from privacy.own_requests import OwnRequests
from runtime.clock import Clock, today
from runtime.errors import NotFound
from store.blind_index import BlindIndex
from store.repository import Repository
from web.auth import Principal
from web.reviewers import Reviewers
from web.signed_requests import SignedRequests


@dataclass(frozen=True, slots=True)
class Deps:
    """All of it, as the composition root puts it together."""

    residents: ResidentStore
    guardianships: GuardianshipStore
    terminals: TerminalStore
    presences: PresenceStore
    answers: Repository[SignedAnswer]
    reviewers: Reviewers
    signed_requests: SignedRequests
    numbers: BlindIndex
    communities: frozenset[str]
    clock: Clock
    eraser: Eraser
    own_requests: OwnRequests

    def today(self) -> date:
        """Return the day that it is in Shenzhen."""
        return today(self.clock())


async def resident_of(id: str, deps: Deps) -> Resident:
    """Read a resident. Raises NotFound."""
    resident = await deps.residents.get(id)
    if resident is None:
        raise NotFound("unknown-resident")
    return resident


def actor(principal: Principal) -> RecordedActor:
    """Return who is calling, as histories keep it."""
    return RecordedActor(subject=principal.subject, role=principal.role)
