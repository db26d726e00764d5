from __future__ import annotations

import asyncio
import gc
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence

import pytest
from pymongo import AsyncMongoClient, InsertOne, UpdateOne
from pymongo.errors import PyMongoError

from bus.envelope import EncodedEvent
from bus.event import ConflictError
from shared.bus.tests.harness import Tally, order
from store import commit
from store.commit import INBOX, OUTBOX, AlreadyHandledError, Committer, Handled, OutboxEntry
from store.group_commit import Unit
from store.repository import Database, Document, Repository, Write
from store.sealed_fields import opened
from testkit.other_committer import committing
from testkit.patience import IN_TIME
from testkit.vaults import GlassVault

REFUSED_BY_THE_STORE = Write("tallies", InsertOne({"_id": "refused", "thing": object()}))


@pytest.fixture
async def committer(database: Database) -> AsyncIterator[Committer]:
    await database.create_collection("tallies")
    async with committing(database) as running:
        yield running


@pytest.fixture
def tallies(database: Database) -> Repository[Tally]:
    return Repository(database, "tallies", Tally)


async def contents(database: Database) -> tuple[int, int, int]:
    """Count what is in the state, the inbox and the outbox."""
    names = ("tallies", INBOX, OUTBOX)
    state, inbox, outbox = [await database[name].count_documents({}) for name in names]
    return state, inbox, outbox


