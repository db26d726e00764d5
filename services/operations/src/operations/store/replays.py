"""Replays, their items in blocks, and their progress, each in a collection of its own.

Operators' decisions are versioned; what is known of items is only ever raised (`$max`); progress belongs to the driver
that holds the lease, which is taken by one conditional update.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import DESCENDING, DeleteOne, IndexModel, InsertOne, UpdateOne

from messaging.documents import CODECS, Document, Documents, Write, parts
from messaging.event import Change
from operations.domain.fate import Fate
from operations.domain.items import BLOCK, Block, Item, Rank, block_id, block_ids, parse_item
from operations.domain.replay import Counts, Progress, Replay
from runtime.clock import Clock
from runtime.kernel import Database, Indexes

REPLAYS = "replays"
ITEMS = "replay-items"
PROGRESS = "replay-progress"

SEALED = ("title", "reason", "selection", "history.reason")
"""What operators wrote and looked for: encrypted in the store."""

INDEXES: Indexes = {
    REPLAYS: (IndexModel([("created_at", DESCENDING)], name="created"),),
    ITEMS: (),
    PROGRESS: (IndexModel([("is_active", DESCENDING)], name="active"),),
}


class ReplayDocuments:
    """Replays with all that belongs to them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._replays = Documents(database, REPLAYS, Replay, sealed=SEALED)
        self._blocks = Documents(database, ITEMS, Block)
        self._ranks = database.get_collection(ITEMS, codec_options=CODECS)
        self._progress = database.get_collection(PROGRESS, codec_options=CODECS)
        self._clock = clock

    async def get(self, id: str) -> Replay | None:
        """Return one replay."""
        return await self._replays.get(id)

    async def page(self, *, state: str | None, before: tuple[datetime, str] | None, limit: int) -> Sequence[Replay]:
        """Return replays, the latest first, behind a place."""
        wanted: dict[str, Any] = {} if state is None else {"state": state}
        wanted["created_at"] = {"$gte": _BEGINNING, "$lte": before[0] if before else _END}
        more = limit + (0 if before is None else _AT_ONE_MOMENT)
        found = await self._replays.find(wanted, sort=[("created_at", DESCENDING), ("_id", DESCENDING)], limit=more)
        return [each for each in found if before is None or (each.created_at, each.id) < before][:limit]

    def save(self, replay: Replay) -> Change:
        """Prepare the write of a replay."""
        return self._replays.save(replay)

    def freeze(self, blocks: Iterable[Block]) -> Sequence[Change]:
        """Prepare that the items of a new replay are kept."""
        return [self._blocks.save(block) for block in blocks]

    async def blocks(self, replay: str, numbers: Iterable[int]) -> Sequence[Block]:
        """Return the blocks that hold these items, in order."""
        found = await self._blocks.many(block_ids(replay, numbers))
        return sorted(found.values(), key=lambda block: block.first)

    async def items(self, ids: Iterable[str]) -> Mapping[str, tuple[Item, Block]]:
        """Return those of these items that exist, each with its block."""
        wanted = {item: place for item in ids if (place := parse_item(item)) is not None}
        blocks = sorted({block_id(*place) for place in wanted.values()})
        by_id = await self._blocks.many(blocks)
        return {
            item: (block.item(n), block)
            for item, (replay, n) in wanted.items()
            if (block := by_id.get(block_id(replay, n))) is not None and n - block.first < len(block.ranks)
        }

    async def ranks(self, replay: str, firsts: Sequence[int]) -> Mapping[int, Sequence[int]]:
        """Return what is known of the items of some blocks, by the number of the block's first item."""
        found: dict[int, Sequence[int]] = {}
        for some in parts(block_ids(replay, firsts)):
            cursor = self._ranks.find({"_id": {"$in": some}}, {"first": 1, "ranks": 1})
            found |= {document["first"]: document["ranks"] async for document in cursor}
        return found

    def learn(self, replay: str, ranks: Mapping[int, Rank], at: datetime) -> Sequence[Change]:
        """Prepare that what is known of items is raised; what is known already and greater stays."""
        return _raised((replay, n, rank, at) for n, rank in ranks.items())

    async def note_fates(self, fates: Sequence[Fate]) -> Sequence[Change]:
        """Prepare that items met their fate; what is known already changes nothing, what is no item is left out."""
        met = [(place, fate) for fate in fates if (place := parse_item(fate.item)) is not None]
        sizes: dict[str, int] = {}
        for some in parts(sorted({block_id(*place) for place, _ in met})):
            cursor = self._ranks.find({"_id": {"$in": some}}, {"ranks": 1})
            sizes |= {found["_id"]: len(found["ranks"]) async for found in cursor}
        present = [(place, fate) for place, fate in met if place[1] % BLOCK < sizes.get(block_id(*place), 0)]
        return _raised((replay, n, Rank[fate.fate.upper()], fate.at) for (replay, n), fate in present)

    async def progress(self, ids: Sequence[str]) -> Mapping[str, Progress]:
        """Return how far replays are."""
        cursor = self._progress.find({"_id": {"$in": list(ids)}})
        return {found["_id"]: Progress.model_validate({**found, "id": found["_id"]}) async for found in cursor}

    def begin(self, progress: Progress) -> Change:
        """Prepare the progress of a new replay."""
        stored = progress.model_dump()
        stored["_id"] = stored.pop("id")
        return Write(PROGRESS, InsertOne(stored))

    def activate(self, id: str, runs: int) -> Change:
        """Prepare that a driver takes the replay up."""
        return Write(PROGRESS, UpdateOne({"_id": id}, {"$set": {"is_active": True, "runs": runs}}))

    async def active(self) -> Sequence[str]:
        """Return the replays that need a driver."""
        return [found["_id"] async for found in self._progress.find({"is_active": True}, {"_id": 1})]

    async def lease(self, id: str, driver: str, until: datetime) -> bool:
        """Take or keep the lease, and tell whether that was possible: nobody else has it, or no longer.

        One that ends much later than it could is of a time before the clock was put back.
        """
        now = self._clock()
        ended = [{"lease.until": {"$lt": now}}, {"lease.until": {"$gt": until + (until - now)}}]
        free = [{"lease": None}, {"lease.driver": driver}, *ended]
        change = {"$set": {"lease": {"driver": driver, "until": until}}}
        done = await self._progress.update_one({"_id": id, "is_active": True, "$or": free}, change)
        return done.matched_count == 1

    async def release(self, id: str, driver: str) -> None:
        """Give the lease back."""
        await self._progress.update_one({"_id": id, "lease.driver": driver}, {"$set": {"lease": None}})

    async def note(self, id: str, driver: str, values: Mapping[str, object]) -> bool:
        """Note progress, and tell whether this driver still has the lease."""
        stored = {name: value.model_dump() if isinstance(value, Counts) else value for name, value in values.items()}
        done = await self._progress.update_one({"_id": id, "lease.driver": driver}, {"$set": stored})
        return done.matched_count == 1

    async def rest(self, id: str, driver: str, runs: int) -> bool:
        """Note that there is nothing to do for now, unless an operator has started or resumed it meanwhile."""
        mine = {"_id": id, "lease.driver": driver, "runs": runs}
        done = await self._progress.update_one(mine, {"$set": {"is_active": False}})
        return done.matched_count == 1


