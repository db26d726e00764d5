"""What groups count: the same whether it was added to them already or is still beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.event import ConflictError, Outcome
from operations.domain.failure import STATES, restore
from operations.domain.failure import discard as put_away
from operations.domain.group import FailureGroup, GroupDelta, GroupSubject, Note, hour_of, total
from operations.domain.letter import Cause
from operations.domain.search import Criteria
from operations.handlers import failures
from services.operations.tests.archive import Archive, opened
from services.operations.tests.letterbox import NOON, example, later, raw
from store.repository import Database

ABOUT = GroupSubject(service="matcher", event_type="identity.id-registered.v1", cause=Cause(reason="handler-failed"))
MOMENTS = st.integers(0, 300).map(later)
TALLIES = st.builds(
    lambda at, letters, states: GroupDelta(
        id="g1", about=ABOUT, first_seen=at, last_seen=at, hourly={hour_of(at): letters}, states=states
    ),
    MOMENTS,
    st.integers(1, 9),
    st.dictionaries(st.sampled_from(STATES), st.integers(-3, 3).filter(bool), max_size=3),
)


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    async with opened(database) as archive:
        yield archive


@given(st.lists(TALLIES, min_size=1, max_size=9).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_tallies_add_up_to_the_same_in_any_order(orders: tuple[list[GroupDelta], list[GroupDelta]]) -> None:
    added, shuffled = orders
    group = added[0].begin()
    assert group is not None
    one_by_one = group
    for tally in added:
        one_by_one = one_by_one.plus(tally)
    assert group.plus(total(shuffled)["g1"]) == one_by_one
    assert one_by_one.seen == sum(tally.seen for tally in added)


async def test_what_is_still_to_be_added_is_shown_as_if_it_were(archive: Archive) -> None:
    await _fail(archive, first=0)
    await _fold(archive)
    await _fail(archive, first=5)
    read = await failures.search(Criteria(service="matcher"), None, 1, archive.deps)
    await archive.commit(Outcome(changes=archive.failures.moved([(read[0], put_away(read[0], "op", "x", NOON))])))

    assert await archive.database["group-tallies"].count_documents({}) > 0
    before = await _shown(archive)
    assert {group.seen for group in before[0] if group} == {5}
    assert [group.count("discarded") for group in before[0] if group] == [1, 0]
    await _fold(archive)
    assert await archive.database["group-tallies"].count_documents({}) == 0
    assert await _shown(archive) == before


async def test_what_was_put_away_and_taken_back_adds_nothing(archive: Archive) -> None:
    await _fail(archive, first=0)
    await _fold(archive)
    counted = await archive.groups.all()
    for step in (put_away, None):
        (one,) = await failures.search(Criteria(event_id="e1"), None, 1, archive.deps)
        after = step(one, "op", "x", NOON) if step else restore(one, NOON, timedelta(days=30))
        await archive.commit(Outcome(changes=archive.failures.moved([(one, after)])))
    await _fold(archive)
    assert await archive.groups.all() == counted
    assert await archive.database["group-tallies"].count_documents({}) == 0


async def test_two_who_add_at_once_add_once(archive: Archive) -> None:
    await _fail(archive, first=0)
    one, other = await archive.groups.compact(), await archive.groups.compact()
    await archive.commit(Outcome(changes=one))
    with pytest.raises(ConflictError):
        await archive.commit(Outcome(changes=other))
    assert sum(group.seen for group in await archive.groups.all()) == 5


async def test_a_group_that_nothing_was_added_to_yet_can_be_noted_on(archive: Archive) -> None:
    await _fail(archive, first=0)
    group = (await archive.groups.all())[0]
    noted, too_late = (archive.groups.note(group, Note(by=by, at=NOON, text="x")) for by in ("op-1", "op-2"))
    await archive.commit(Outcome(changes=noted))
    with pytest.raises(ConflictError):
        await archive.commit(Outcome(changes=too_late))
    await _fold(archive)
    kept = await archive.groups.get(group.id)
    assert kept is not None
    assert [note.by for note in kept.notes] == ["op-1"]
    assert kept == group.model_copy(update={"notes": kept.notes, "version": 2})


async def test_what_failed_a_moment_ago_is_found(archive: Archive) -> None:
    await _fail(archive, first=0)
    await _fold(archive)
    await archive.take(raw(example(id="new"), "new", later(9)))
    assert (await archive.found(service="matcher"))[0] == "new"
    assert (await archive.found())[0] == "new"


async def test_a_group_goes_once_it_counts_no_failure_and_one_that_fails_again_meanwhile_begins_anew(
    archive: Archive,
) -> None:
    await archive.take(raw(example(id="e1"), "a1", NOON))
    await _fold(archive)
    (failure,) = await failures.search(Criteria(), None, 1, archive.deps)
    await archive.commit(Outcome(changes=archive.failures.moved([(failure, None)])))
    (group,) = await archive.groups.all()
    assert group.failures == 0
    await archive.commit(Outcome(changes=[archive.groups.remove(group)]))
    assert await archive.database["failure-groups"].count_documents({}) == 1, "it is still to be taken off"

    await _fold(archive)
    await archive.take(raw(example(id="e2"), "a2", later(1)))
    await archive.commit(Outcome(changes=[archive.groups.remove(group)]))
    await _fold(archive)
    assert [(each.seen, each.states) for each in await archive.groups.all()] == [(1, {"open": 1})]


async def _fail(archive: Archive, first: int) -> None:
    """Have five messages fail, three of them of one cause."""
    for n in range(first, first + 5):
        fault = ("KeyError", "ValueError")[n % 2]
        await archive.take(raw(example(id=f"e{n}"), f"a{n}", later(n), exception=fault))


async def _fold(archive: Archive) -> None:
    await archive.commit(Outcome(changes=await archive.groups.compact()))


async def _shown(archive: Archive) -> list[Sequence[FailureGroup | None]]:
    """Return groups in the ways in which operators ask for them."""
    groups = archive.groups
    newest = await groups.page(limit=1)
    rest = await groups.page(after=(newest[0].last_seen, newest[0].id), limit=5)
    return [
        await groups.page(limit=5),
        [*newest, *rest],
        await groups.page(service="matcher", limit=5),
        await groups.page(service="identity", limit=5),
        await groups.page(state="discarded", limit=5),
        [await groups.get(newest[0].id), await groups.get("g0")],
    ]