async def test_state_inbox_and_outbox_are_written_together(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    event = order(1)

    entry = await committer.commit([tallies.save(Tally(id="a"))], [event], Handled("m1", "d1"))

    assert await contents(database) == (1, 1, 1)
    row = await database[OUTBOX].find_one({"_id": entry.id})
    assert row is not None
    left = await opened(database.vault, OUTBOX, row)
    assert left["events"] == [{"id": event.id, "key": event.routing_key, "body": event.body}]


async def test_a_failing_write_leaves_none_of_the_three(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    writes = [tallies.save(Tally(id="a")), REFUSED_BY_THE_STORE]

    with pytest.raises(TypeError, match="can't be stored: object"):
        await committer.commit(writes, [order(1)], Handled("m1", "d1"))

    assert await contents(database) == (0, 0, 0)


async def test_units_that_wait_together_share_one_transaction(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    units = [committer.commit([tallies.save(Tally(id=f"t{n}"))], [order(n)], Handled(f"m{n}", "d")) for n in range(20)]

    entries = await asyncio.gather(*units)

    assert await contents(database) == (20, 20, 1)
    assert len({entry.id for entry in entries}) == 1
    assert entries[0].unsent == 20


@pytest.mark.parametrize("culprit", range(3))
async def test_a_unit_that_cannot_be_committed_falls_alone(
    committer: Committer, database: Database, tallies: Repository[Tally], culprit: int
) -> None:
    writes: list[Sequence[Write]] = [[tallies.save(Tally(id=f"t{n}"))] for n in range(3)]
    writes[culprit] = [REFUSED_BY_THE_STORE]

    results = await asyncio.gather(
        *(committer.commit(each, [order(n)], Handled(f"m{n}", "d")) for n, each in enumerate(writes)),
        return_exceptions=True,
    )

    assert [isinstance(result, Exception) for result in results] == [n == culprit for n in range(3)]
    assert (await contents(database))[:2] == (2, 2)


async def test_a_repeated_message_changes_nothing_and_says_which_body_was_handled(
    committer: Committer, database: Database, tallies: Repository[Tally]
) -> None:
    await committer.commit([tallies.save(Tally(id="a"))], [], Handled("m1", "first"))

    with pytest.raises(AlreadyHandledError) as raised:
        await committer.commit([tallies.save(Tally(id="b"))], [order(1)], Handled("m1", "second"))

    assert raised.value.digest == "first"
    assert await contents(database) == (1, 1, 0)


async def test_a_message_that_arrives_many_times_at_once_is_committed_once(
    committer: Committer, database: Database
) -> None:
    results = await asyncio.gather(
        *(committer.commit([], [order(1)], Handled("m1", "d")) for _ in range(10)), return_exceptions=True
    )

    assert sum(isinstance(result, AlreadyHandledError) for result in results) == 9
    assert await contents(database) == (0, 1, 1)


async def test_many_repeated_messages_cost_the_new_ones_beside_them_one_transaction_more(
    committer: Committer, database: Database, tallies: Repository[Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(committer.commit([], [], Handled(f"m{n}", f"d{n}")) for n in range(30)))
    sizes: list[int] = []
    transact = committer._transact  # noqa: SLF001 - what is counted

    def counting(group: list[Unit]) -> Awaitable[OutboxEntry]:
        sizes.append(len(group))
        return transact(group)

    monkeypatch.setattr(committer._groups, "_transact", counting)  # noqa: SLF001 - as above
    repeated = [committer.commit([], [order(n)], Handled(f"m{n}", "other")) for n in range(30)]
    new = [committer.commit([tallies.save(Tally(id=f"t{n}"))], [order(n)], Handled(f"n{n}", "d")) for n in range(10)]

    results = await asyncio.gather(*repeated, *new, return_exceptions=True)

    assert [str(result) for result in results[:30]] == [f"d{n}" for n in range(30)]
    assert all(isinstance(result, AlreadyHandledError) for result in results[:30])
    assert all(isinstance(result, OutboxEntry) for result in results[30:])
    assert await contents(database) == (10, 40, 1)
    assert sizes == [40, 10]


async def test_of_two_changes_to_the_same_version_one_is_told_of_the_conflict(
    committer: Committer, tallies: Repository[Tally]
) -> None:
    await committer.commit([tallies.save(Tally(id="a"))])
    read = await tallies.get("a")
    assert read is not None

    results = await asyncio.gather(
        *(committer.commit([tallies.save(read.model_copy(update={"numbers": (n,)}))]) for n in range(2)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, ConflictError) for result in results) == 1
    changed = await tallies.get("a")
    assert changed is not None
    assert changed.version == 2


async def test_two_births_of_one_aggregate_are_a_conflict(committer: Committer, tallies: Repository[Tally]) -> None:
    await committer.commit([tallies.save(Tally(id="a"))])

    with pytest.raises(ConflictError):
        await committer.commit([tallies.save(Tally(id="a"))])


async def test_a_conflict_does_not_hide_behind_another_write_to_the_same_collection(
    committer: Committer, tallies: Repository[Tally]
) -> None:
    for id_ in ("a", "b"):
        await committer.commit([tallies.save(Tally(id=id_))])
    stale = await tallies.get("a")
    assert stale is not None
    await committer.commit([tallies.save(stale)])
    unversioned = Write("tallies", UpdateOne({"_id": "b"}, {"$set": {"numbers": [1]}}))

    with pytest.raises(ConflictError):
        await committer.commit([tallies.save(stale), unversioned])


async def test_what_somebody_changed_meanwhile_is_not_removed(committer: Committer, tallies: Repository[Tally]) -> None:
    await committer.commit([tallies.save(Tally(id="a"))])
    stale = await tallies.get("a")
    assert stale is not None
    await committer.commit([tallies.save(stale)])

    with pytest.raises(ConflictError):
        await committer.commit([tallies.remove(stale)])

    current = await tallies.get("a")
    assert current is not None
    await committer.commit([tallies.remove(current)])
    assert await tallies.get("a") is None


NOWHERE = "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=500"


@pytest.fixture
def half_open() -> Iterator[None]:
    """Collect what PyMongo leaves of connections that are cancelled while they are made: it does not close them."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.usefixtures("half_open")
async def test_an_outage_is_told_to_everybody_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "TRANSACTION_TIMEOUT", 1.0)
    client: AsyncMongoClient[Document] = AsyncMongoClient(NOWHERE)
    committer = Committer(Database(client, "nowhere", GlassVault()))
    committer.start()
    begun = time.perf_counter()

    results = await asyncio.gather(
        *(committer.commit([], [order(n)], Handled(f"m{n}", "d")) for n in range(100)), return_exceptions=True
    )

    assert all(isinstance(result, PyMongoError) for result in results)
    assert time.perf_counter() - begun < IN_TIME
    await committer.stop()
    await client.close()


@pytest.mark.usefixtures("half_open")
async def test_nobody_waits_for_a_committer_that_was_stopped() -> None:
    client: AsyncMongoClient[Document] = AsyncMongoClient(NOWHERE)
    committer = Committer(Database(client, "nowhere", GlassVault()))
    committer.start()
    units = [asyncio.create_task(committer.commit([], [order(n)])) for n in range(3)]
    while committer._groups._waiting.qsize():  # noqa: ASYNC110, SLF001 - begun, and it can't end by itself
        await asyncio.sleep(0)

    await committer.stop()

    async with asyncio.timeout(IN_TIME):
        results = await asyncio.gather(*units, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    await client.close()


async def test_a_group_ends_before_its_events_outgrow_a_document(committer: Committer, database: Database) -> None:
    events = [EncodedEvent(f"e{n}", "shop.order-placed.v1", b"x" * 1_000_000) for n in range(20)]

    await asyncio.gather(*(committer.commit([], [event]) for event in events))

    sizes = [len((await opened(database.vault, OUTBOX, row))["events"]) async for row in database[OUTBOX].find({})]
    assert sum(sizes) == 20
    assert max(sizes) <= 5
