"""The collections: residents, guardianships, and what of them is sealed. The only file that knows MongoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from pymongo import ASCENDING, IndexModel

from identity.domain.guardianship import Guardianship
from identity.domain.presence import Presence
from identity.domain.resident import Resident
from identity.domain.terminal import Terminal
from messaging.documents import Documents
from messaging.event import Change
from runtime.erasing import Held
from runtime.holders import Holder
from runtime.kernel import Database

RESIDENTS = "residents"
GUARDIANSHIPS = "guardianships"
TERMINALS = "terminals"
PRESENCES = "presences"

INDEXES: dict[str, list[IndexModel]] = {
    RESIDENTS: [],  # found by id alone: the id is made from the blind index of the number
    GUARDIANSHIPS: [
        IndexModel([("guardian_id", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("child_id", ASCENDING)]),
        IndexModel([("ended", ASCENDING), ("ends_on", ASCENDING)]),
    ],
    PRESENCES: [IndexModel([("by.subject", 1), ("ends_at", 1)]), IndexModel("resident_id")],
    TERMINALS: [],  # a district has some hundred; those that are stopped are looked for by hand
}

SEALED = {
    RESIDENTS: ("number", "card", "suspension", "permits", "history"),
    GUARDIANSHIPS: ("proof", "history"),
}
"""What describes people: encrypted in the store."""

RecordT = TypeVar("RecordT")


class Collection(Protocol, Generic[RecordT]):
    """What is needed of a collection; `messaging.documents.Documents` has it."""

    async def get(self, id: str) -> RecordT | None:
        """Read one record by id."""

    async def find(
        self,
        filter: Mapping[str, object],  # noqa: A002 - pymongo's own name
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[RecordT]:
        """Read all records that match."""

    def save(self, document: RecordT) -> Change:
        """Prepare to write one record."""


class GuardianshipStore:
    """Guardianships, found by either of the two people."""

    def __init__(self, documents: Collection[Guardianship]) -> None:
        self._documents = documents

    async def get(self, id: str) -> Guardianship | None:
        """Read a guardianship by id."""
        return await self._documents.get(id)

    async def held_by(self, guardian_id: str, *, after: str | None, limit: int) -> list[Guardianship]:
        """List those of a guardian that have not been ended, by id, beginning after an id."""
        beginning = {} if after is None else {"_id": {"$gt": after}}
        wanted = {"guardian_id": guardian_id, "ended": False, **beginning}
        return await self._documents.find(wanted, sort=[("_id", ASCENDING)], limit=limit)

    async def concerning(self, resident_id: str) -> list[Guardianship]:
        """List those in which a resident is guardian or child."""
        as_guardian = await self._documents.find({"guardian_id": resident_id})
        return as_guardian + await self._documents.find({"child_id": resident_id})

    async def run_out(self, today: date) -> list[Guardianship]:
        """List those not ended yet whose child is of age."""
        return await self._documents.find({"ended": False, "ends_on": {"$lte": today}})

    def save(self, document: Guardianship) -> Change:
        """Prepare to keep a guardianship's next version."""
        return self._documents.save(document)


class TerminalStore:
    """Terminals, and those of them that are stopped."""

    def __init__(self, documents: Collection[Terminal]) -> None:
        self._documents = documents

    async def get(self, id: str) -> Terminal | None:
        """Read a terminal by id."""
        return await self._documents.get(id)

    async def stopped(self, *, after: str | None, limit: int) -> list[Terminal]:
        """List those that are stopped, by id, beginning after an id."""
        beginning = {} if after is None else {"_id": {"$gt": after}}
        return await self._documents.find({"stopped": {"$ne": None}, **beginning}, sort=[("_id", 1)], limit=limit)

    def save(self, document: Terminal) -> Change:
        """Prepare to keep a terminal's next version."""
        return self._documents.save(document)


class PresenceStore:
    """Visits, by who read the card and by whose it was."""

    def __init__(self, documents: Collection[Presence]) -> None:
        self._documents = documents

    async def get(self, id: str) -> Presence | None:
        """Read a visit by id."""
        return await self._documents.get(id)

    async def open_of(self, subject: str, now: datetime) -> list[Presence]:
        """List those of a clerk or terminal that have not ended."""
        return await self._documents.find({"by.subject": subject, "ends_at": {"$gt": now}})

    async def concerning(self, resident_id: str) -> list[Presence]:
        """List those of a resident, in the order of time."""
        return await self._documents.find({"resident_id": resident_id}, sort=[("_id", ASCENDING)])

    def save(self, document: Presence) -> Change:
        """Prepare to keep a visit's next version."""
        return self._documents.save(document)


def residents_in(database: Database) -> Documents[Resident]:
    """Return the residents of a database."""
    return Documents(database, RESIDENTS, Resident, sealed=SEALED[RESIDENTS])


def guardianships_in(database: Database) -> GuardianshipStore:
    """Return the guardianships of a database."""
    return GuardianshipStore(Documents(database, GUARDIANSHIPS, Guardianship, sealed=SEALED[GUARDIANSHIPS]))


def terminals_in(database: Database) -> TerminalStore:
    """Return the terminals of a database."""
    return TerminalStore(Documents(database, TERMINALS, Terminal))


def presences_in(database: Database) -> PresenceStore:
    """Return the visits of a database."""
    return PresenceStore(Documents(database, PRESENCES, Presence))


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found."""
    id_ = holder.resident_id
    return {
        RESIDENTS: {"_id": id_},
        GUARDIANSHIPS: {"$or": [{"guardian_id": id_}, {"child_id": id_}]},
        PRESENCES: {"resident_id": id_},
    }
