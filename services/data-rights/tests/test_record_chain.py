"""The record in the real store: sealed by several, walked, and tampered with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from data_rights.domain import chain
from data_rights.domain.chain import Block, hash_of
from data_rights.handlers import sealing
from data_rights.handlers.needs import Deps
from messaging.commit import Committer
from messaging.event import ConflictError
from record_archive import ENTRIES, NOW, TERM, add, block_of, checked, entry, put, seal
from runtime.kernel import Database
from testkit.fakes import FakeClock

Tamper = Callable[[Database], Awaitable[object]]


async def test_a_record_that_nobody_touched_is_whole(sealed: Deps, database: Database) -> None:
    done = await checked(database)

    assert done.fault is None
    assert (done.number, done.entries, done.heads_met) == (3, ENTRIES, 1)


async def test_what_waits_is_sealed_when_it_is_many_or_old(committer: Committer, archive: Deps) -> None:
    clock = FakeClock(NOW)
    young = replace(archive, clock=clock)
    await add(committer, young, entry(0))
    assert not await seal(committer, young)

    clock.advance(timedelta(seconds=10))
    assert await seal(committer, young)
    assert not await seal(committer, young)


async def test_two_processes_that_seal_at_once_make_one_chain_with_every_entry_once(
    committer: Committer, archive: Deps, database: Database
) -> None:
    other = Committer(database)
    await other.prepare()
    other.start()
    await add(committer, archive, *(entry(number) for number in range(30)))

    async def keep_sealing(mine: Committer) -> None:
        while True:
            try:
                if not await seal(mine, archive):
                    return
            except ConflictError:
                continue

    await asyncio.gather(keep_sealing(committer), keep_sealing(other))
    await other.stop()
    done = await checked(database)
    assert (done.fault, done.number, done.entries) == (None, 10, 30)


async def alter_entry(database: Database) -> None:
    await database["accesses"].update_one({"_id": entry(4).id}, {"$set": {"by.subject": "nobody"}})


async def delete_entry(database: Database) -> None:
    await database["accesses"].delete_one({"_id": entry(4).id})


async def insert_entry(database: Database) -> None:
    stored = entry(99, block=2, version=1).model_dump()
    stored["_id"] = stored.pop("id")
    await database["accesses"].insert_one(stored)


async def insert_entry_beyond_the_end(database: Database) -> None:
    stored = entry(99, block=77, version=1).model_dump()
    stored["_id"] = stored.pop("id")
    await database["accesses"].insert_one(stored)


async def reorder_within_a_block(database: Database) -> None:
    block = await block_of(database, 2)
    await put(database, block.model_copy(update={"entries": block.entries[::-1]}))


async def swap_two_blocks(database: Database) -> None:
    first, second = await block_of(database, 1), await block_of(database, 2)
    for one, other in ((first, second), (second, first)):
        await put(database, one.model_copy(update={"entries": other.entries, "at": other.at}))


async def delete_a_block(database: Database) -> None:
    await database["blocks"].delete_one({"_id": chain.block_id(2)})


async def cut_off_the_end(database: Database) -> None:
    await database["blocks"].delete_many({"number": {"$gte": 2}})
    await database["accesses"].delete_many({"block": {"$gte": 2}})


async def delete_an_entry_and_mend_its_block(database: Database) -> None:
    await delete_entry(database)
    block = await block_of(database, 2)
    left = tuple(each for each in block.entries if each.id != entry(4).id)
    mended = block.model_copy(update={"entries": left})
    await put(database, mended.model_copy(update={"hash": hash_of(mended)}))


async def make_the_whole_chain_anew(database: Database) -> None:
    await delete_entry(database)
    last: Block | None = None
    for number in (1, 2, 3):
        block = await block_of(database, number)
        left = [each for each in block.entries if each.id != entry(4).id]
        last = chain.follow(last, left, block.at, TERM)
        await put(database, last)


@pytest.mark.parametrize(
    ("tamper", "problem", "block"),
    [
        (alter_entry, "entry-altered", 2),
        (delete_entry, "entry-removed", 2),
        (insert_entry, "entry-inserted", 2),
        (insert_entry_beyond_the_end, "entry-inserted", 4),
        (reorder_within_a_block, "block-altered", 2),
        (swap_two_blocks, "block-altered", 1),
        (delete_a_block, "block-removed", 2),
        (cut_off_the_end, "cut-off", 2),
        (delete_an_entry_and_mend_its_block, "head-differs", 2),
        (make_the_whole_chain_anew, "head-differs", 2),
    ],
)
async def test_whatever_is_done_to_the_record_is_found_and_named(
    sealed: Deps, database: Database, tamper: Tamper, problem: str, block: int
) -> None:
    await tamper(database)
    fault = (await checked(database)).fault

    assert fault is not None
    assert (fault.problem, fault.block) == (problem, block)


async def test_a_chain_made_anew_with_its_heads_is_found_by_whoever_kept_a_head(
    sealed: Deps, database: Database
) -> None:
    head = await sealed.chain.last_head()
    assert head is not None
    await make_the_whole_chain_anew(database)
    anew = await block_of(database, 2)
    await database["heads"].update_one({"_id": head.id}, {"$set": {"hash": anew.hash}})
    assert (await checked(database)).fault is None

    fault = (await checked(database, {head.number: {head.hash}})).fault
    assert fault is not None
    assert (fault.problem, fault.block) == ("head-differs", 2)


async def test_a_block_mended_without_a_head_no_longer_fits_the_next(sealed: Deps, database: Database) -> None:
    await database["heads"].delete_many({})
    await delete_an_entry_and_mend_its_block(database)

    fault = (await checked(database)).fault
    assert fault is not None
    assert (fault.problem, fault.block) == ("chain-broken", 3)


async def test_two_processes_that_share_a_file_of_heads_write_each_head_once(sealed: Deps, tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    sharing = replace(sealed, settings=sealed.settings.model_copy(update={"heads": path}))

    await asyncio.gather(*(sealing.write_heads(sharing) for _ in range(6)))
    await sealing.write_heads(sharing)

    numbers = [json.loads(line)["number"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 1
