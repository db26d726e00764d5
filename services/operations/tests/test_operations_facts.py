"""What becomes of a replay's items, kept fact by fact in a real store: the greatest holds, whoever tells it when."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bus.event import Outcome
from operations.domain.items import BLOCK, FailedAgain, Fate, ItemStatus, freeze, item_id
from operations.domain.letter import Cause
from operations.store import replays as stored
from operations.store.replays import ReplayDocuments
from services.operations.tests.archive import Keeper, prepared
from services.operations.tests.test_operations_replay_rules import chosen
from store.repository import Database
from testkit.fakes import FakeClock

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TOTAL = BLOCK + 20


@pytest.fixture
async def keeper(database: Database) -> AsyncIterator[Keeper]:
    async with prepared(database, stored.INDEXES) as committer:
        yield Keeper(database, committer)


@pytest.fixture
async def replays(keeper: Keeper) -> ReplayDocuments:
    """The items of one replay, in two blocks."""
    documents = ReplayDocuments(keeper.database, FakeClock(NOW))
    await keeper.commit(Outcome(changes=documents.freeze(freeze("r1", "failures", chosen(TOTAL)))))
    return documents


async def test_the_greatest_fact_holds_in_whatever_order_it_is_told(keeper: Keeper, replays: ReplayDocuments) -> None:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    print(f"SEED={seed}")  # noqa: T201 - whoever has to repeat it needs it
    chance = random.Random(seed)
    told: dict[int, ItemStatus] = {}
    for second in range(12):
        ranks = {chance.randrange(TOTAL): chance.choice(list(ItemStatus)) for _ in range(60)}
        await keeper.commit(Outcome(changes=replays.learn("r1", ranks, NOW + timedelta(seconds=second))))
        told |= {n: max(rank, told.get(n, ItemStatus.PENDING)) for n, rank in ranks.items()}

    assert await replays.ranks("r1", range(TOTAL)) == told
    items = [item for block in await replays.known("r1", range(TOTAL)) for item in block.items]
    assert [item.rank for item in items] == [told.get(n, ItemStatus.PENDING) for n in range(TOTAL)]
    final = {n: rank for n, rank in told.items() if rank >= ItemStatus.SKIPPED}
    assert await replays.ranks("r1", range(TOTAL), ItemStatus.SKIPPED) == final
    assert not any(item.rank for block in await replays.blocks("r1", range(TOTAL)) for item in block.items)


async def test_each_item_says_when_it_met_its_fate(keeper: Keeper, replays: ReplayDocuments) -> None:
    moments = [NOW, NOW + timedelta(minutes=3), NOW + timedelta(minutes=5)]
    fates = [Fate(item_id("r1", n), "handled", at) for n, at in enumerate(moments)]
    fates += [
        Fate(item_id("r1", TOTAL), "failed", NOW),
        Fate(item_id("r2", 0), "failed", NOW),
        Fate("x", "failed", NOW),
    ]
    known = await replays.items([fate.item for fate in fates])
    assert sorted(known) == [item_id("r1", n) for n in range(3)], "the others are no items"
    await keeper.commit(Outcome(changes=replays.met(fates, known)))
    (first,) = await replays.known("r1", [0])
    assert [(item.rank, item.at) for item in first.items][:4] == [
        *((ItemStatus.HANDLED, at) for at in moments),
        (0, None),
    ]
    assert await keeper.database[stored.FACTS].count_documents({}) == len(moments)


async def test_why_an_item_failed_is_kept_with_it_until_its_message_has_to_go(
    keeper: Keeper, replays: ReplayDocuments
) -> None:
    why = [
        FailedAgain(failure=f"f{n}", cause=Cause(reason="handler-failed", exception="KeyError"), message=f"said {n}")
        for n in range(3)
    ]
    fates = [Fate(item_id("r1", n), "failed", NOW, again) for n, again in enumerate(why)]
    fates.append(Fate(item_id("r1", 3), "failed", NOW))
    known = await replays.items([fate.item for fate in fates])
    await keeper.commit(Outcome(changes=replays.met(fates, known)))
    assert await replays.failed_again("r1", range(5)) == dict(enumerate(why))
    assert await replays.failed_again("r1", [1]) == {1: why[1]}

    await keeper.commit(Outcome(changes=replays.forget(["f1", "f9"])))
    left = await replays.failed_again("r1", range(5))
    assert [left[n].message for n in range(3)] == ["said 0", "", "said 2"]
    assert left[1].cause == why[1].cause
    assert not replays.forget([])


async def test_what_blocks_said_themselves_before_there_were_facts_counts(
    keeper: Keeper, replays: ReplayDocuments
) -> None:
    of_old = {"ranks.0": int(ItemStatus.HANDLED), "at.0": NOW, "ranks.1": int(ItemStatus.SENT), "at.1": NOW}
    await keeper.database[stored.ITEMS].update_one({"_id": "r1/000000"}, {"$set": of_old})
    await keeper.commit(
        Outcome(changes=replays.learn("r1", {0: ItemStatus.SENT, 1: ItemStatus.FAILED, 2: ItemStatus.SENDING}, NOW))
    )
    expected = {0: ItemStatus.HANDLED, 1: ItemStatus.FAILED, 2: ItemStatus.SENDING}
    assert await replays.ranks("r1", range(TOTAL)) == expected
    (first,) = await replays.known("r1", [0])
    assert {item.n: item.rank for item in first.items if item.rank} == expected
