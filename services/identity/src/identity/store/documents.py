"""The collections: residents, guardianships, and what of them is sealed. The only file that knows MongoDB."""

from __future__ import annotations

from datetime import date, datetime

from pymongo import ASCENDING, IndexModel

from identity.domain.correction import SignedAnswer
from identity.domain.guardianship import Guardianship
from identity.domain.presence import Presence
from identity.domain.resident import Resident
from identity.domain.terminal import Terminal
from privacy.erasure import Held
from privacy.holders import Holder
from store.repository import Database, Repository

RESIDENTS = "residents"
GUARDIANSHIPS = "guardianships"
TERMINALS = "terminals"
PRESENCES = "presences"
ANSWERS = "correction_answers"

INDEXES: dict[str, list[IndexModel]] = {
    RESIDENTS: [IndexModel("holder_index", unique=True)],
    GUARDIANSHIPS: [
        IndexModel([("guardian_id", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("child_id", ASCENDING)]),
        IndexModel([("ended", ASCENDING), ("ends_on", ASCENDING)]),
    ],
    PRESENCES: [IndexModel([("by.subject", 1), ("ends_at", 1)]), IndexModel("resident_id")],
    ANSWERS: [IndexModel("holder_index")],
    TERMINALS: [],  # a district has some hundred; those that are stopped are looked for by hand
}

SEALED = {
    RESIDENTS: ("number", "card", "suspension", "permits", "history"),
    GUARDIANSHIPS: ("proof", "history"),
    ANSWERS: ("value",),
}
"""What describes people: encrypted in the store."""

ENCRYPTED = {RESIDENTS: ("holder_index",), ANSWERS: ("holder_index",)}
"""Where the blind index stands: encrypted in the store, the same always to the same."""


class ResidentStore(Repository[Resident]):
    """Residents, found by the blind index; earlier releases made the id of nothing else, this one with its own key."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, RESIDENTS, Resident, sealed=SEALED[RESIDENTS], indexes=ENCRYPTED[RESIDENTS])

    async def with_index(self, index: str) -> Resident | None:
        """Read the resident with this blind index."""
        found = await self.find({"holder_index": index}, limit=1)
        return found[0] if found else None

    def id_for(self, index: str) -> str:
        """Return the id of a new resident: it can't be worked out from the blind index alone."""
        return "res_" + self._vault.digest(f"resident {index}".encode())[:26]


class GuardianshipStore(Repository[Guardianship]):
    """Guardianships, found by either of the two people."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, GUARDIANSHIPS, Guardianship, sealed=SEALED[GUARDIANSHIPS])

    async def held_by(self, guardian_id: str, *, after: str | None, limit: int) -> list[Guardianship]:
        """List those of a guardian that have not been ended, by id, beginning after an id."""
        beginning = {} if after is None else {"_id": {"$gt": after}}
        wanted = {"guardian_id": guardian_id, "ended": False, **beginning}
        return await self.find(wanted, sort=[("_id", ASCENDING)], limit=limit)

    async def concerning(self, resident_id: str) -> list[Guardianship]:
        """List those in which a resident is guardian or child."""
        as_guardian = await self.find({"guardian_id": resident_id})
        return as_guardian + await self.find({"child_id": resident_id})

    async def run_out(self, today: date) -> list[Guardianship]:
        """List those not ended yet whose child is of age."""
        return await self.find({"ended": False, "ends_on": {"$lte": today}})


class TerminalStore(Repository[Terminal]):
    """Terminals, and those of them that are stopped."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, TERMINALS, Terminal)

    async def stopped(self, *, after: str | None, limit: int) -> list[Terminal]:
        """List those that are stopped, by id, beginning after an id."""
        beginning = {} if after is None else {"_id": {"$gt": after}}
        return await self.find({"stopped": {"$ne": None}, **beginning}, sort=[("_id", 1)], limit=limit)


class PresenceStore(Repository[Presence]):
    """Visits, by who read the card and by whose it was."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, PRESENCES, Presence)

    async def open_of(self, subject: str, now: datetime) -> list[Presence]:
        """List those of a clerk or terminal that have not ended."""
        return await self.find({"by.subject": subject, "ends_at": {"$gt": now}})

    async def concerning(self, resident_id: str) -> list[Presence]:
        """List those of a resident, in the order of time."""
        return await self.find({"resident_id": resident_id}, sort=[("_id", ASCENDING)])


def answers_in(database: Database) -> Repository[SignedAnswer]:
    """Return the answered corrections of a database."""
    return Repository(database, ANSWERS, SignedAnswer, sealed=SEALED[ANSWERS], indexes=ENCRYPTED[ANSWERS])


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found."""
    id_ = holder.resident_id
    return {
        RESIDENTS: {"_id": id_},
        GUARDIANSHIPS: {"$or": [{"guardian_id": id_}, {"child_id": id_}]},
        PRESENCES: {"resident_id": id_},
        ANSWERS: {"holder_index": holder.index},
    }
