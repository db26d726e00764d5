"""Indexes in clear are encrypted while the system writes; killed anywhere it goes on; nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from itertools import product
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict
from pymongo import MongoClient

from bus.event import ConflictError
from local_stack.keys import new_store_key
from privacy.erasure import Eraser, ErasureRequested
from privacy.holders import Holder
from runtime.clock import utc_now
from store import index_rotation, master_keys
from store.commit import Committer
from store.field_encryption import TamperedError
from store.index_rotation import Progress, encrypt_all
from store.repository import Database, Document, Repository
from store.retention import DataKind
from testkit.fixtures import StackAddresses, drop
from testkit.other_committer import committing
from testkit.people import signed_requests
from testkit.vaults import vaulted
from web import rotate_index

PEOPLE = 23
LEAKED_KEY = b"k" * 32
PLACES = {"evidence": ("id",), "papers": ("holder.index", "concerns.index")}


class Piece(BaseModel):
    model_config = ConfigDict(frozen=True)


class Person(Piece):
    index: str


class Evidence(Piece):
    id: str
    version: int = 0
    name: str
    count: int = 0


class Paper(Piece):
    id: str
    version: int = 0
    holder: Person | None
    concerns: tuple[Person, ...] = ()
    count: int = 0


class Town:
    """A service's collections: as an earlier release wrote them, and as this one does."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.evidence_before = Repository(database, "evidence", Evidence, sealed=("name",))
        self.papers_before = Repository(database, "papers", Paper)
        self.evidence = Repository(database, "evidence", Evidence, sealed=("name",), indexes=PLACES["evidence"])
        self.papers = Repository(database, "papers", Paper, indexes=PLACES["papers"])

    async def in_clear(self) -> set[str]:
        """Return what somebody finds in the store who has the leaked key, and knows everybody's number."""
        known, found = {index_of(n) for n in range(PEOPLE * 2)}, set[str]()
        for name in await self.database.list_collection_names():
            stored = repr(await self.database[name].find({}).to_list())
            found |= {index for index in known if index in stored}
        return found


def index_of(n: int) -> str:
    return hmac.digest(LEAKED_KEY, f"number {n}".encode(), "sha256").hex()


def unseen(_: Progress) -> None:
    """Show nothing."""


