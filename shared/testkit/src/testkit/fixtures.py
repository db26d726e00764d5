"""Real infrastructure for tests: one private broker and store for the whole run, and clean parts of them for each test.

Loaded as a pytest plugin by the workspace's settings. With TESTCONTAINERS=1 and a Docker engine, RabbitMQ 4 and
MongoDB 8 in containers serve the same tests.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pymongo
import pytest
import structlog
from aio_pika.exceptions import ChannelNotFoundEntity
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from bus import topology
from bus.addresses import each_of
from bus.connection import connect
from bus.declare import declare
from bus.topology import RECEIPTS, Topology, Trail, dead_letters_of, delay_name
from local_stack import broker
from local_stack.accounts import databases, definitions
from local_stack.accounts.passwords import SETTING, account_url, administrator_url, folder_of
from local_stack.certificates import authority_file
from local_stack.infrastructure import Infrastructure
from local_stack.keys import ensure_keys
from local_stack.layout import ROOT
from local_stack.ports import HOST
from store.heartbeat import SESSIONS
from store.repository import Database, Document, ensure_collections
from testkit.infrastructure import private_infrastructure
from testkit.patience import PATIENCE
from testkit.vaults import vaulted
from web.service_runtime import ensure_indexes

TOPOLOGY = ROOT / "shared" / "contracts" / "topology.toml"
GIVEN = ("AMQP_URL", "MONGODB_URL", SETTING)
"""What names a broker, a store and accounts that are not ours."""


@dataclass(frozen=True, slots=True)
class StackAddresses:
    """Where the tests' broker and store are, with the administrator's account, and the passwords of the others."""

    amqp: str
    mongodb: str
    accounts: Path
    store_accounts: Path
    amqps: str = ""
    """The broker's address with TLS and no account; empty where it has none."""
    authority: Path | None = None
    """Whose certificate that is."""
    management: str = ""
    """The broker's management interface, with an account that may set permissions; empty where none is known."""
    is_private: bool = False
    """Whether both are ours, with all accounts, TLS and management."""

    def account_url(self, name: str) -> str:
        """Return the broker's address with another account, such as a department's or a service's."""
        return account_url(self.amqp, self.accounts, name)


@pytest.fixture(scope="session")
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackAddresses]:
    """Start the broker and the store once for all tests."""
    if os.environ.get("TESTCONTAINERS"):
        yield from _containers(tmp_path_factory.mktemp("accounts"))
    else:
        with private_infrastructure() as running:
            yield _addresses(running)


@pytest.fixture(scope="session")
def private(request: pytest.FixtureRequest, infrastructure: StackAddresses) -> Iterator[StackAddresses]:
    """Broker and store that are ours, for what is asked of accounts, TLS and management; the topology is declared.

    Where AMQP_URL or MONGODB_URL, or containers, serve the other tests, these start their own.
    """
    if infrastructure.is_private:
        request.getfixturevalue("declared")
        yield infrastructure
        return
    with pytest.MonkeyPatch.context() as patch:
        for name in GIVEN:
            patch.delenv(name, raising=False)
        with private_infrastructure() as running:
            asyncio.run(_declare(running.amqp_url, topology.load(TOPOLOGY)))
            yield _addresses(running)


@pytest.fixture
async def private_bus(private: StackAddresses, full_topology: Topology) -> str:
    """The private broker's address, every work queue empty."""
    await empty_queues(private.amqp, full_topology)
    return private.amqp


def _addresses(running: Infrastructure) -> StackAddresses:
    return StackAddresses(
        each_of(running.amqp_url)[-1],  # tests look at the broker through one address
        running.mongodb_url,
        accounts=folder_of(running.layout),
        store_accounts=databases.folder_of(running.layout),
        amqps="" if os.environ.get("AMQP_URL") else f"amqps://{HOST}:{running.ports.broker_tls}/",
        authority=authority_file(running.layout.keys),
        management=broker.management_url(running.layout, running.ports),
        is_private=not any(map(os.environ.get, GIVEN)),
    )


@pytest.fixture(scope="session")
def of_services(infrastructure: StackAddresses) -> Iterator[dict[str, str]]:
    """The databases that tests of a service use in turns, by the service; gone at the end, with those named after."""
    names: dict[str, str] = {}
    yield names
    with pymongo.MongoClient[Document](infrastructure.mongodb) as client:
        for name in filter(lambda it: it.startswith(tuple(names.values())), client.list_database_names()):
            client.drop_database(name)


@pytest.fixture
async def database(
    request: pytest.FixtureRequest,
    infrastructure: StackAddresses,
    of_services: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Database]:
    """A database of the test's own with a vault of its own, gone afterwards.

    What other services say to one that uses it counts without a person's signature, as before that was asked for.

    A service's tests find the collections and indexes of the one before, emptied: making them takes longer than most
    tests.
    """
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        infrastructure.mongodb, tz_aware=True, w="majority", serverMonitoringMode="poll"
    )
    monkeypatch.setenv("YIZHENG_SIGNED_SINCE", "9999-12-31")
    name = f"test-{secrets.token_hex(6)}"
    folder, service, *_ = request.path.relative_to(ROOT).parts
    name, clear = (of_services.setdefault(service, name), empty) if folder == "services" else (name, drop)
    try:
        yield vaulted(client, name)
    finally:
        await clear(client[name])
        await client.close()


async def make_collections(database: AsyncDatabase[Document], indexes: Mapping[str, Sequence[IndexModel]]) -> None:
    """Make a service's collections with their indexes, as its start does."""
    await ensure_collections(database, indexes)
    for name, models in indexes.items():
        if models:
            await ensure_indexes(database[name], models)


