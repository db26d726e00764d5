"""Where groups are kept: counts that go up and down with their failures, and what operators noted.

Whatever changes failures changes what their groups count, in one commit. It does so by one document that says what is
to be added: nobody waits for a group that many change at once, and a group that changes often is written now and then
(`fold`). Whoever reads a group adds what is still to be added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING, DeleteOne, IndexModel, InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.read_concern import ReadConcern

from bus.event import Change
from operations.domain.failure import STATES, State
from operations.domain.group import FailureGroup, GroupDelta, Note, total
from operations.domain.search import Place
from store.repository import CODECS, Database, Document, Indexes, Write

GROUPS = "failure-groups"

TALLIES = "group-tallies"
"""What is still to be added: to which group how much (`of`), and the latest moment that any of it was seen."""

INDEXES: Indexes = {
    GROUPS: (IndexModel([("last_seen", DESCENDING)], name="last-seen"),),
    TALLIES: (IndexModel([("last_seen", DESCENDING)], name="last-seen"),),
}


class GroupDocuments:
    """Groups, one document each."""

    def __init__(self, database: Database) -> None:
        self._client = database.client
        self._groups = database.get_collection(GROUPS, codec_options=CODECS)
        self._tallies = database.get_collection(TALLIES, codec_options=CODECS)

    async def get(self, id: str) -> FailureGroup | None:
        return (await self._read({"_id": id})).get(id)

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
        named = {"service": service, "event_type": event_type}
        wanted = {name: value for name, value in named.items() if value}
        found = [
            each
            for each in (await self._read(wanted)).values()
            if all(getattr(each, name) == value for name, value in wanted.items())
            and (state is None or each.count(state) > 0)
            and (after is None or (each.last_seen, each.id) < after)
        ]
        return sorted(found, key=lambda each: (each.last_seen, each.id), reverse=True)[:limit]

    async def all(self) -> Sequence[FailureGroup]:
        """Return all groups: there are as many as there are things that go wrong, not as many as go wrong."""
        return tuple((await self._read({})).values())

    def note(self, group: FailureGroup, note: Note) -> Sequence[Change]:
        """Prepare one more note; refused at the commit if somebody else noted something meanwhile."""
        change = {"$push": {"notes": note.model_dump()}, "$set": {"version": group.version + 1}}
        return (
            Write(GROUPS, UpdateOne({"_id": group.id}, {"$setOnInsert": _begun(group)}, upsert=True)),
            Write(GROUPS, UpdateOne({"_id": group.id, "version": group.version}, change), must_match=1),
        )

    async def compact(self) -> Sequence[Change]:
        """Prepare that groups count all that is still to be added; refused at the commit if somebody else did it."""
        found = await self._tallies.find({}).to_list()
        added = total(tally for each in found for tally in _tallies_in(each))
        gone = [Write(TALLIES, DeleteOne({"_id": each["_id"]}), must_match=1) for each in found]
        return [*gone, *(_added(tally) for tally in added.values() if tally.tells)]

    def forget_hours(self, id: str, hours: Sequence[str]) -> Change:
        """Prepare that counts of these hours go."""
        return Write(GROUPS, UpdateOne({"_id": id}, {"$unset": {f"hourly.{hour}": "" for hour in hours}}))

    def remove(self, group: FailureGroup) -> Change:
        """Prepare that a group goes that counts no failure; should it fail again meanwhile, it begins anew."""
        none = {f"states.{state}": {"$in": [0, None]} for state in STATES}
        return Write(GROUPS, DeleteOne({"_id": group.id, **none}))

    async def _read(self, wanted: Mapping[str, Any]) -> dict[str, FailureGroup]:
        """Return groups that are wanted, and whatever else there is only tallies of, each with all that is counted."""

        async def both(session: AsyncClientSession) -> tuple[list[Document], list[Document]]:
            kept = await self._groups.find(wanted, session=session).to_list()
            return kept, await self._tallies.find({}, session=session).to_list()

        async with self._client.start_session() as session:
            kept, added = await session.with_transaction(both, read_concern=ReadConcern("snapshot"))
        groups = {each["_id"]: FailureGroup.model_validate({**each, "id": each["_id"]}) for each in kept}
        for id_, tally in total(tally for each in added for tally in _tallies_in(each)).items():
            if group := groups.get(id_) or tally.begin():
                groups[id_] = group.plus(tally)
        return groups


def counted(tallies: Sequence[GroupDelta]) -> Sequence[Write]:
    """Prepare that something is added to what groups count."""
    if not tallies:
        return ()
    seen = [tally.last_seen for tally in tallies if tally.last_seen]
    told = [tally.model_dump(exclude_defaults=True) for tally in tallies]
    return (Write(TALLIES, InsertOne({"_id": str(ObjectId()), "last_seen": max(seen, default=None), "of": told})),)


def _tallies_in(document: Document) -> Iterator[GroupDelta]:
    return map(GroupDelta.model_validate, document["of"])


def _begun(group: FailureGroup) -> Document:
    """Return a group with nothing counted and noted, as it is kept."""
    told = group.model_dump(include={"service", "event_type", "cause", "first_seen", "last_seen"})
    return {**told, "seen": 0, "states": {}, "hourly": {}, "notes": [], "version": 1}


def _added(tally: GroupDelta) -> Write:
    """Prepare that a group counts what is added to it; one that is new is made."""
    counts = {f"states.{state}": by for state, by in tally.states.items()}
    if tally.about is None:
        return Write(GROUPS, UpdateOne({"_id": tally.id}, {"$inc": counts}))
    counts |= {f"hourly.{hour}": by for hour, by in tally.hourly.items()} | {"seen": tally.seen}
    about = {**tally.about.model_dump(), "notes": [], "version": 1}
    change = {
        "$inc": counts,
        "$min": {"first_seen": tally.first_seen},
        "$max": {"last_seen": tally.last_seen},
        "$setOnInsert": about,
    }
    return Write(GROUPS, UpdateOne({"_id": tally.id}, change, upsert=True))
