from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from pymongo import AsyncMongoClient, MongoClient
from structlog.testing import capture_logs

from bus import concurrency
from bus.topology import Topology, dead_letters_of
from shared.bus.tests.harness import Tally, depth, eventually, order, station, stock_of
from shared.bus.tests.proxy import DOWN, PlainProxy, Proxy, proxied
from store import commit
from store.repository import Database, Document, Repository
from testkit.fixtures import StackAddresses
from testkit.vaults import vaulted


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "TRANSACTION_TIMEOUT", 0.7)
    monkeypatch.setattr(concurrency, "_SLOWEST_PROBE", 0.3)


@pytest.fixture
async def proxy(infrastructure: StackAddresses) -> AsyncIterator[Proxy]:
    """A bad network between this test and the store."""
    address = urlsplit(infrastructure.mongodb)
    with MongoClient[Document](infrastructure.mongodb) as client:
        client.admin.command("ping")
        host, port = client.primary or ("", 0)
    account = address.netloc.rpartition("@")[0]
    options = [each for each in parse_qsl(address.query) if each[0] != "replicaSet"]
    alone = urlencode([*options, ("directConnection", "true")])
    async with proxied(f"mongodb://{account}{'@' if account else ''}{host}:{port}/?{alone}", PlainProxy) as running:
        yield running


@pytest.fixture
async def far(proxy: Proxy, database: Database) -> AsyncIterator[Database]:
    """The test's database on the far side of the bad network."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(proxy.url, tz_aware=True, timeoutMS=700, w="majority")
    yield vaulted(client, database.name)
    proxy.heal()
    await client.close()


TROUBLES: dict[str, Callable[[Proxy], None]] = {
    "a frozen network": lambda proxy: proxy.freeze(),
    "answers that never come": lambda proxy: proxy.freeze(DOWN),
    "a cut line": lambda proxy: proxy.cut(),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_on_the_way_to_the_store_burns_no_attempts_and_doubles_nothing(
    trouble: str, proxy: Proxy, infrastructure: StackAddresses, database: Database, far: Database, small: Topology
) -> None:
    """Among what is interrupted are commits whose outcome stays unknown. The test itself looks by a sound line."""

    async def is_paused() -> bool:
        return any(each["event"] == "consumption_paused" for each in logs)

    async def some_are_counted() -> bool:
        return len(await near.counted()) > 5

    with capture_logs() as logs:
        async with station(infrastructure.amqp, far, small) as stock:
            near = replace(stock, database=database, tallies=Repository(database, "tallies", Tally))
            await stock.place([order(n) for n in range(30)])
            await eventually(some_are_counted)
            await stock.place([order(n) for n in range(30, 60)])
            TROUBLES[trouble](proxy)
            await eventually(is_paused)
            assert not await stock.consumer.is_ready()
            proxy.heal()

            await eventually(lambda: near.has_counted(range(60)))
            await eventually(stock.consumer.is_ready)
            await eventually(near.outbox_is_empty)

    assert not [each for each in logs if each["event"] in {"message_put_off", "message_dead_lettered"}]
    assert await depth(infrastructure.amqp, dead_letters_of(stock_of(small))) == 0


async def test_a_commit_whose_answer_is_lost_is_found_to_be_done(
    proxy: Proxy, infrastructure: StackAddresses, database: Database, far: Database, small: Topology
) -> None:
    """The store has committed and the connection breaks before it can say so."""

    async def is_committed() -> bool:
        return await database["tallies"].find_one({"_id": "case-1"}) is not None

    async with station(infrastructure.amqp, far, small) as stock:
        commits = stock.committer._session.commit_transaction  # noqa: SLF001 - the moment of truth

        async def commit_in_silence() -> None:
            proxy.freeze(DOWN)
            await commits()

        stock.committer._session.commit_transaction = commit_in_silence  # type: ignore[method-assign] # noqa: SLF001 - the fault
        await stock.publish(order(1))
        await eventually(is_committed)
        proxy.reset()
        stock.committer._session.commit_transaction = commits  # type: ignore[method-assign] # noqa: SLF001 - the fault ends
        proxy.heal()
        await stock.publish(order(2))
        await eventually(lambda: stock.has_counted([1, 2]))

    assert await depth(infrastructure.amqp, stock_of(small)) == 0
