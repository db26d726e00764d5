"""The stores: the same behaviour in memory and over the real one, and what only the real one does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Protocol

import pytest

from bus.event import Change, ConflictError, Outcome
from matcher import store
from matcher.domain.claims import ClaimRequirement
from matcher.domain.evidence import Evidence, EvidenceContent, EvidenceRecord, Value
from matcher.domain.item import Item
from matcher.domain.mirror import MirrorLoad
from matcher.domain.rebuild import Rebuilt
from matcher.store import EvidenceStore
from services.matcher.tests.fakes import FakeEvidence
from store.commit import Committer
from store.repository import Database, Repository, Write
from testkit.fakes import apply
from testkit.fixtures import make_collections
from testkit.leaks import readable_in, told_in
from testkit.patience import PATIENCE

Commit = Callable[[Change], Awaitable[None]]
NOW = datetime(2026, 11, 23, 2, 0, 0, 123_000, tzinfo=UTC)


class Shelf(Protocol):
    """The stores with a way to commit to them."""

    evidence: EvidenceStore
    commit: Commit


class Memory:
    """Everything in memory."""

    def __init__(self) -> None:
        self.evidence = FakeEvidence()

    async def commit(self, change: Change) -> None:
        """Commit one change."""
        apply(Outcome(changes=[change]))


class Real:
    """Everything in the real store."""

    def __init__(self, database: Database, committer: Committer) -> None:
        self.evidence = store.EvidenceStore(database)
        self._committer = committer

    async def commit(self, change: Change) -> None:
        """Commit one change."""
        assert isinstance(change, Write)
        await self._committer.commit([change])


@pytest.fixture
async def prepared(database: Database) -> AsyncIterator[Committer]:
    await make_collections(database, store.INDEXES)
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    yield committer
    await committer.stop()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def real(database: Database, prepared: Committer) -> Real:
    return Real(database, prepared)


@pytest.fixture(params=["memory", "real"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    chosen: Shelf = request.getfixturevalue(request.param)
    return chosen


def record(id: str = "r1", status: str = "valid", source: str = "city-mirror") -> EvidenceRecord:
    fields: dict[str, Value] = {"name": "李育成", "months_paid": 14, "complete": True, "parents": ["李育成", "王芳"]}
    content = EvidenceContent(fields=fields, valid_from=date(2020, 1, 1), valid_until=None, sequence=3)
    return EvidenceRecord.model_validate(
        {
            "keeper": "city" if source == "city-mirror" else "credential-store",
            "record_id": id,
            "source": source,
            "document_type": "bank-account",
            "status": status,
            "sequence": 4,
            "content": content,
        }
    )


def person(id: str = "i1", *, turns_on: date | None = None) -> Evidence:
    return Evidence(
        id=id,
        resident_id=f"res_{id}",
        name="李育成",
        birth_date=date(1990, 1, 1),
        suspended=True,
        records=(record(),),
        holdings=(),
        turns_on=turns_on,
    )


async def test_evidence_comes_back_as_it_was_saved(shelf: Shelf) -> None:
    await shelf.commit(shelf.evidence.save(person()))
    assert await shelf.evidence.get("i1") == person().model_copy(update={"version": 1})
    assert await shelf.evidence.get("i2") is None


async def test_evidence_is_found_by_resident(shelf: Shelf) -> None:
    await shelf.commit(shelf.evidence.save(person()))
    found = await shelf.evidence.of_resident("res_i1")
    assert found is not None
    assert found.id == "i1"
    assert await shelf.evidence.of_resident("res_i2") is None


async def test_evidence_that_the_calendar_has_changed_is_found_from_that_day_on(shelf: Shelf) -> None:
    for id_, day in (("i1", date(2026, 11, 23)), ("i2", date(2026, 11, 24)), ("i3", None)):
        await shelf.commit(shelf.evidence.save(person(id_, turns_on=day)))
    assert [each.id for each in await shelf.evidence.turning(date(2026, 11, 23), 10)] == ["i1"]
    assert len(await shelf.evidence.turning(date(2026, 11, 24), 1)) == 1


async def test_evidence_that_somebody_changed_meanwhile_is_not_overwritten(shelf: Shelf) -> None:
    await shelf.commit(shelf.evidence.save(person()))
    with pytest.raises(ConflictError):
        await shelf.commit(shelf.evidence.save(person()))


async def test_an_items_requirements_come_back_as_they_were_saved(database: Database, real: Real) -> None:
    items = Repository(database, store.ITEMS, Item)
    requirement = ClaimRequirement(
        key="housing", document_types=("a", "b"), holder="second-party", claims={"x": 12, "y": ["form.parents"]}
    )
    item = Item(id="senior-card", requirements=(requirement,), published_at=NOW)
    await real.commit(items.save(item))
    assert await items.get("senior-card") == item.model_copy(update={"version": 1})


async def test_several_are_written_at_once_unless_somebody_was_faster(real: Real) -> None:
    evidence = real.evidence
    assert await evidence.save_many([person("i1"), person("i2")])
    first, second = [(await evidence.many(["i1", "i2", "i3"]))[id_] for id_ in ("i1", "i2")]
    await real.commit(evidence.save(first))
    assert not await evidence.save_many([first, second])
    assert not await evidence.save_many([person("i1"), person("i3")])
    versions = {each.id: each.version for each in await everybody(evidence)}
    assert versions == {"i1": 2, "i2": 2, "i3": 1}
    assert await evidence.save_many([])


async def everybody(evidence: store.EvidenceStore, at_once: int = 10) -> list[Evidence]:
    return [each async for batch in evidence.batches(at_once) for each in batch]


async def test_all_evidence_is_read_in_batches(real: Real) -> None:
    await real.evidence.save_many([person(f"i{n}") for n in range(5)])
    batches = [len(batch) async for batch in real.evidence.batches(2)]
    assert batches == [2, 2, 1]
    assert {each.id for each in await everybody(real.evidence, 5)} == {"i0", "i1", "i2", "i3", "i4"}


async def test_records_are_counted_by_source_type_and_status(real: Real) -> None:
    several: Sequence[EvidenceRecord] = (
        record("a"),
        record("b"),
        record("c", "revoked"),
        record("d", source="district-store"),
    )
    await real.evidence.save_many([person("i1").with_records(several), Evidence(id="i2", records=(record("e"),))])
    counted = await real.evidence.statistics()
    assert (counted.people, counted.registered) == (2, 1)
    assert [(one.source, one.document_type, one.status, one.count) for one in counted.records] == [
        ("city-mirror", "bank-account", "revoked", 1),
        ("city-mirror", "bank-account", "valid", 3),
        ("district-store", "bank-account", "valid", 1),
    ]


async def test_the_last_count_is_given_until_there_is_a_new_one(database: Database, real: Real) -> None:
    await real.evidence.save_many([person("i1")])
    first = await real.evidence.statistics()
    await real.evidence.save_many([person("i2")])
    assert (await store.EvidenceStore(database).statistics()).people == first.people == 1

    hurried = store.EvidenceStore(database, statistics_for=0)
    assert (await hurried.statistics()).people == 1
    async with asyncio.timeout(PATIENCE):
        while True:
            if (await hurried.statistics()).people == 2:
                break
            await asyncio.sleep(0.02)


async def test_how_far_a_load_has_come_is_remembered_whatever_was_before(database: Database, real: Real) -> None:
    loads = store.MirrorLoads(database)
    assert await loads.get("digest") is None
    begun = await loads.remember(MirrorLoad(id="digest", file="f", size=9, begun_at=NOW))
    later = await loads.remember(begun.model_copy(update={"offset": 5, "ended_at": NOW}))
    assert await loads.get("digest") == later
    assert later.version == 2


async def test_the_store_shows_nothing_of_the_people_whom_evidence_is_about(real: Real, database: Database) -> None:
    one = person("i1").model_copy(update={"id": "1f" * 32, "name": "陈小雨", "address": "民治大道七号"})
    await real.commit(real.evidence.save(one))
    assert await real.evidence.save_many([one.model_copy(update={"id": "2f" * 32})])
    rebuilt = store.RebuiltStore(database, "now")
    await rebuilt.save_many([Rebuilt(id="i3", records=(record(),))])

    assert await readable_in(database, told_in(one.model_dump()) | {"2f" * 32}) == []
    assert [each.records async for batch in rebuilt.batches(10) for each in batch] == [(record(),)]
    assert len([each async for batch in real.evidence.batches(10) for each in batch if each.name == "陈小雨"]) == 2