_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)
_AT_ONE_MOMENT = 20
"""Replays that may have been prepared in one millisecond."""


def _raised(facts: Iterable[tuple[str, int, Rank, datetime]]) -> Sequence[Change]:
    """Write each block once, whatever is to be said of how many of its items."""
    greatest: dict[tuple[str, int], tuple[Rank, datetime]] = {}
    for replay, n, rank, at in facts:
        greatest[replay, n] = max((rank, at), greatest.get((replay, n), (rank, at)))
    changes: dict[str, dict[str, object]] = {}
    for (replay, n), (rank, at) in greatest.items():
        change = changes.setdefault(block_id(replay, n), {})
        change |= {f"ranks.{n % BLOCK}": int(rank), f"at.{n % BLOCK}": at}
    return [Write(ITEMS, UpdateOne({"_id": id_}, {"$max": change})) for id_, change in changes.items()]


async def items_of(database: Database, replays: Sequence[Document]) -> Sequence[Write]:
    """Remove the items of replays whose term has ended (there may be many), and prepare that their progress goes."""
    for replay in replays:
        await database[ITEMS].delete_many({"_id": {"$gt": f"{replay['_id']}/", "$lt": f"{replay['_id']}0"}})
    return [Write(PROGRESS, DeleteOne({"_id": replay["_id"]})) for replay in replays]
