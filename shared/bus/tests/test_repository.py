from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
from pydantic import BaseModel, ConfigDict
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from bus.event import ConflictError, Outcome
from shared.bus.tests.harness import Tally
from store.commit import Committer
from store.repository import CODECS, Database, Document, Repository, Write, ensure_collections
from testkit.fakes import FakeChange, FakeDocuments, apply
from testkit.fixtures import StackAddresses
from testkit.vaults import vaulted


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    model_config = ConfigDict(frozen=True)
    street: str
    since: date | None = None


class Everything(BaseModel):
    """One field of every kind that aggregates use."""

    model_config = ConfigDict(frozen=True)
    id: str
    version: int = 0
    born: date
    seen: datetime
    colour: Colour
    colours: frozenset[Colour]
    by_colour: dict[Colour, int]
    home: Address
    past: tuple[Address, ...] = ()
    score: float = 0.5
    scan: bytes = b""
    nothing: str | None = None


EVERYTHING = Everything(
    id="e",
    born=date(2019, 8, 31),
    seen=datetime(2026, 11, 23, 2, 0, 0, 123_000, tzinfo=UTC),
    colour=Colour.RED,
    colours=frozenset({Colour.BLUE, Colour.RED}),
    by_colour={Colour.RED: 1},
    home=Address(street="民治", since=date(2020, 1, 2)),
    past=(Address(street="大浪"), Address(street="觀瀾", since=date(2001, 2, 3))),
    scan=b"\x00\xff",
)


class Queries(CommandListener):
    """Remembers what was asked of the store."""

    def __init__(self) -> None:
        self.filters: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.filters.append(dict(event.command["filter"]))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to remember."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to remember."""


@pytest.fixture
def queries() -> Queries:
    return Queries()


@pytest.fixture
async def watched(infrastructure: StackAddresses, database: Database, queries: Queries) -> AsyncIterator[Database]:
    """The test's database over a connection whose queries are remembered."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        infrastructure.mongodb, tz_aware=True, event_listeners=[queries]
    )
    yield vaulted(client, database.name)
    await client.close()


async def write(database: Database, change: Write) -> None:
    collection = database.get_collection(change.collection, codec_options=CODECS)
    await collection.bulk_write([change.operation])


async def test_everything_that_an_aggregate_holds_comes_back_as_it_was(database: Database) -> None:
    documents = Repository(database, "things", Everything)

    await write(database, documents.save(EVERYTHING))

    assert await documents.get("e") == EVERYTHING.model_copy(update={"version": 1})


async def test_dates_are_text_moments_are_dates_and_sets_are_sorted_lists(database: Database) -> None:
    await write(database, Repository(database, "things", Everything).save(EVERYTHING))

    stored = await database["things"].find_one({"_id": "e"})

    assert stored is not None
    assert stored["born"] == "2019-08-31"
    assert stored["home"] == {"street": "民治", "since": "2020-01-02"}
    assert stored["seen"] == EVERYTHING.seen
    assert stored["colours"] == ["blue", "red"]
    assert (stored["_id"], stored["version"], "id" in stored) == ("e", 1, False)


async def test_what_has_no_place_in_a_document_is_refused_by_name(database: Database) -> None:
    class Odd(BaseModel):
        id: str
        version: int = 0
        what: complex

    with pytest.raises(Exception, match="complex"):
        await write(database, Repository(database, "things", Odd).save(Odd(id="o", what=1j)))


async def test_gets_at_the_same_time_are_one_query(watched: Database, queries: Queries) -> None:
    tallies = Repository(watched, "tallies", Tally)
    for n in range(5):
        await write(watched, tallies.save(Tally(id=f"t{n}")))
    queries.filters.clear()

    found = await asyncio.gather(*(tallies.get(f"t{n % 7}") for n in range(20)))

    assert [tally.id if tally else None for tally in found[:7]] == ["t0", "t1", "t2", "t3", "t4", None, None]
    assert queries.filters == [{"_id": {"$in": [f"t{n}" for n in range(7)]}}]


async def test_a_get_never_shares_a_query_that_began_before_it(watched: Database, queries: Queries) -> None:
    tallies = Repository(watched, "tallies", Tally)
    first = asyncio.create_task(tallies.get("a"))
    while not queries.filters:  # noqa: ASYNC110 - the first query is under way
        await asyncio.sleep(0)
    await write(watched, tallies.save(Tally(id="a")))

    assert await tallies.get("a") == Tally(id="a", version=1)
    await first


async def test_a_get_that_nobody_waits_for_any_more_leaves_the_others_alone(watched: Database) -> None:
    tallies = Repository(watched, "tallies", Tally)
    await write(watched, tallies.save(Tally(id="a")))
    gone, stays = asyncio.create_task(tallies.get("a")), asyncio.create_task(tallies.get("a"))
    await asyncio.sleep(0)

    gone.cancel()

    assert await stays == Tally(id="a", version=1)


async def test_many_are_asked_for_at_once_and_what_is_not_there_is_left_out(
    watched: Database, queries: Queries
) -> None:
    tallies = Repository(watched, "tallies", Tally)
    await watched["tallies"].insert_many([{"_id": f"t{n}", "version": 1, "numbers": [n]} for n in range(250)])

    found = await tallies.many([f"t{n}" for n in range(260)])
    got = await asyncio.gather(*(tallies.get(f"t{n}") for n in range(260)))

    assert {tally.numbers for tally in found.values()} == {(n,) for n in range(250)}
    assert [each.numbers if each else None for each in got] == [(n,) if n < 250 else None for n in range(260)]
    assert len(queries.filters) == 2
    assert await tallies.many([]) == {}


async def test_find_sorts_and_limits(database: Database) -> None:
    tallies = Repository(database, "tallies", Tally)
    for id_, numbers in (("a", (3,)), ("b", (1,)), ("c", (2,))):
        await write(database, tallies.save(Tally(id=id_, numbers=numbers)))

    found = await tallies.find({"_id": {"$ne": "c"}}, sort=[("numbers", 1)])
    first = await tallies.find({}, sort=[("_id", -1)], limit=1)

    assert [tally.id for tally in found] == ["b", "a"]
    assert [tally.id for tally in first] == ["c"]


@pytest.fixture(params=["real", "fake"])
def either(request: pytest.FixtureRequest, database: Database) -> Repository[Tally] | FakeDocuments[Tally]:
    """The same behaviour is asked of the real collection and of the fake in every service's tests."""
    return Repository(database, "tallies", Tally) if request.param == "real" else FakeDocuments(Tally)


