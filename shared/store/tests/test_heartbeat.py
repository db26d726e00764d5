"""What one process does about transactions of others: that died, were frozen, or are at work on the same case."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from bus import poll
from bus.concurrency import is_outage
from bus.event import BlockedError
from shared.bus.tests.harness import Tally, eventually, order
from store import group_commit, heartbeat
from store.commit import INBOX, Committer, Handled
from store.group_commit import OutboxEntry, Unit
from store.heartbeat import SESSIONS, Heartbeat
from store.repository import Database, Repository
from testkit.other_committer import committing
from testkit.patience import IN_TIME

BEAT = 0.2


@pytest.fixture
async def tallies(database: Database) -> Repository[Tally]:
    await database.create_collection("tallies")
    return Repository(database, "tallies", Tally)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "EVERY", BEAT)
    monkeypatch.setattr(poll, "AT_REST", 5 * BEAT)


@pytest.fixture
async def committer(quick: None, database: Database, tallies: Repository[Tally]) -> AsyncIterator[Committer]:
    del quick, tallies
    async with committing(database) as running:
        yield running


async def die(committer: Committer) -> None:
    """Do as if a process had been killed: it beats no more, and ends nothing of what it began."""
    beating = committer.heartbeat._repeating  # noqa: SLF001 - the fault
    assert beating is not None
    await beating.stop()
    committer.heartbeat._repeating = None  # noqa: SLF001 - the fault


async def begin(committer: Committer, database: Database, *ids: str) -> None:
    """Open a transaction that changes some tallies, and leave it open."""
    session = committer._session  # noqa: SLF001 - the fault
    await session.start_transaction()
    for id_ in ids:
        await database["tallies"].insert_one({"_id": id_, "version": 1}, session=session)


async def test_a_process_that_was_there_before_ends_the_transaction_of_one_that_died(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    async with committing(database) as killed:
        await begin(killed, database, "a")
        await die(killed)
        begun = time.perf_counter()

        async with asyncio.timeout(IN_TIME):
            await committer.commit([tallies.save(Tally(id="a"))])

        assert time.perf_counter() - begun >= heartbeat.DEAD_AFTER * BEAT
        assert await tallies.get("a") == Tally(id="a", version=1)
        assert await database[SESSIONS].count_documents({}) == 1


async def test_a_process_that_starts_ends_the_transaction_of_its_dead_predecessor(
    quick: None, database: Database, tallies: Repository[Tally]
) -> None:
    del quick
    async with committing(database) as killed:
        await begin(killed, database, "a")
        await die(killed)

        async with committing(database) as successor, asyncio.timeout(IN_TIME):
            await successor.commit([tallies.save(Tally(id="a"))])

        assert await tallies.get("a") == Tally(id="a", version=1)


async def test_the_transaction_of_a_process_that_lives_is_left_alone(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    await begin(committer, database, "a")
    async with committing(database) as other:
        await asyncio.sleep(3 * heartbeat.DEAD_AFTER * BEAT)
        await other.commit([tallies.save(Tally(id="b"))])

        await committer._session.commit_transaction()  # noqa: SLF001 - it was opened by hand

    assert await tallies.get("a") is not None
    assert await tallies.get("b") is not None


async def test_a_frozen_process_that_comes_back_repeats_what_was_aborted_and_beats_on(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    async with committing(database) as frozen:
        await begin(frozen, database, "a")
        await die(frozen)
        async with asyncio.timeout(IN_TIME):
            await committer.commit([tallies.save(Tally(id="a"))], [], Handled("m1", "d"))

        with pytest.raises(OperationFailure) as told:
            await database["tallies"].insert_one({"_id": "b"}, session=frozen._session)  # noqa: SLF001 - as above
        assert is_outage(told.value)
        await frozen._session.abort_transaction()  # noqa: SLF001 - as with_transaction does
        await frozen.heartbeat.start()
        await frozen.commit([tallies.save(Tally(id="b"))], [], Handled("m2", "d"))

        assert await database[SESSIONS].count_documents({}) == 2
        assert await database[INBOX].count_documents({}) == 2


async def test_one_process_of_several_is_the_first_and_another_when_it_has_died(
    committer: Committer, database: Database
) -> None:
    async with committing(database) as other:

        async def know_each_other() -> bool:
            return committer.heartbeat.processes == other.heartbeat.processes == 2

        await eventually(know_each_other)
        first, second = sorted((committer, other), key=lambda each: each.heartbeat.is_first, reverse=True)
        assert (first.heartbeat.is_first, second.heartbeat.is_first) == (True, False)

        await die(first)

        async def has_taken_over() -> bool:
            return second.heartbeat.is_first and second.heartbeat.processes == 1

        await eventually(has_taken_over)


async def test_while_the_store_is_away_nobody_counts_as_dead(
    committer: Committer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with committing(database) as other:
        for each in (committer, other):
            await each.heartbeat._repeating.stop()  # type: ignore[union-attr] # noqa: SLF001 - beats by hand
        turn = committer.heartbeat._turn  # noqa: SLF001 - as above
        for _ in range(heartbeat.DEAD_AFTER):
            await turn()
        sessions = committer.heartbeat._sessions  # noqa: SLF001 - as above
        with monkeypatch.context() as away:
            away.setattr(sessions.database.client, "_closed", True)
            for _ in range(5 * heartbeat.DEAD_AFTER):
                await committer.heartbeat._turn_if_possible()  # noqa: SLF001 - as above
        await other.heartbeat._turn()  # noqa: SLF001 - as above
        await turn()

        assert await database[SESSIONS].count_documents({}) == 2


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock of this process, and so of every heartbeat in it, by so many seconds wrong."""
    right = time.time

    def set_clock(ahead: float) -> None:
        monkeypatch.setattr(heartbeat, "time", SimpleNamespace(time=lambda: right() + ahead))

    return set_clock


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
async def test_a_process_whose_clock_becomes_wrong_is_told_to_end_and_one_that_starts_so_waits(
    quick: None, database: Database, wrong: Callable[[float], None], ahead: float
) -> None:
    del quick
    told: list[str] = []
    async with committing(database) as other, committing(database, misled=lambda: told.append("end")) as misled:
        await other.heartbeat._repeating.stop()  # type: ignore[union-attr] # noqa: SLF001 - it beat by a right clock
        wrong(ahead)
        await eventually(lambda: answered(bool(told)))
        assert misled.heartbeat.is_clock_wrong

        successor = Committer(database)
        starting = asyncio.create_task(successor.prepare())
        await eventually(lambda: answered(successor.heartbeat.is_clock_wrong))
        assert not starting.done()
        wrong(0)
        await starting
        await successor.heartbeat.stop()