@pytest.fixture
async def town(database: Database, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(index_rotation, "AT_ONCE", 5)
    town = Town(database)
    async with committing(database) as committer:
        people = [Person(index=index_of(n)) for n in range(PEOPLE)]
        papers = [Paper(id=f"p{n:03}", holder=each, concerns=(each,)) for n, each in enumerate(people)]
        evidence = [Evidence(id=each.index, name=f"王{n}") for n, each in enumerate(people)]
        writes = [*map(town.papers_before.save, [*papers, Paper(id="nobody's", holder=None)])]
        await committer.commit([*writes, *map(town.evidence_before.save, evidence)])
    return town


async def test_nothing_is_lost_doubled_or_missed_while_others_write(town: Town) -> None:
    """Every person is found by index at every moment, with what was last written; new ones come in meanwhile."""
    ended, written = asyncio.Event(), Counter[str]()

    async def keep_writing(committer: Committer, first: int) -> None:
        while not ended.is_set():
            for n in range(first, PEOPLE, 2):
                index = index_of(n)
                evidence = await town.evidence.get(index)
                [paper] = await town.papers.find({"holder.index": index})
                assert (evidence is not None, paper.holder) == (True, Person(index=index))
                assert evidence is not None
                try:
                    await committer.commit(
                        [
                            town.evidence.save(evidence.model_copy(update={"count": evidence.count + 1})),
                            town.papers.save(paper.model_copy(update={"count": paper.count + 1})),
                        ]
                    )
                except ConflictError:  # it was just being moved: read again
                    continue
                written[index] += 1

    async def register(committer: Committer) -> None:
        for n in range(PEOPLE, PEOPLE + 5):
            await committer.commit([town.evidence.save(Evidence(id=index_of(n), name=f"新{n}"))])

    async with committing(town.database) as committer:
        writing = [asyncio.create_task(keep_writing(committer, first)) for first in (0, 1)]
        await register(committer)
        await encrypt_all(town.database, PLACES, unseen)
        ended.set()
        await asyncio.gather(*writing)

    assert sum(written.values()) > 0
    everybody = await town.evidence.find({})
    assert Counter(each.id for each in everybody) == Counter(index_of(n) for n in range(PEOPLE + 5))
    assert {each.id: each.count for each in everybody if each.count} == dict(written)
    assert {each.id: each.version for each in everybody} == {each.id: each.count + 1 for each in everybody}
    assert {each.name for each in everybody} >= {"王0", f"新{PEOPLE}"}
    papers = await town.papers.find({})
    assert len(papers) == PEOPLE + 1
    assert {each.holder.index: each.count for each in papers if each.holder and each.count} == dict(written)
    assert await town.in_clear() == set()


async def test_what_another_process_writes_between_reading_and_writing_stays(
    town: Town, infrastructure: StackAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MongoClient[Document](infrastructure.mongodb) as other:
        store = other[town.database.name]

        def saved_once_more(page: Sequence[Document]) -> Sequence[Document]:
            for place, each in product(PLACES, page):
                said = {"$set": {"count": 7, "concerns": []}, "$inc": {"version": 1}}
                store[place].update_one({"_id": each["_id"], "version": 1}, said)
            return deepcopy(page)

        monkeypatch.setattr(index_rotation, "deepcopy", saved_once_more)
        await encrypt_all(town.database, PLACES, unseen)
        kept = [*store["evidence"].find({}), *store["papers"].find({"holder": {"$ne": None}})]

    assert [(each["version"], each["count"], each["concerns"]) for each in kept] == [(2, 7, [])] * PEOPLE * 2
    assert await town.in_clear() == set()


async def test_killed_at_any_step_it_goes_on(town: Town) -> None:
    killed = 0
    while True:
        try:
            await encrypt_all(town.database, PLACES, kill)
        except KilledError:
            killed += 1
            assert len(await town.evidence.many([index_of(n) for n in range(PEOPLE)])) == PEOPLE
        else:
            break

    assert killed == 2 * -(-PEOPLE // 5)  # after each page, of which none was done twice
    assert await town.in_clear() == set()
    assert await encrypt_all(town.database, PLACES, unseen) == 0


class KilledError(Exception):
    pass


def kill(_: Progress) -> None:
    raise KilledError


async def test_before_and_after_it_a_person_is_found_erased_and_not_added_twice(town: Town) -> None:
    kind = DataKind.model_validate(
        {"in": ["papers"], "while": {"zh-CN": "x", "en": "x"}, "name": {"zh-CN": "x", "en": "x"},
         "why": {"zh-CN": "x", "en": "x"}, "asked": "erase"}
    )  # fmt: skip
    eraser = Eraser(
        town.database,
        {"paper": kind},
        lambda holder: {"papers": {"holder.index": holder.index}},
        {},
        cases=None,
        requests=signed_requests({}, utc_now),
    )
    async with committing(town.database) as committer:
        for n in (1, 2):
            again = town.papers.add_unless({"holder.index": index_of(n)}, Paper(id=f"again{n}", holder=None))
            await committer.commit([again])
            [paper] = await town.papers.find({"holder.index": {"$in": [index_of(n), "nobody"]}})
            [row] = await town.papers.rows({"_id": f"p{n:03}"}, "holder")
            assert (paper.id, row["holder"]) == (f"p{n:03}", {"index": index_of(n)})
            asked = ErasureRequested(erasure_id="e", holder=Holder(resident_id="res_1", index=index_of(n)))
            erased = await eraser.erase(asked.holder)
            await committer.commit(erased.changes)
            evidence = await town.evidence.get(index_of(n))
            assert evidence is not None
            await committer.commit([town.evidence.remove(evidence)])
            await encrypt_all(town.database, PLACES, unseen)

    assert {each.id for each in await town.papers.find({})}.isdisjoint({"p001", "p002", "again1", "again2"})
    assert len(await town.evidence.find({})) == PEOPLE - 2


async def test_an_index_of_another_database_is_none_here(town: Town) -> None:
    other = vaulted(town.database.client, f"{town.database.name}-2")
    try:
        await other.vault.prepare()
        for foreign in (b"\x00" * 80, other.vault.encrypt_index(index_of(1))):
            await town.database["papers"].update_one({"_id": "p001"}, {"$set": {"holder.index": foreign}})
            with pytest.raises(TamperedError, match="not an encrypted index"):
                await town.papers.get("p001")
    finally:
        await drop(other)


@pytest.mark.usefixtures("logs_of_others")
async def test_the_command_encrypts_what_a_service_says_it_keeps_and_tells(
    database: Database,
    infrastructure: StackAddresses,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("YIZHENG_KEYS", str(tmp_path))
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("IDENTITY_DATABASE", database.name)
    (tmp_path / master_keys.FILE).write_bytes(new_store_key())
    (tmp_path / master_keys.FILE).chmod(0o600)
    await database["residents"].insert_one({"_id": "res_1", "version": 1, "holder_index": index_of(1)})

    codes = [await asyncio.to_thread(rotate_index.main, ["identity"]) for _ in range(2)]

    assert codes == [0, 0]
    told = capsys.readouterr().out
    assert "1 of 1 documents" in told
    assert "identity: 0 documents encrypted; no index is left in clear in correction_answers, residents" in told
    [resident] = await database["residents"].find({}).to_list()
    assert isinstance(resident["holder_index"], bytes)
    assert rotate_index.main([]) == 64


async def test_a_store_without_indexes_in_clear_is_asked_for_none(town: Town) -> None:
    """It writes slow and interrupted questions to its log, as they were asked."""
    await encrypt_all(town.database, PLACES, unseen)
    await town.database.command("profile", 2)
    evidence, papers = (
        await town.evidence.many([index_of(0), index_of(1)]),
        await town.papers.find({"holder.index": index_of(0)}),
    )
    async with committing(town.database) as committer:
        await committer.commit([*map(town.evidence.save, evidence.values())])
        await committer.commit([*map(town.evidence.remove, (await town.evidence.many(list(evidence))).values())])
    await town.database.command("profile", 0)
    assert (len(evidence), len(papers)) == (2, 1)
    asked = repr(await town.database["system.profile"].find({}).to_list())
    assert "evidence" in asked
    assert [n for n in range(PEOPLE) if index_of(n) in asked] == []