async def apply_change(database: Database, change: Write | FakeChange, *others: Write) -> None:
    """Commit changes in one transaction; raise ConflictError where one is refused."""
    if isinstance(change, FakeChange):
        apply(Outcome(changes=[change]))
        return
    committer = Committer(database)
    await ensure_collections(database, ["tallies"])
    await committer.prepare()
    committer.start()
    try:
        await committer.commit([change, *others])
    finally:
        await committer.stop()


async def test_one_is_added_unless_one_with_the_same_values_is_there(
    either: Repository[Tally] | FakeDocuments[Tally], database: Database
) -> None:
    first, second = Tally(id="a", numbers=(1,)), Tally(id="b", numbers=(1,))
    await apply_change(database, either.add_unless({"numbers": (1,)}, first))
    await apply_change(database, either.add_unless({"numbers": (1,)}, second))
    await apply_change(database, either.add_unless({"_id": "a"}, Tally(id="a", numbers=(7,))))
    await apply_change(database, either.add_unless({"_id": "c"}, Tally(id="c")))

    assert await either.many(["a", "b", "c"]) == {
        "a": first.model_copy(update={"version": 1}),
        "c": Tally(id="c", version=1),
    }


async def test_of_several_in_one_transaction_the_first_is_added(database: Database) -> None:
    tallies = Repository(database, "tallies", Tally)
    both = [tallies.add_unless({"numbers": [1]}, Tally(id=id_, numbers=(1,))) for id_ in "ab"]

    await apply_change(database, *both)

    assert [each.id for each in await tallies.find({})] == ["a"]


async def test_a_version_is_saved_once_and_only_the_current_one_is_removed(
    either: Repository[Tally] | FakeDocuments[Tally], database: Database
) -> None:
    await apply_change(database, either.save(Tally(id="a")))
    stale = await either.get("a")
    assert stale == Tally(id="a", version=1)
    await apply_change(database, either.save(stale))
    for refused in (either.save(stale), either.remove(stale), either.save(Tally(id="a"))):
        with pytest.raises(ConflictError):
            await apply_change(database, refused)

    current = await either.get("a")
    assert current == Tally(id="a", version=2)
    await apply_change(database, either.remove(current))

    assert await either.get("a") is None
