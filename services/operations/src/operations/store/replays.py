"""Replays, their items in blocks, and their progress, each in a collection of its own.

Operators' decisions are versioned. Blocks stay as they were frozen: what becomes known of their items is put beside
them, fact by fact, and the greatest one holds. Progress belongs to the driver that holds the lease, which is taken by
one conditional update.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, DeleteOne, IndexModel, InsertOne, UpdateMany, UpdateOne

from bus.event import Change
from operations.domain.items import FailedAgain, Fate, ItemBlock, ItemStatus, Known, block_id, block_ids, parse_item
from operations.domain.replay import ProgressNote, Replay, ReplayCounts
from runtime.clock import Clock
from store.repository import CODECS, Database, Document, Indexes, Repository, Write, batched, behind

REPLAYS = "replays"
ITEMS = "replay-items"
FACTS = "replay-facts"
"""Each of some items of one block: their `numbers` in the replay, their `rank`, and when that became known (`at`).

Of those that failed, `again` says why, each with its number `n`.
"""
PROGRESS = "replay-progress"

SEALED = ("title", "reason", "selection", "history.reason")
"""What operators wrote and looked for: encrypted in the store."""

INDEXES: Indexes = {
    REPLAYS: (IndexModel([("created_at", DESCENDING)], name="created"),),
    ITEMS: (),
    FACTS: (
        IndexModel([("block", ASCENDING), ("rank", ASCENDING)], name="block"),
        IndexModel([("again.failure", ASCENDING)], name="again", sparse=True),
    ),
    PROGRESS: (IndexModel([("is_active", DESCENDING)], name="active"),),
}


class ReplayDocuments(Repository[Replay]):
    """Replays with all that belongs to them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, REPLAYS, Replay, sealed=SEALED)
        self._blocks = Repository(database, ITEMS, ItemBlock)
        self._frozen = database.get_collection(ITEMS, codec_options=CODECS)
        self._facts = database.get_collection(FACTS, codec_options=CODECS)
        self._progress = database.get_collection(PROGRESS, codec_options=CODECS)
        self._clock = clock

    async def page(self, *, state: str | None, before: tuple[datetime, str] | None, limit: int) -> Sequence[Replay]:
        """Return replays, the latest first, behind a place."""
        wanted: dict[str, Any] = {} if state is None else {"state": state}
        wanted |= behind("created_at", before) if before else {}
        return await self.find(wanted, sort=[("created_at", DESCENDING), ("_id", DESCENDING)], limit=limit)

    def freeze(self, blocks: Iterable[ItemBlock]) -> Sequence[Change]:
        """Prepare that the items of a new replay are kept."""
        return [self._blocks.save(block) for block in blocks]

    async def blocks(self, replay: str, numbers: Iterable[int]) -> Sequence[ItemBlock]:
        """Return the blocks that hold these items, in order, as they were frozen."""
        found = await self._blocks.many(block_ids(replay, numbers))
        return sorted(found.values(), key=lambda block: block.first)

    async def known(self, replay: str, numbers: Iterable[int]) -> Sequence[ItemBlock]:
        """Return the blocks that hold these items, in order, with what is known of them by now."""
        blocks = {block.id: block for block in await self.blocks(replay, numbers)}
        async for fact in self._told_of(sorted(blocks), ItemStatus.PENDING):
            ranks = dict.fromkeys(fact["numbers"], ItemStatus(fact["rank"]))
            blocks[fact["block"]] = blocks[fact["block"]].learn(ranks, fact["at"])
        return tuple(blocks.values())

    async def items(self, ids: Iterable[str]) -> Known:
        """Return those of these items that exist, each with its block."""
        wanted = {item: place for item in ids if (place := parse_item(item)) is not None}
        blocks = sorted({block_id(*place) for place in wanted.values()})
        by_id = await self._blocks.many(blocks)
        return {
            item: (block.item(n), block)
            for item, (replay, n) in wanted.items()
            if (block := by_id.get(block_id(replay, n))) is not None and n - block.first < len(block.ranks)
        }

    async def ranks(
        self, replay: str, numbers: Iterable[int], least: ItemStatus = ItemStatus.PENDING
    ) -> Mapping[int, int]:
        """Return what is known of the items of the blocks that hold these, by number; nothing less than `least`."""
        ranks = await self._kept_in(block_ids(replay, numbers)) if least is ItemStatus.PENDING else {}
        async for fact in self._told_of(block_ids(replay, numbers), least):
            for n in fact["numbers"]:
                ranks[n] = max(fact["rank"], ranks.get(n, 0))
        return ranks

    def learn(self, replay: str, ranks: Mapping[int, ItemStatus], at: datetime) -> Sequence[Change]:
        """Prepare that something is known of items; what is known already and greater goes on holding."""
        return _told((replay, n, rank, at) for n, rank in ranks.items())

    def met(self, fates: Iterable[Fate], known: Known) -> Sequence[Change]:
        """Prepare that known items met their fate; that it is told already changes nothing."""
        met = [(known[fate.item][0], fate) for fate in fates if fate.item in known]
        again = {(item.replay, item.n): fate.again for item, fate in met if fate.again is not None}
        return _told(((item.replay, item.n, ItemStatus[fate.fate.upper()], fate.at) for item, fate in met), again)

    async def failed_again(self, replay: str, numbers: Iterable[int]) -> Mapping[int, FailedAgain]:
        """Return why items have failed, by number; nothing for what failed before that was kept."""
        wanted = set(numbers)
        found: dict[int, FailedAgain] = {}
        async for fact in self._told_of(block_ids(replay, wanted), ItemStatus.FAILED):
            told = {again["n"]: again for again in fact.get("again", ())}
            found |= {n: FailedAgain.model_validate(told[n]) for n in told.keys() & wanted}
        return found

    def forget(self, failures: Sequence[str]) -> Sequence[Change]:
        """Prepare that what was said while these failed goes; that they failed, and of what, stays."""
        those = {"$in": list(failures)}
        change = {"$set": {"again.$[each].message": ""}}
        update = UpdateMany({"again.failure": those}, change, array_filters=[{"each.failure": those}])
        return [Write(FACTS, update)] if failures else []

    async def _kept_in(self, blocks: Sequence[str]) -> dict[int, int]:
        """Return what blocks themselves say of their items: nothing, but for those of before there were facts."""
        ranks: dict[int, int] = {}
        for some in batched(blocks):
            async for block in self._frozen.find({"_id": {"$in": some}}, {"first": 1, "ranks": 1}):
                ranks |= {n: rank for n, rank in enumerate(block["ranks"], start=block["first"]) if rank}
        return ranks

    async def _told_of(self, blocks: Sequence[str], least: ItemStatus) -> AsyncIterator[Document]:
        for some in batched(blocks):
            async for fact in self._facts.find({"block": {"$in": some}, "rank": {"$gte": least}}):
                yield fact

    async def progress(self, ids: Sequence[str]) -> Mapping[str, ProgressNote]:
        """Return how far replays are."""
        cursor = self._progress.find({"_id": {"$in": list(ids)}})
        return {found["_id"]: ProgressNote.model_validate({**found, "id": found["_id"]}) async for found in cursor}

    def begin(self, progress: ProgressNote) -> Change:
        """Prepare the progress of a new replay."""
        stored = progress.model_dump()
        stored["_id"] = stored.pop("id")
        return Write(PROGRESS, InsertOne(stored))

    def activate(self, id: str, version: int) -> Change:
        """Prepare that a driver takes the replay up, as it is in this version."""
        return Write(PROGRESS, UpdateOne({"_id": id}, {"$set": {"is_active": True, "version": version}}))

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
        stored = {
            name: value.model_dump() if isinstance(value, ReplayCounts) else value for name, value in values.items()
        }
        done = await self._progress.update_one({"_id": id, "lease.driver": driver}, {"$set": stored})
        return done.matched_count == 1

    async def rest(self, id: str, driver: str, version: int) -> bool:
        """Note that there is nothing to do for now, unless an operator has made a later version active."""
        mine = {"_id": id, "lease.driver": driver, "version": {"$not": {"$gt": version}}}
        done = await self._progress.update_one(mine, {"$set": {"is_active": False}})
        return done.matched_count == 1


