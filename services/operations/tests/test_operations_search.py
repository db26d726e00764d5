"""Searching by every criterion, page by page, in a real store, by an index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

import pytest

from messaging.commit import Committer
from messaging.documents import Write
from messaging.event import Outcome
from messaging.intake import Raw
from operations.domain.contracts import Contracts
from operations.domain.erased import emptied
from operations.domain.failure import discard, resolve
from operations.domain.search import Criteria, Place
from operations.domain.tokens import FieldKey, wanted
from operations.domain.trail import Recorded, place_of
from operations.handlers import failures, letters
from operations.handlers.needs import Deps
from operations.store import audit, groups
from operations.store import failures as stored
from operations.store.contracts import contracts_in
from operations.store.failures import FailureDocuments
from operations.store.groups import GroupDocuments
from operations.store.searching import Searching
from operations.store.trail import TrailStore
from runtime.kernel import Database
from services.operations.tests.letterbox import EXAMPLES, KEY, NOON, FakeErased, FakeFates, example, later, raw
from testkit.fakes import FakeClock
from testkit.leaks import readable_in

CONTRACTS = contracts_in(EXAMPLES)
HOUSING = "housing.department-record-published.v1"


@dataclass
class Archive:
    """Failures in a real store."""

    database: Database
    committer: Committer
    failures: FailureDocuments
    groups: GroupDocuments
    replays: FakeFates = field(default_factory=FakeFates)
    erased: FakeErased = field(default_factory=FakeErased)
    clock: FakeClock = field(default_factory=lambda: FakeClock(later(600)))
    contracts: Contracts = CONTRACTS
    words_key: FieldKey = field(default_factory=lambda: FieldKey(KEY))

    @property
    def deps(self) -> Deps:
        """The part of what handlers are given that these need."""
        return cast("Deps", self)

    async def take(self, *batch: Raw) -> None:
        await self.commit(await letters.take(batch, self.deps))

    async def commit(self, outcome: Outcome[Any]) -> None:
        await self.committer.commit([change for change in outcome.changes if isinstance(change, Write)])

    async def found(self, **asked: Any) -> list[str]:  # noqa: ANN401 - whatever a search takes
        """Return the events of the failures that are found, the latest first."""
        return [each.event_id for each in await failures.search(Criteria(**asked), None, 100, self.deps)]

    async def paged(self, size: int, **asked: Any) -> list[str]:  # noqa: ANN401 - whatever a search takes
        """Return the same, page by page."""
        events: list[str] = []
        after: Place | None = None
        while True:
            page = await failures.search(Criteria(**asked), after, size, self.deps)
            events += [each.event_id for each in page[:size]]
            if len(page) <= size:
                return events
            after = page[size - 1].last_seen, page[size - 1].id


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    for name, models in {**stored.INDEXES, **groups.INDEXES, **audit.INDEXES}.items():
        await database.create_collection(name)
        if models:
            await database[name].create_indexes(models)
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    yield Archive(database, committer, FailureDocuments(database), GroupDocuments(database))
    await committer.stop()


@pytest.fixture
async def filled(archive: Archive) -> Archive:
    """Five failures: a person, another with another name, one of another service, a record, a broken one."""
    person, other = example(id="person"), example(id="other", correlationid="res_2")
    other["data"] |= {"name": "王芳", "channel": "terminal"}
    record = example("department.department-record-published.v1", id="record", type=HOUSING)
    await archive.take(
        raw(person, "a", later(0)),
        raw(other, "b", later(10), message="地址不符：三栋", exception="ValueError"),
        raw(example(id="elsewhere"), "c", later(20), queue="applications.dead-letters"),
        raw(record, "d", later(30), queue="credential-store.dead-letters", case="h1"),
        raw(b"broken", "e", later(40), headers={"x-reason": "not-json", "x-event-type": "a.b.v1", "x-event-id": "z"}),
    )
    return archive


async def test_each_criterion_finds_what_meets_it(filled: Archive) -> None:
    everything = ["record", "elsewhere", "other", "person"]
    broken = [each.event_id for each in await failures.search(Criteria(reason="not-json"), None, 5, filled.deps)]
    assert broken == ["z"]
    assert await filled.found() == ["z", *everything]
    assert await filled.found(service="matcher", event_type="identity.id-registered.v1") == ["other", "person"]
    assert await filled.found(service="applications") == ["elsewhere"]
    assert await filled.found(event_type=HOUSING) == ["record"]
    assert await filled.found(case="res_2") == ["other"]
    assert await filled.found(event_id="elsewhere") == ["elsewhere"]
    assert await filled.found(text="ValueError") == ["other"]
    assert await filled.found(text="keyerror holder") == [*everything[:2], "person"]
    assert await filled.found(text="址不符") == ["other"]
    assert await filled.found(text="nothing") == []
    assert await filled.found(fields=("/data/name=王芳",)) == ["other"]
    assert await filled.found(fields=("/data/channel=window", "/data/name=李育成")) == ["elsewhere", "person"]
    assert await filled.found(fields=("/data/name=王",)) == []
    assert await filled.found(since=later(10), until=later(30)) == ["elsewhere", "other"]
    assert await filled.found(since=later(10), until=later(30), service="matcher") == ["other"]
    group = (await failures.search(Criteria(event_id="person"), None, 1, filled.deps))[0].group
    assert await filled.found(group=group) == ["person"]
    assert await filled.found(group=group, text="keyerror") == ["person"]
    assert await filled.found(group=group, text="ValueError") == []


async def test_a_failure_is_found_in_the_state_that_it_is_in(filled: Archive) -> None:
    found = {each.event_id: each for each in await failures.search(Criteria(), None, 10, filled.deps)}
    person, other = found["person"], found["other"]
    moves = [(person, discard(person, "op-1", "INC-1", NOON)), (other, resolve(other, "handled", NOON))]
    await filled.commit(Outcome(changes=filled.failures.moved(moves)))
    assert await filled.found(states=("discarded",)) == ["person"]
    assert await filled.found(states=("discarded", "resolved"), text="identity") == []
    assert await filled.found(states=("discarded", "resolved"), service="matcher") == ["other", "person"]
    assert await filled.found(states=("open",), group=person.group) == []
    group = await filled.groups.get(person.group)
    assert group is not None
    assert (group.count("open"), group.count("discarded"), group.failures) == (0, 1, 1)
    assert [each.id for each in await filled.groups.page(state="discarded", limit=5)] == [person.group]


@pytest.mark.parametrize("asked", [{}, {"text": "keyerror"}, {"service": "matcher"}, {"states": ("open",)}])
async def test_pages_hold_everything_once(archive: Archive, asked: dict[str, Any]) -> None:
    """Many of the same moment, some apart by years."""
    moments = [NOON, NOON, NOON, NOON, later(0.01), later(1), later(1), later(100), NOON - timedelta(days=900)]
    await archive.take(*(raw(example(id=f"e{n}"), f"a{n}", at) for n, at in enumerate(moments)))
    whole = await archive.found(**asked)
    assert sorted(whole) == [f"e{n}" for n in range(9)]
    for size in (1, 2, 3, 4):
        assert await archive.paged(size, **asked) == whole


async def test_what_fails_again_comes_first_and_is_found_by_its_new_words_only(archive: Archive) -> None:
    await archive.take(raw(example(id="a"), "1", later(0)), raw(example(id="b"), "2", later(1)))
    await archive.take(raw(example(id="a"), "3", later(2), exception="ValueError", message="elsewhere"))
    assert await archive.found() == ["a", "b"]
    assert await archive.found(text="ValueError") == ["a"]
    assert await archive.found(text="KeyError") == ["b"]
    await archive.take(raw(example(id="b"), "4", later(0.5)))
    assert await archive.found(text="KeyError") == ["b"]
    counted = {each.cause.exception: (each.seen, each.failures) for each in await archive.groups.all()}
    assert counted == {"KeyError": (3, 1), "ValueError": (1, 1)}


async def test_nothing_personal_is_in_the_words_that_are_stored(filled: Archive) -> None:
    words = {word async for each in filled.database["failure-words"].find({}) for word in each["words"]}
    assert not [word for word in words if "李" in word or "王" in word or "石鼓" in word or "1986" in word]


async def test_what_goes_takes_its_words_and_its_count_along(filled: Archive) -> None:
    found = await failures.search(Criteria(), None, 10, filled.deps)
    await filled.commit(Outcome(changes=filled.failures.moved([(each, None) for each in found])))
    for name in ("failures", "failure-words"):
        assert await filled.database[name].count_documents({}) == 0
    assert {each.failures for each in await filled.groups.all()} == {0}


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "state"),
        ({"states": ("open",)}, "state"),
        ({"group": "g1"}, "group"),
        ({"group": "g1", "text": "keyerror"}, "group"),
        ({"text": "keyerror"}, "words"),
        ({"text": "keyerror holder", "case": "res_2"}, "words"),
        ({"service": "matcher"}, "words"),
        ({"fields": ("/data/name=王芳",)}, "words"),
    ],
)
async def test_every_search_goes_by_an_index(filled: Archive, asked: dict[str, Any], index: str) -> None:
    criteria = Criteria(**asked)
    plan = await Searching(filled.database).plan(criteria, wanted(criteria, filled.words_key))
    for shape in plan.shapes:
        front = {name: value for name, value in shape.items() if name != "terms"}  # compared in what the index finds
        span = {"$gte": NOON, "$lt": later(60)}
        explained = (
            await plan.collection.find({**front, "last_seen": span}).sort([("last_seen", -1)]).limit(5).explain()
        )
        assert f"'indexName': '{index}'" in str(explained["queryPlanner"]["winningPlan"])


async def test_the_store_shows_nothing_of_the_people_whom_failed_messages_are_about(filled: Archive) -> None:
    kept = await filled.failures.search(Criteria(event_id="other"), ("event:other",), limit=1)
    failure = await filled.failures.get(kept[0].id)
    assert failure is not None
    assert failure.body is not None
    assert "王芳".encode() in failure.body

    assert await readable_in(filled.database, ["王芳", 'res_2","name']) == []


async def test_a_message_that_is_put_away_is_found_and_emptied_once_its_term_is_over(filled: Archive) -> None:
    (kept,) = await filled.failures.search(Criteria(event_id="other"), ("event:other",), limit=1)
    gone = discard(kept, "op-ann", "重复", later(50))
    await filled.commit(Outcome(filled.failures.moved([(kept, gone)])))
    (found,) = await filled.failures.put_away_before(later(700), 10)
    assert (found.id, found.body is None) == (kept.id, False)

    await filled.commit(Outcome(filled.failures.moved([(found, emptied(found))])))

    assert await filled.failures.put_away_before(later(700), 10) == []
    empty = await filled.failures.get(kept.id)
    assert empty is not None
    assert (empty.body, dict(empty.headers), empty.stack, empty.state) == (None, {}, "", "discarded")


async def test_the_trail_keeps_events_that_only_those_with_the_keys_can_read(database: Database) -> None:
    trail, body = TrailStore(database), '{"data":{"name":"陈小雨"}}'.encode()
    digest = sha256(body).hexdigest()
    place = place_of(NOON)
    names = dict.fromkeys(("type", "source", "publisher", "routing_key"), "x")
    one = Recorded(id="e1", case="c", time=NOON, place=place, cause=None, body=body, digest=digest, **names)

    await trail.record([one])
    await trail.record([one])

    assert await trail.of_case("c", 0, 10) == [one]
    assert await readable_in(database, ["陈小雨", digest]) == []
