"""How the content of entries ends, and how an insider who may write the store can't make it seem so."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bus.event import Outcome
from data_rights import store
from data_rights.commands import kept_heads
from data_rights.config import Settings
from data_rights.domain import chain
from data_rights.domain.chain import Block, hash_of
from data_rights.domain.verification import RecordVerification
from data_rights.handlers import blocks
from data_rights.handlers.dependencies import Deps
from data_rights.store import chain as chain_store
from record_archive import ENTRIES, NOW, TERM, add, block_of, checked, entry, put, seal
from standards.hash_chain import BEGINNING
from store.commit import Committer
from store.repository import Database, Write
from store.retention import Retention, read
from testkit.fakes import FakeClock

SEALED_AT = NOW + timedelta(hours=1)
DUE = SEALED_AT + timedelta(days=TERM)
SECOND = timedelta(seconds=1)
SEED = 20261129


class Insider:
    """Somebody with the service's own account on the store, who wants entries gone."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def end(self, *numbers: int, **changed: object) -> None:
        """Delete entries and leave what the service leaves when their term has passed, or what is said instead."""
        for number in numbers:
            id_ = entry(number).id
            sealed = {each.id: (block["number"], each.digest) async for block, each in self._sealed()}
            block, digest = sealed[id_]
            left = {
                "_id": id_,
                "version": 1,
                "block": block,
                "digest": digest,
                "why": "retention",
                "at": DUE,
                **changed,
            }
            await self.database["accesses"].delete_one({"_id": id_})
            await self.database["ended-accesses"].replace_one({"_id": left["_id"]}, left, upsert=True)

    async def change(self, collection: str, id_: str, **fields: object) -> None:
        """Set fields of a document."""
        changed = await self.database[collection].update_one({"_id": id_}, {"$set": fields})
        assert changed.modified_count == 1

    async def rewrite(self, number: int, **changed: object) -> Block:
        """Change a block so that its own hash is right."""
        block = (await block_of(self.database, number)).model_copy(update=changed)
        block = block.model_copy(update={"hash": hash_of(block)})
        await put(self.database, block)
        return block

    async def _sealed(self) -> Any:  # noqa: ANN401 - pairs of a block and what is sealed in it
        async for block in self.database["blocks"].find({}):
            for each in block["entries"]:
                yield block, chain.SealedEntry(**each)


@pytest.fixture
def insider(database: Database) -> Insider:
    return Insider(database)


async def found(database: Database, at: datetime = SEALED_AT + timedelta(minutes=1)) -> tuple[str, int] | None:
    fault = (await checked(database, at=at)).fault
    return None if fault is None else (fault.problem, fault.block)


