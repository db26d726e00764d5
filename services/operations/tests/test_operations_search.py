"""Searching by every criterion, page by page, in a real store, by an index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from bus.event import ConflictError, Outcome
from operations.domain.erased import emptied
from operations.domain.failure import discard, resolve
from operations.domain.search import Criteria, Place
from operations.domain.tokens import wanted
from operations.domain.trail import Recorded, place_of
from operations.handlers import failures
from operations.store import failure_search
from operations.store.failure_search import question
from operations.store.trail import TrailStore
from runtime.errors import Refusal
from services.operations.tests.archive import Archive, opened
from services.operations.tests.letterbox import NOON, example, later, raw
from store.repository import Database
from testkit.leaks import readable_in

HOUSING = "housing.department-record-published.v1"


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    async with opened(database) as archive:
        yield archive


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


async def test_what_changes_alike_is_refused_together_when_one_was_changed_before(filled: Archive) -> None:
    read = await failures.search(Criteria(service="matcher"), None, 5, filled.deps)
    await filled.commit(Outcome(changes=filled.failures.moved([(read[0], resolve(read[0], "handled", NOON))])))
    stale = filled.failures.moved([(each, resolve(each, "ignored", NOON)) for each in read])
    with pytest.raises(ConflictError):
        await filled.commit(Outcome(changes=stale))
    assert [each.state for each in (await filled.failures.summaries([read[1].id])).values()] == ["open"]

    fresh = await failures.search(Criteria(states=("open",)), None, 9, filled.deps)
    await filled.commit(
        Outcome(changes=filled.failures.moved([(each, resolve(each, "ignored", NOON)) for each in fresh]))
    )
    assert await filled.found(states=("open",)) == []
    assert {each.count("resolved") for each in await filled.groups.all()} == {1}


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
    words = {word async for each in filled.database["failures"].find({}) for word in each["words"]}
    assert not [word for word in words if "李" in word or "王" in word or "石鼓" in word or "1986" in word]


async def test_what_goes_takes_its_count_along(filled: Archive) -> None:
    found = await failures.search(Criteria(), None, 10, filled.deps)
    await filled.commit(Outcome(changes=filled.failures.moved([(each, None) for each in found])))
    assert await filled.database["failures"].count_documents({}) == 0
    assert {each.failures for each in await filled.groups.all()} == {0}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"states": ("open",)},
        {"group": "g1"},
        {"group": "g1", "text": "keyerror"},
        {"text": "keyerror"},
        {"text": "keyerror holder", "case": "res_2"},
        {"service": "matcher"},
        {"fields": ("/data/name=王芳",)},
        {"service": "matcher", "states": ("open", "replaying"), "since": NOON, "until": later(60)},
    ],
)
@pytest.mark.parametrize("after", [None, (later(30), "x")])
async def test_every_search_goes_by_an_index_in_its_order(
    filled: Archive, asked: dict[str, Any], after: Place | None
) -> None:
    criteria = Criteria(**asked)
    wanted_of = question(criteria, wanted(criteria, filled.words_key), after)
    explained = await filled.database["failures"].find(wanted_of).sort("last_seen", -1).limit(5).explain()
    plan = str(explained["queryPlanner"]["winningPlan"])
    assert "'stage': 'IXSCAN'" in plan
    assert "'stage': 'COLLSCAN'" not in plan
    assert "'stage': 'SORT'" not in plan, "it would read all that ever matched"


async def test_a_search_that_reads_too_much_says_what_to_narrow(
    filled: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failure_search, "question", lambda *_: {"$where": "sleep(60000)"})
    monkeypatch.setattr(failure_search, "SEARCHED_FOR", 0.2)

    with pytest.raises(Refusal) as refused:
        await failures.search(Criteria(text="keyerror holder"), None, 5, filled.deps)

    assert (refused.value.code, refused.value.field) == ("search-too-wide", "until")


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