async def drop(database: AsyncDatabase[Document]) -> None:
    """Drop a test's database."""
    await _end_sessions(database)
    with pymongo.timeout(PATIENCE):
        await database.client.drop_database(database.name)


async def empty(database: AsyncDatabase[Document]) -> None:
    """Delete whatever a test's database holds; collections and their indexes stay."""
    await _end_sessions(database)
    with pymongo.timeout(PATIENCE):
        for name in await _filled(database):  # one after the other: each at once would be a connection of its own
            await database[name].delete_many({})


async def _filled(database: AsyncDatabase[Document]) -> list[str]:
    """Return the collections that hold anything, by one question: most hold nothing after most tests."""
    names = await database.list_collection_names()
    asked = [[{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}] for name in names]
    unions = [{"$unionWith": {"coll": name, "pipeline": each}} for name, each in zip(names, asked, strict=True)]
    found = await database.aggregate([{"$documents": [{"_id": ""}]}, *unions])
    return [row["_id"] async for row in found if row["_id"]]


async def _end_sessions(database: AsyncDatabase[Document]) -> None:
    """End what a killed process may have left open: dropping and deleting wait for that."""
    left = [{"id": row["_id"]} async for row in database[SESSIONS].find({}, {"_id": 1})]
    if left:
        await database.client.admin.command({"killSessions": left})


@pytest.fixture
def logs_of_others() -> Iterator[None]:
    """Leave the log as it was, after something that sets it up for a process of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def full_topology() -> Topology:
    return topology.load(TOPOLOGY)


@pytest.fixture(scope="session")
def declared(infrastructure: StackAddresses) -> Topology:
    """The topology as it is deployed, on the broker from now on; a test that takes something away uses another one."""
    full = topology.load(TOPOLOGY)
    asyncio.run(_declare(infrastructure.amqp, full))
    return full


@pytest.fixture
async def bus(request: pytest.FixtureRequest, infrastructure: StackAddresses, declared: Topology) -> str:
    """The broker's address, with the whole topology declared and every work queue empty.

    The streams are just begun: for a service's tests those that it reads, for all others every one.
    """
    folder, service, *_ = request.path.relative_to(ROOT).parts
    read = [each for each in declared.streams if folder != "services" or service in each.readers]
    await empty_queues(infrastructure.amqp, declared, read)
    return infrastructure.amqp


@pytest.fixture
def surroundings(
    tmp_path: Path, infrastructure: StackAddresses, bus: str, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """Set what every service reads of its environment: broker, store and keys of the test's own; return what set it."""
    keys = tmp_path / "keys"
    ensure_keys(keys)
    monkeypatch.setenv("AMQP_URL", bus)
    monkeypatch.setenv("MONGODB_URL", infrastructure.mongodb)
    monkeypatch.setenv("YIZHENG_KEYS", str(keys))
    monkeypatch.setenv("YIZHENG_JWKS", str(keys / "jwks.json"))
    return monkeypatch


async def _declare(url: str, full: Topology) -> None:
    async with await connect(url, name="tests") as connection:
        await declare(full, await connection.channel())


@retry(
    retry=retry_if_exception_type(ChannelNotFoundEntity),  # a broker that came back opens its stream after its port
    wait=wait_fixed(0.2),
    stop=stop_after_delay(PATIENCE),
    reraise=True,
)
async def empty_queues(url: str, declared: Topology, streams: Sequence[Trail] | None = None) -> None:
    """Leave nothing in any work queue, and begin the streams, all unless told, once more."""
    begun = declared.streams if streams is None else streams
    names = [
        *(delay_name(seconds) for seconds in declared.delays),  # first, as their messages go to the others
        *declared.services,
        *map(dead_letters_of, declared.services),
        *(queue for each in declared.departments.values() for queue in (each.waiting, each.replies)),
        RECEIPTS,
    ]
    async with await connect(url, name="tests") as connection:
        channel = await connection.channel()
        for stream in begun:
            await channel.queue_delete(stream.queue)  # a stream can not be purged
        if begun:
            await declare(replace(declared, subscriptions={}, departments={}, delays=()), channel)  # but made once more
        for name in names:
            queue = await channel.get_queue(name, ensure=True)  # to look costs the broker a third of what a purge does
            if queue.declaration_result.message_count:
                await queue.purge()


def _containers(accounts: Path) -> Iterator[StackAddresses]:
    """Run RabbitMQ and MongoDB in containers; imported here, as Docker is there only when asked for."""
    from testcontainers.mongodb import MongoDbContainer  # noqa: PLC0415 - only with containers
    from testcontainers.rabbitmq import RabbitMqContainer  # noqa: PLC0415 - only with containers

    with ExitStack() as stack:
        definitions.write(accounts / "definitions.json", definitions.definitions(accounts, own_node=True))
        node = RabbitMqContainer("rabbitmq:4").with_volume_mapping(str(accounts), "/accounts", "ro")
        stack.enter_context(node)
        node.exec(["rabbitmqctl", "import_definitions", "/accounts/definitions.json"])
        store = stack.enter_context(MongoDbContainer("mongo:8").with_command("mongod --replSet rs0 --bind_ip_all"))
        store.exec(["mongosh", "--quiet", "--eval", "rs.initiate()"])
        host, port = store.get_container_host_ip(), store.get_exposed_port(27017)
        address = f"amqp://{node.get_container_host_ip()}:{node.get_exposed_port(5672)}/"
        amqp = administrator_url(address, accounts)
        yield StackAddresses(amqp, f"mongodb://{host}:{port}/?directConnection=true&w=majority", accounts, accounts)
