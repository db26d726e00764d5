"""Where groups are kept: counts that go up and down with their failures, and what operators noted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import DESCENDING, DeleteOne, IndexModel, UpdateOne

from messaging.documents import Documents, Write
from messaging.event import Change
from operations.domain.failure import State
from operations.domain.group import FailureGroup, Note, Tally
from operations.domain.search import Place
from runtime.kernel import Database

GROUPS = "failure-groups"

INDEXES: dict[str, list[IndexModel]] = {GROUPS: [IndexModel([("last_seen", DESCENDING)], name="last-seen")]}

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)


class GroupDocuments:
    """Groups, one document each."""

    def __init__(self, database: Database) -> None:
        self._documents = Documents(database, GROUPS, FailureGroup)

    async def get(self, id: str) -> FailureGroup | None:
        """Return one group."""
        return await self._documents.get(id)

    async def page(
        self,
        *,
        service: str | None = None,
        event_type: str | None = None,
        state: State | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Sequence[FailureGroup]:
        """Return groups, the latest seen first; with a state, those that have failures in it."""
        wanted: dict[str, Any] = {"last_seen": {"$gte": _BEGINNING, "$lte": after[0] if after else _END}}
        wanted |= {"service": service} if service else {}
        wanted |= {"event_type": event_type} if event_type else {}
        wanted |= {f"states.{state}": {"$gt": 0}} if state else {}
        found = await self._documents.find(wanted, sort=[("last_seen", DESCENDING), ("_id", DESCENDING)])
        return [each for each in found if after is None or (each.last_seen, each.id) < after][:limit]

    async def all(self) -> Sequence[FailureGroup]:
        """Return all groups: there are as many as there are things that go wrong, not as many as go wrong."""
        return await self._documents.find({})

    def note(self, id: str, note: Note, version: int) -> Change:
        """Prepare one more note; refused at the commit if somebody else noted something meanwhile."""
        change = {"$push": {"notes": note.model_dump()}, "$set": {"version": version + 1}}
        return Write(GROUPS, UpdateOne({"_id": id, "version": version}, change), must_match=1)

    def forget_hours(self, id: str, hours: Sequence[str]) -> Change:
        """Prepare that counts of these hours go."""
        return Write(GROUPS, UpdateOne({"_id": id}, {"$unset": {f"hourly.{hour}": "" for hour in hours}}))

    def remove(self, group: FailureGroup) -> Change:
        """Prepare that a group goes, unless it has been seen again meanwhile."""
        return Write(GROUPS, DeleteOne({"_id": group.id, "seen": group.seen}))


def counted(tally: Tally) -> Write:
    """Prepare what a batch adds to a group; a group that is new is made."""
    counts = {f"states.{state}": by for state, by in tally.states.items()}
    if tally.about is None:
        return Write(GROUPS, UpdateOne({"_id": tally.id}, {"$inc": counts}))
    counts |= {f"hourly.{hour}": by for hour, by in tally.hourly.items()} | {"seen": tally.seen}
    about = {
        "service": tally.about.service,
        "event_type": tally.about.event_type,
        "cause": tally.about.cause.model_dump(),
        "notes": [],
        "version": 1,
    }
    change = {
        "$inc": counts,
        "$min": {"first_seen": tally.first_seen},
        "$max": {"last_seen": tally.last_seen},
        "$setOnInsert": about,
    }
    return Write(GROUPS, UpdateOne({"_id": tally.id}, change, upsert=True))