async def test_a_clock_that_differs_from_the_stores_like_all_others_is_not_known_to_be_wrong(
    quick: None, database: Database, wrong: Callable[[float], None]
) -> None:
    del quick
    told: list[str] = []
    wrong(3600)
    async with committing(database, misled=lambda: told.append("end")) as one:
        assert not one.heartbeat.is_clock_wrong  # alone it can't tell who is wrong
        async with committing(database) as other:
            await eventually(lambda: answered(one.heartbeat.processes == other.heartbeat.processes == 2))
            assert not one.heartbeat.is_clock_wrong
            assert not other.heartbeat.is_clock_wrong
    assert not told


async def test_who_has_just_started_has_no_say_in_whose_clock_is_wrong(
    quick: None, database: Database, wrong: Callable[[float], None]
) -> None:
    del quick
    wrong(3600)
    async with committing(database) as one:
        await one.heartbeat._repeating.stop()  # type: ignore[union-attr] # noqa: SLF001 - beats by hand
        async with database.client.start_session() as session:
            await Heartbeat(database, session)._turn()  # noqa: SLF001 - its first beat, and no second one
        await one.heartbeat._turn()  # noqa: SLF001 - as above

        assert one.heartbeat.processes == 2
        assert not one.heartbeat.is_clock_wrong


async def test_a_slow_answer_of_the_store_is_no_wrong_clock() -> None:
    assert heartbeat._skew(asked=0, told=200, store=190) == 0  # noqa: SLF001 - what can't be provoked otherwise
    assert heartbeat._skew(asked=100, told=101, store=0) == 100.5  # noqa: SLF001 - as above


async def answered(value: bool) -> bool:  # noqa: FBT001 - what is looked for
    return value


