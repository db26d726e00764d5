"""What the use cases need: what is kept, the keys, the communities, the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from identity.domain.guardianship import Guardianship
from identity.domain.presence import Presence
from identity.domain.record import Actor
from identity.domain.resident import Resident
from identity.domain.terminal import Terminal
from messaging.event import Change
from runtime.access import Principal
from runtime.blind_index import BlindIndex
from runtime.clock import Clock, today
from runtime.erasing import Erases
from runtime.refusal import Unknown


class Residents(Protocol):
    """Everybody who is registered."""

    async def get(self, id: str) -> Resident | None:
        """Read a resident by id."""

    def save(self, document: Resident) -> Change:
        """Prepare to keep a resident's next version."""


class Guardianships(Protocol):
    """Every guardianship, ended ones too."""

    async def get(self, id: str) -> Guardianship | None:
        """Read a guardianship by id."""

    async def held_by(self, guardian_id: str, *, after: str | None, limit: int) -> list[Guardianship]:
        """List those of a guardian that have not been ended, by id, beginning after an id."""

    async def concerning(self, resident_id: str) -> list[Guardianship]:
        """List those in which a resident is guardian or child."""

    async def run_out(self, today: date) -> list[Guardianship]:
        """List those not ended yet whose child is of age."""

    def save(self, document: Guardianship) -> Change:
        """Prepare to keep a guardianship's next version."""


class Terminals(Protocol):
    """Every terminal that was ever used."""

    async def get(self, id: str) -> Terminal | None:
        """Read a terminal by id."""

    async def stopped(self, *, after: str | None, limit: int) -> list[Terminal]:
        """List those that are stopped, by id, beginning after an id."""

    def save(self, document: Terminal) -> Change:
        """Prepare to keep a terminal's next version."""


class Presences(Protocol):
    """Every visit of the last months."""

    async def get(self, id: str) -> Presence | None:
        """Read a visit by id."""

    async def open_of(self, subject: str, now: datetime) -> list[Presence]:
        """List those of a clerk or terminal that have not ended."""

    async def concerning(self, resident_id: str) -> list[Presence]:
        """List those of a resident."""

    def save(self, document: Presence) -> Change:
        """Prepare to keep a visit's next version."""


@dataclass(frozen=True, slots=True)
class Deps:
    """All of it, as the composition root puts it together."""

    residents: Residents
    guardianships: Guardianships
    terminals: Terminals
    presences: Presences
    numbers: BlindIndex
    communities: frozenset[str]
    clock: Clock
    eraser: Erases

    def today(self) -> date:
        """Return the day that it is in Shenzhen."""
        return today(self.clock())


async def resident_of(id: str, deps: Deps) -> Resident:
    """Read a resident. Raises Unknown."""
    resident = await deps.residents.get(id)
    if resident is None:
        raise Unknown("unknown-resident")
    return resident


def actor(principal: Principal) -> Actor:
    """Return who is calling, as histories keep it."""
    return Actor(subject=principal.subject, role=principal.role)