def _told(
    facts: Iterable[tuple[str, int, ItemStatus, datetime]], again: Mapping[tuple[str, int], FailedAgain] | None = None
) -> Sequence[Change]:
    """Write what became known of items of one block within one second once; and why those have failed that have."""
    why = again or {}
    together: dict[tuple[str, ItemStatus, int], tuple[list[int], datetime]] = {}
    for replay, n, rank, at in facts:
        about = (block_id(replay, n), rank, int(at.timestamp()))
        numbers, latest = together.get(about, ([], at))
        together[about] = ([*numbers, n], max(latest, at))
    return [
        Write(FACTS, InsertOne(_fact(block, rank, numbers, why) | {"at": at}))
        for (block, rank, _), (numbers, at) in together.items()
    ]


def _fact(block: str, rank: ItemStatus, numbers: Sequence[int], why: Mapping[tuple[str, int], FailedAgain]) -> Document:
    replay = block.rpartition("/")[0]
    told = [why[replay, n].model_dump() | {"n": n} for n in numbers if rank is ItemStatus.FAILED and (replay, n) in why]
    fact = {"_id": str(ObjectId()), "block": block, "rank": rank, "numbers": numbers}
    return fact | ({"again": told} if told else {})


async def items_of(database: Database, replays: Sequence[Document]) -> Sequence[Write]:
    """Remove the items of replays whose term has ended (there may be many), and prepare that their progress goes."""
    for replay in replays:
        its = {"$gt": f"{replay['_id']}/", "$lt": f"{replay['_id']}0"}
        await database[ITEMS].delete_many({"_id": its})
        await database[FACTS].delete_many({"block": its})
    return [Write(PROGRESS, DeleteOne({"_id": replay["_id"]})) for replay in replays]
