"""The record in the real store: sealed by several, walked, and tampered with in every way."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from data_rights import store
from data_rights.commands import verify
from data_rights.commands.telling import Teller
from data_rights.config import Settings
from data_rights.domain import chain
from data_rights.domain.access import Access, By, Seen, digest
from data_rights.domain.chain import Block, hash_of
from data_rights.domain.correctable import Correctables
from data_rights.domain.verifying import Verifying
from data_rights.handlers import sealing
from data_rights.handlers.needs import Deps
from messaging.commit import Committer
from messaging.documents import Document, Write
from messaging.event import ConflictError, Outcome
from runtime import retention
from runtime.data_files import load
from runtime.kernel import Database
from runtime.retention import Retention, read
from testkit.fakes import FakeClock, NothingHeld

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
ENTRIES = 8
"""In blocks of 3, 3 and 2."""
Tamper = Callable[[Database], Awaitable[object]]


def entry(number: int = 1, holder: str = "9f" * 32, **changed: object) -> Access:
    """Return an entry; entries of a higher number are later."""
    fields: dict[str, object] = {
        "id": f"acc_{number:016x}-0a",
        "holder": holder,
        "by": By(subject="reviewer-3", role="reviewer", departments=("health",)),
        "how": "viewed",
        "what": "task",
        "documents": (Seen(document_type="birth-certificate"),),
        "application_id": "app_1",
        "item": "school-enrolment",
        "purpose": None,
        "source": "review-dispatch",
        "at": NOW + timedelta(seconds=number),
        "salt": f"{number:032x}",
    }
    return Access.model_validate({**fields, **changed})


@pytest.fixture
async def committer(database: Database) -> AsyncIterator[Committer]:
    for name, models in store.INDEXES.items():
        await database.create_collection(name)
        if models:
            await database[name].create_indexes(models)
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    yield committer
    await committer.stop()


@pytest.fixture
def deps(database: Database, monkeypatch: pytest.MonkeyPatch) -> Deps:
    monkeypatch.setattr(sealing, "LARGEST_BLOCK", 3)
    return Deps(
        people=store.people(database),
        guardianships=store.guardianships(database),
        accesses=store.AccessDocuments.of(database),
        chain=store.ChainDocuments.of(database),
        disputes=store.DisputeDocuments.of(database),
        corrections=store.CorrectionDocuments.of(database),
        correctables=load(Settings().documents, Correctables),
        holdings=store.HoldingDocuments.of(database),
        exports=store.ExportDocuments.of(database),
        erasures=store.ErasureDocuments.of(database),
        exporting=("identity", "matcher"),
        erasing=("identity", "applications"),
        eraser=NothingHeld(),
        terms=retention.read(Settings().retention),
        settings=Settings(),
        clock=FakeClock(NOW + timedelta(hours=1)),
    )


@pytest.fixture
async def sealed(committer: Committer, deps: Deps) -> Deps:
    """A record of eight entries in three blocks, the second of which is published."""
    await add(committer, deps, *(entry(number) for number in range(ENTRIES)))
    for block in (1, 2, 3):
        assert await seal(committer, deps)
        if block == 2:
            [outcome] = await sealing.publish_head(deps)
            await committer.commit([it for it in outcome.changes if isinstance(it, Write)])
    assert not await seal(committer, deps)
    return deps


async def add(committer: Committer, deps: Deps, *entries: Access) -> None:
    await committer.commit([change for it in entries if isinstance(change := deps.accesses.add(it), Write)])


async def seal(committer: Committer, deps: Deps) -> bool:
    outcomes = await sealing.seal(deps)
    for outcome in outcomes or ():
        await committer.commit([change for change in outcome.changes if isinstance(change, Write)])
    return outcomes is not None


async def checked(database: Database, heads: dict[int, str] | None = None) -> Verifying:
    return await verify.check(database, heads or {}, Teller("en", io.StringIO()))


async def test_a_record_that_nobody_touched_is_whole(sealed: Deps, database: Database) -> None:
    done = await checked(database)

    assert done.fault is None
    assert (done.number, done.entries, done.heads_met) == (3, ENTRIES, 1)


async def test_what_waits_is_sealed_when_it_is_many_or_old(committer: Committer, deps: Deps) -> None:
    clock = FakeClock(NOW)
    young = replace(deps, clock=clock)
    await add(committer, young, entry(0))
    assert not await seal(committer, young)

    clock.advance(timedelta(seconds=10))
    assert await seal(committer, young)
    assert not await seal(committer, young)


async def test_two_processes_that_seal_at_once_make_one_chain_with_every_entry_once(
    committer: Committer, deps: Deps, database: Database
) -> None:
    other = Committer(database)
    await other.prepare()
    other.start()
    await add(committer, deps, *(entry(number) for number in range(30)))

    async def keep_sealing(mine: Committer) -> None:
        while True:
            try:
                if not await seal(mine, deps):
                    return
            except ConflictError:
                continue

    await asyncio.gather(keep_sealing(committer), keep_sealing(other))
    await other.stop()
    done = await checked(database)
    assert (done.fault, done.number, done.entries) == (None, 10, 30)


async def test_an_entry_whose_content_ended_leaves_its_digest_and_the_record_whole(
    sealed: Deps, database: Database
) -> None:
    found = await sealed.accesses.get(entry(4).id)
    assert found is not None
    await database["accesses"].delete_one({"_id": found.id})
    gone = {"_id": found.id, "version": 1, "block": 2, "digest": digest(found), "why": "retention", "at": NOW}
    await database["ended-accesses"].insert_one(gone)

    done = await checked(database)
    assert (done.fault, done.entries, done.ended) == (None, ENTRIES, 1)


async def test_entries_whose_term_has_ended_go_block_by_block_and_the_record_stays_whole(
    sealed: Deps, committer: Committer, database: Database
) -> None:
    await add(committer, sealed, entry(50))  # in no block yet
    kinds = read(Settings().retention).services["data-rights"]
    clock = FakeClock(NOW + timedelta(days=kinds["accesses"].days or 0, seconds=4))

    async def commit(outcome: Outcome[None]) -> None:
        await committer.commit([change for change in outcome.changes if isinstance(change, Write)])

    retention = Retention("data-rights", database, commit, kinds, store.BELONGINGS, clock)
    await retention.turn()
    done = await checked(database)
    assert (done.fault, done.entries, done.ended) == (None, ENTRIES, 5)

    clock.advance(timedelta(days=1))
    await retention.turn()
    done = await checked(database)
    assert (done.fault, done.entries, done.ended) == (None, ENTRIES, ENTRIES)
    assert [row["_id"] async for row in database["accesses"].find({})] == [entry(50).id]


async def alter_entry(database: Database) -> None:
    await database["accesses"].update_one({"_id": entry(4).id}, {"$set": {"by.subject": "nobody"}})


async def delete_entry(database: Database) -> None:
    await database["accesses"].delete_one({"_id": entry(4).id})


async def pretend_that_it_ended(database: Database) -> None:
    await delete_entry(database)
    gone = {"_id": entry(4).id, "version": 1, "block": 2, "digest": "0" * 64, "why": "retention", "at": NOW}
    await database["ended-accesses"].insert_one(gone)


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
        last = chain.follow(last, left, block.at)
        await put(database, last)


@pytest.mark.parametrize(
    ("tamper", "problem", "block"),
    [
        (alter_entry, "entry-altered", 2),
        (delete_entry, "entry-removed", 2),
        (pretend_that_it_ended, "entry-removed", 2),
        (insert_entry, "entry-inserted", 2),
        (insert_entry_beyond_the_end, "entry-inserted", 77),
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

    fault = (await checked(database, {head.number: head.hash})).fault
    assert fault is not None
    assert (fault.problem, fault.block) == ("head-differs", 2)


async def test_a_block_mended_without_a_head_no_longer_fits_the_next(sealed: Deps, database: Database) -> None:
    await database["heads"].delete_many({})
    await delete_an_entry_and_mend_its_block(database)

    fault = (await checked(database)).fault
    assert fault is not None
    assert (fault.problem, fault.block) == ("chain-broken", 3)


async def block_of(database: Database, number: int) -> Block:
    found = await store.ChainDocuments.of(database).block(number)
    assert found is not None
    return found


async def put(database: Database, block: Block) -> None:
    stored: Document = block.model_dump()
    stored["_id"] = stored.pop("id")
    await database["blocks"].replace_one({"_id": block.id}, stored)