class Ending:
    """The service's retention, at a time of its own."""

    def __init__(self, database: Database, committer: Committer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database = database
        self._committer = committer
        self._monkeypatch = monkeypatch

    async def at(self, now: datetime, term: int = TERM) -> RecordVerification:
        """End what is due then, and walk the record."""

        async def commit(outcome: Outcome[Any]) -> None:
            await self._committer.commit([change for change in outcome.changes if isinstance(change, Write)])

        self._monkeypatch.setattr(chain_store, "utc_now", lambda: now)
        kinds = dict(read(Settings().retention).services["data-rights"])
        kinds["accesses"] = kinds["accesses"].model_copy(update={"days": term})
        retention = Retention("data-rights", self._database, commit, kinds, store.CASCADES, FakeClock(now))
        await retention.turn()
        return await checked(self._database, at=now)


@pytest.fixture
def ending(database: Database, committer: Committer, monkeypatch: pytest.MonkeyPatch) -> Ending:
    return Ending(database, committer, monkeypatch)


@pytest.mark.usefixtures("sealed")
async def test_entries_end_when_the_term_of_their_block_has_passed_and_the_record_stays_whole(ending: Ending) -> None:
    done = await ending.at(DUE - SECOND)
    assert (done.fault, done.entries, done.ended) == (None, ENTRIES, 0)
    done = await ending.at(DUE)
    assert (done.fault, done.entries, done.ended) == (None, ENTRIES, ENTRIES)


async def test_what_was_told_late_or_dated_back_ends_no_earlier_and_holds_up_nothing_behind_it(
    committer: Committer, archive: Deps, ending: Ending, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.retention._AT_ONCE", 2)
    await add(committer, archive, *(entry(number, at=NOW - timedelta(days=3000)) for number in range(3)))
    archive.clock.advance(timedelta(days=90))  # type: ignore[attr-defined] # the fake of it
    assert await seal(committer, archive)
    await add(committer, archive, *(entry(number) for number in range(10, 13)))
    await database["accesses"].update_many({"block": None}, {"$set": {"block": 1}})  # in the way, and in no good order
    done = await ending.at(SEALED_AT + timedelta(days=89 + TERM))
    assert await database["accesses"].count_documents({}) == 6
    assert done.ended == 0
    await ending.at(SEALED_AT + timedelta(days=90 + TERM))
    assert await database["accesses"].count_documents({}) == 0


@pytest.mark.usefixtures("sealed")
async def test_a_term_that_is_declared_shorter_later_keeps_what_was_promised(
    ending: Ending, database: Database
) -> None:
    done = await ending.at(NOW + timedelta(days=30), term=7)
    assert (done.fault, done.ended) == (None, 0)
    assert await database["accesses"].count_documents({}) == ENTRIES


async def ends_one(insider: Insider) -> None:
    await insider.end(4)


async def says_when_truly(insider: Insider) -> None:
    await insider.end(4, at=NOW + timedelta(minutes=5))


async def ends_a_whole_block(insider: Insider) -> None:
    await insider.end(3, 4, 5)


async def leaves_anothers_digest(insider: Insider) -> None:
    other = (await block_of(insider.database, 2)).entries[0]
    await insider.end(4, digest=other.digest)


async def leaves_another_block(insider: Insider) -> None:
    await insider.end(4, block=1)


async def leaves_no_reason(insider: Insider) -> None:
    await insider.end(4, why="")


async def leaves_another_reason(insider: Insider) -> None:
    await insider.end(4, why="erasure")


async def erases_the_reason(insider: Insider) -> None:
    await insider.end(4)
    await insider.database["ended-accesses"].update_many({}, {"$unset": {"why": ""}})


async def leaves_a_time_without_a_zone(insider: Insider) -> None:
    await insider.end(4, at="2020-01-01T00:00:00")


async def ends_and_shortens_the_term(insider: Insider) -> None:
    await insider.end(4)
    await insider.change("blocks", chain.block_id(2), term=0)


async def ends_and_unsets_the_term(insider: Insider) -> None:
    await insider.end(4)
    await insider.change("blocks", chain.block_id(2), term=None)


async def ends_and_shortens_the_term_with_its_hash(insider: Insider) -> None:
    await insider.end(4)
    await insider.rewrite(2, term=-2000)


async def ends_and_dates_the_block_back(insider: Insider) -> None:
    await insider.end(4)
    await insider.change("blocks", chain.block_id(2), at=NOW - timedelta(days=2000))


async def ends_and_dates_the_last_block_back_with_its_hash(insider: Insider) -> None:
    """No head covers it yet: its hash can be made anew, and still it follows a block that was sealed later."""
    await insider.end(7)
    await insider.rewrite(3, at=NOW - timedelta(days=2000))


async def dates_the_last_block_beyond_the_calendar(insider: Insider) -> None:
    await insider.end(7)
    await insider.rewrite(3, at=datetime.max.replace(tzinfo=UTC, microsecond=0))


async def puts_anothers_entry_in_its_place(insider: Insider) -> None:
    other = await insider.database["accesses"].find_one({"_id": entry(3).id})
    assert other is not None
    await insider.database["accesses"].replace_one({"_id": entry(4).id}, {**other, "_id": entry(4).id})


async def gives_it_to_somebody_else(insider: Insider) -> None:
    await insider.change("accesses", entry(4).id, holder="00" * 32)


async def moves_it_to_another_block(insider: Insider) -> None:
    await insider.change("accesses", entry(4).id, block=1)


async def takes_it_out_to_be_sealed_again(insider: Insider) -> None:
    await insider.change("accesses", entry(4).id, block=None)


async def places_an_invented_entry(insider: Insider, block: object) -> None:
    stored = entry(99, version=1).model_dump()
    stored["_id"] = stored.pop("id")
    await insider.database["accesses"].insert_one({**stored, "block": block})


async def places_it_in_a_block_by_a_text(insider: Insider) -> None:
    await places_an_invented_entry(insider, "2")


async def places_it_between_two_blocks(insider: Insider) -> None:
    await places_an_invented_entry(insider, 2.5)


async def places_it_in_many_blocks(insider: Insider) -> None:
    await places_an_invented_entry(insider, [0, 99])


async def writes_what_nobody_can_read(insider: Insider) -> None:
    await insider.change("accesses", entry(4).id, by=7)


async def breaks_what_is_sealed_in_an_entry(insider: Insider) -> None:
    await insider.database["accesses"].update_one({"_id": entry(4).id}, {"$set": {"sealed": b"nothing"}})


async def writes_a_block_that_nobody_can_read(insider: Insider) -> None:
    await insider.change("blocks", chain.block_id(2), entries=[1])


async def writes_a_head_that_nobody_can_read(insider: Insider) -> None:
    await insider.change("heads", chain.block_id(2), hash=5)


@pytest.mark.parametrize(
    ("tamper", "problem", "block"),
    [
        (ends_one, "ended-too-early", 2),
        (says_when_truly, "ended-too-early", 2),
        (ends_a_whole_block, "ended-too-early", 2),
        (leaves_anothers_digest, "entry-removed", 2),
        (leaves_another_block, "entry-removed", 2),
        (leaves_no_reason, "entry-removed", 2),
        (leaves_another_reason, "entry-removed", 2),
        (erases_the_reason, "entry-removed", 2),
        (leaves_a_time_without_a_zone, "entry-removed", 2),
        (ends_and_shortens_the_term, "block-altered", 2),
        (ends_and_unsets_the_term, "block-altered", 2),
        (ends_and_shortens_the_term_with_its_hash, "head-differs", 2),
        (ends_and_dates_the_block_back, "block-altered", 2),
        (ends_and_dates_the_last_block_back_with_its_hash, "ended-too-early", 3),
        (dates_the_last_block_beyond_the_calendar, "ended-too-early", 3),
        (puts_anothers_entry_in_its_place, "entry-unreadable", 2),
        (gives_it_to_somebody_else, "entry-altered", 2),
        (moves_it_to_another_block, "entry-inserted", 1),
        (takes_it_out_to_be_sealed_again, "entry-removed", 2),
        (places_it_in_a_block_by_a_text, "entry-inserted", 4),
        (places_it_between_two_blocks, "entry-inserted", 4),
        (places_it_in_many_blocks, "entry-inserted", 4),
        (writes_what_nobody_can_read, "entry-unreadable", 2),
        (breaks_what_is_sealed_in_an_entry, "entry-unreadable", 2),
        (writes_a_block_that_nobody_can_read, "block-altered", 2),
        (writes_a_head_that_nobody_can_read, "head-unreadable", 0),
    ],
)
@pytest.mark.usefixtures("sealed")
async def test_an_insider_who_wants_an_entry_gone_is_found(
    insider: Insider,
    database: Database,
    tamper: Callable[[Insider], Awaitable[None]],
    problem: str,
    block: int,
) -> None:
    await tamper(insider)
    assert await found(database) == (problem, block)


@pytest.mark.usefixtures("sealed")
async def test_what_was_ended_too_early_by_its_own_word_is_found_also_years_later(
    insider: Insider, database: Database
) -> None:
    await insider.end(4, at=NOW + timedelta(days=30))
    assert await found(database, DUE + timedelta(days=100)) == ("ended-too-early", 2)


@pytest.mark.usefixtures("sealed")
async def test_no_choice_of_entries_and_time_ends_anything_before_its_term(
    insider: Insider, database: Database
) -> None:
    dice = random.Random(SEED)
    ended = list[int]()
    for number in dice.sample(range(ENTRIES), ENTRIES):
        await insider.end(number, at=DUE + dice.random() * timedelta(days=3000))
        ended.append(number)
        now = SEALED_AT + dice.random() * timedelta(days=TERM)
        assert await found(database, now) == ("ended-too-early", min(ended) // 3 + 1), f"seed {SEED}"
    assert await found(database, DUE) is None


async def test_a_clock_that_is_set_back_gains_nothing(
    sealed: Deps, committer: Committer, insider: Insider, database: Database
) -> None:
    sealed.clock.advance(-timedelta(days=2 * TERM))  # type: ignore[attr-defined] # the fake of it
    await add(committer, sealed, *(entry(number, at=NOW - timedelta(days=3000)) for number in range(20, 23)))
    assert await seal(committer, sealed)
    assert (await block_of(database, 4)).at == SEALED_AT
    await insider.end(21)
    assert await found(database) == ("ended-too-early", 4)


async def test_a_block_of_an_earlier_release_says_no_term_and_keeps_the_one_of_then(
    sealed: Deps, insider: Insider, database: Database
) -> None:
    await database["heads"].delete_many({})
    for number in (1, 2, 3):
        before = await block_of(database, number - 1) if number > 1 else None
        await insider.rewrite(number, term=None, previous=before.hash if before else BEGINNING)
        await database["blocks"].update_one({"_id": chain.block_id(number)}, {"$unset": {"term": ""}})
    assert await found(database) is None
    await insider.end(0)
    assert await found(database) == ("ended-too-early", 1)
    assert await found(database, DUE) is None
    assert await sealed.accesses.get(entry(0).id) is None


@pytest.mark.parametrize("rewritten", ["file", "store"])
async def test_heads_that_are_rewritten_in_one_place_contradict_those_in_the_other(
    sealed: Deps, insider: Insider, database: Database, tmp_path: Path, rewritten: str
) -> None:
    heads = tmp_path / "heads.jsonl"
    head = await sealed.chain.last_head()
    assert head is not None
    heads.write_text(blocks.line(head) + "\n", encoding="utf-8")
    elsewhere = shutil.copy(heads, tmp_path / "kept-elsewhere.jsonl")
    await insider.database["accesses"].delete_one({"_id": entry(4).id})
    left = tuple(each for each in (await block_of(database, 2)).entries if each.id != entry(4).id)
    second = await insider.rewrite(2, entries=left)
    await insider.rewrite(3, previous=second.hash)

    if rewritten == "file":
        heads.write_text(json.dumps({"number": 2, "hash": second.hash}), encoding="utf-8")
    else:
        await insider.change("heads", head.id, hash=second.hash)
    done = await checked(database, kept_heads.read([heads], None).hashes)
    assert done.fault is not None
    assert (done.fault.problem, done.fault.block) == ("head-differs", 2)

    heads.write_text(json.dumps({"number": 2, "hash": second.hash}), encoding="utf-8")
    await database["heads"].update_one({"_id": head.id}, {"$set": {"hash": second.hash}})
    for order in ([Path(elsewhere), heads], [heads, Path(elsewhere)]):
        fault = (await checked(database, kept_heads.read(order, None).hashes)).fault
        assert fault is not None
        assert (fault.problem, fault.block) == ("head-differs", 2)