async def test_one_blocked_case_holds_up_no_other(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    async with database.client.start_session() as stranger, await stranger.start_transaction():
        await database["tallies"].insert_one({"_id": "t7", "version": 1}, session=stranger)
        commits = [
            asyncio.create_task(committer.commit([tallies.save(Tally(id=f"t{n}"))], [order(n)], Handled(f"m{n}", "d")))
            for n in range(40)
        ]

        async with asyncio.timeout(IN_TIME):
            await asyncio.gather(*(each for n, each in enumerate(commits) if n != 7))
            await committer.commit([tallies.save(Tally(id="later"))])

        assert not commits[7].done()
        await stranger.abort_transaction()
    async with asyncio.timeout(IN_TIME):
        await commits[7]
    assert await tallies.get("t7") == Tally(id="t7", version=1)
    assert await database[INBOX].count_documents({}) == 40


async def test_a_blocked_unit_waits_on_when_its_group_takes_long(
    committer: Committer, database: Database, tallies: Repository[Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = committer._groups._transact  # noqa: SLF001 - the fault

    async def slow(group: list[Unit]) -> OutboxEntry:
        try:
            return await transact(group)
        finally:
            await asyncio.sleep(0.15)

    monkeypatch.setattr(committer._groups, "_transact", slow)  # noqa: SLF001 - as above
    async with database.client.start_session() as stranger, await stranger.start_transaction():
        await database["tallies"].insert_one({"_id": "t0", "version": 1}, session=stranger)
        commits = [asyncio.create_task(committer.commit([tallies.save(Tally(id=f"t{n}"))])) for n in range(4)]
        async with asyncio.timeout(IN_TIME):
            await asyncio.gather(*commits[1:])
        await stranger.abort_transaction()

    async with asyncio.timeout(IN_TIME):
        await commits[0]


async def test_what_is_blocked_for_too_long_is_told_so_and_is_no_outage(
    committer: Committer, database: Database, tallies: Repository[Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BLOCKED_FOR", 0.5)
    async with database.client.start_session() as stranger, await stranger.start_transaction():
        await database["tallies"].insert_one({"_id": "a", "version": 1}, session=stranger)

        with pytest.raises(BlockedError) as told:
            await committer.commit([tallies.save(Tally(id="a"))])

    assert not is_outage(told.value)


async def test_a_stop_cancels_what_is_blocked(quick: None, database: Database, tallies: Repository[Tally]) -> None:
    del quick
    async with database.client.start_session() as stranger, await stranger.start_transaction():
        await database["tallies"].insert_one({"_id": "a", "version": 1}, session=stranger)
        async with committing(database) as stopped:
            blocked = asyncio.create_task(stopped.commit([tallies.save(Tally(id="a"))]))
            await eventually(lambda: _is_waiting(stopped))

    with pytest.raises(asyncio.CancelledError):
        await blocked
    assert await database[SESSIONS].count_documents({}) == 0


async def _is_waiting(committer: Committer) -> bool:
    return bool(committer._groups._blocked)  # noqa: SLF001 - it shows nowhere else


async def said(database: Database) -> list[bool]:
    """Return what each process has said of itself: whether it is at rest."""
    return [row["rests"] async for row in database[SESSIONS].find({})]


async def at_rest(committer: Committer) -> None:
    async def rests() -> bool:
        return committer.heartbeat.is_at_rest

    await eventually(rests)


async def test_a_process_that_is_alone_comes_to_rest_and_says_that_it_is_awake_before_it_commits(
    committer: Committer, database: Database, tallies: Repository[Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    await at_rest(committer)
    assert await said(database) == [True]
    told: list[list[bool]] = []
    transact = committer._transact  # noqa: SLF001 - where the transaction begins

    async def looked(group: list[Unit]) -> OutboxEntry:
        remember = committer._remember  # noqa: SLF001 - within it

        async def within(*rest: Any) -> None:  # noqa: ANN401 - passed on as they came
            told.append(await said(database))
            await remember(*rest)

        monkeypatch.setattr(committer, "_remember", within)
        return await transact(group)

    monkeypatch.setattr(committer._groups, "_transact", looked)  # noqa: SLF001 - as above
    await committer.commit([tallies.save(Tally(id="a"))])

    assert told == [[False]]
    assert not committer.heartbeat.is_at_rest


async def test_what_is_said_last_is_so_however_beats_and_commits_meet(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    for number in range(5):
        await at_rest(committer)
        beating = [asyncio.create_task(committer.heartbeat._turn()) for _ in range(3)]  # noqa: SLF001 - at that moment
        await committer.commit([tallies.save(Tally(id=f"t{number}"))])
        await asyncio.gather(*beating)
        assert await said(database) == [False]


async def test_a_process_at_rest_does_not_count_as_dead_and_wakes_when_another_comes(
    committer: Committer, database: Database
) -> None:
    await at_rest(committer)
    async with committing(database) as other:

        async def both_are_known() -> bool:
            return committer.heartbeat.processes == other.heartbeat.processes == 2

        await eventually(both_are_known)
        assert not committer.heartbeat.is_at_rest
        await asyncio.sleep((heartbeat.DEAD_AFTER + 1) * BEAT)
        assert await both_are_known()


async def test_one_that_died_at_rest_is_found_dead_all_the_same(committer: Committer, database: Database) -> None:
    await at_rest(committer)
    await die(committer)
    async with committing(database) as successor:
        assert successor.heartbeat.processes == 2

        async def is_alone() -> bool:
            return successor.heartbeat.processes == 1

        await eventually(is_alone)
    await committer.heartbeat.start()
