"""The record in the real store: sealed by several, walked, and tampered with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from bus import topology
from bus.event import ConflictError
from data_rights.api.heads import HeadView
from data_rights.commands import kept_heads
from data_rights.config import Settings
from data_rights.domain import chain
from data_rights.domain.chain import Block, hash_of
from data_rights.events import HeadPublished
from data_rights.handlers import blocks
from data_rights.handlers.dependencies import Deps
from record_archive import ENTRIES, NOW, RECORD_KEYS, TERM, add, block_of, checked, entry, put, seal
from runtime.json_signatures import SigningKeys
from store.commit import Committer
from store.repository import Database, Write
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
    await add(committer, young, entry(1), entry(2))
    assert await seal(committer, young)

    await add(committer, young, entry(3))
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


@pytest.mark.parametrize("source", ["a department's queue", "the open page", "our own file"])
async def test_an_administrator_who_makes_everything_anew_is_found_by_a_head_that_left(
    sealed: Deps, database: Database, tmp_path: Path, source: str
) -> None:
    head = await sealed.chain.last_head()
    assert head is not None
    pushed = HeadPublished(block=head.number, hash=head.hash, at=head.at, signed=head.signed)
    page = {"items": [HeadView.of(head).model_dump(mode="json")], "next": None}
    texts = {
        "a department's queue": json.dumps({"type": pushed.type, "data": pushed.model_dump(mode="json")}),
        "the open page": json.dumps(page, indent=1),
        "our own file": blocks.line(head),
    }
    file = tmp_path / "kept"
    file.write_text(texts[source], encoding="utf-8")
    kept = kept_heads.read([file], RECORD_KEYS.public)
    whole = await checked(database, kept.hashes)
    assert (whole.fault, kept.fixed(whole.number)) == (None, (2, head.at))

    await make_the_whole_chain_anew(database)
    for number in (1, 2, 3):  # with heads that agree, signed by whoever has the service's key, too
        false = chain.head_of(await block_of(database, number), head.at)
        signed = false.model_copy(update={"signed": RECORD_KEYS.sign(false.told(), blocks.HEAD)})
        stored = signed.model_dump()
        await database["heads"].replace_one({"_id": stored.pop("id")}, stored, upsert=True)
    assert (await checked(database)).fault is None
    fault = (await checked(database, kept.hashes)).fault
    assert fault is not None
    assert (fault.problem, fault.block) == ("head-differs", 2)


def test_a_head_that_nobody_signed_or_that_says_something_else_is_refused(tmp_path: Path) -> None:
    file, other = tmp_path / "kept", SigningKeys.of(ECKey.generate_key("P-256"))
    told = {"block": 1, "hash": "ab" * 32, "at": "2026-11-24T06:30:00.000000Z"}
    for keys, head in ((other, told), (RECORD_KEYS, {**told, "block": 2}), (RECORD_KEYS, {**told, "hash": "cd" * 32})):
        file.write_text("\n" + json.dumps({**told, "signed": keys.sign(head, blocks.HEAD)}), encoding="utf-8")
        with pytest.raises(ValueError, match="kept"):
            kept_heads.read([file], RECORD_KEYS.public)


async def test_a_chain_that_stands_still_is_told_of_once_a_day(committer: Committer, sealed: Deps) -> None:
    async def published(at: datetime) -> list[int]:
        outcomes = await blocks.publish_head(replace(sealed, clock=FakeClock(at)))
        for outcome in outcomes:
            await committer.commit([it for it in outcome.changes if isinstance(it, Write)])
        return [event.block for outcome in outcomes for event in outcome.events if isinstance(event, HeadPublished)]

    tomorrow = NOW + timedelta(days=1)
    assert [await published(at) for at in (NOW, NOW, tomorrow, tomorrow)] == [[3], [], [3], []]
    assert [head.number for head in await sealed.chain.heads_after(2, 9)] == [3, 3]
    assert await sealed.chain.heads_after(3, 9) == []


def test_every_department_gets_the_heads_and_reads_its_own_queue_only() -> None:
    bus = topology.load(Settings().topology)
    queues = {queue.name: queue for queue in bus.queues}
    for code in bus.departments:
        queue = queues[f"{code}.record-heads"]
        assert ((bus.exchange, HeadPublished.type),) == queue.bindings
        assert queue.readers == (code,)


async def test_a_block_mended_without_a_head_no_longer_fits_the_next(sealed: Deps, database: Database) -> None:
    await database["heads"].delete_many({})
    await delete_an_entry_and_mend_its_block(database)

    fault = (await checked(database)).fault
    assert fault is not None
    assert (fault.problem, fault.block) == ("chain-broken", 3)


async def test_two_processes_that_share_a_file_of_heads_write_each_head_once(sealed: Deps, tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    sharing = replace(sealed, settings=sealed.settings.model_copy(update={"heads": path}))

    await asyncio.gather(*(blocks.write_heads(sharing) for _ in range(6)))
    await blocks.write_heads(sharing)

    numbers = [json.loads(line)["number"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 1
