"""Real infrastructure for tests: one private broker and store for the whole run, and clean parts of them for each test.

Loaded as a pytest plugin by the workspace's settings. With TESTCONTAINERS=1 and a Docker engine, RabbitMQ 4 and
MongoDB 8 in containers serve the same tests.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pymongo
import pytest
import structlog
from aio_pika.exceptions import ChannelNotFoundEntity
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from tenacity import retry, retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_fixed

from local_stack import broker
from local_stack.accounts import databases, definitions
from local_stack.accounts.passwords import SETTING, account_url, administrator_url, folder_of
from local_stack.certificates import authority_file
from local_stack.failure import StackError
from local_stack.infrastructure import Infrastructure
from local_stack.keys import ensure_keys
from local_stack.layout import ROOT, Layout
from local_stack.ports import HOST, Ports, require_free
from messaging import topology
from messaging.connection import connect
from messaging.declare import declare
from messaging.documents import Database, Document, ensure_collections
from messaging.heartbeat import SESSIONS
from messaging.topology import RECEIPTS, Topology, dead_letters_of, delay_name
from runtime.kernel import ensure_indexes
from testkit import places
from testkit.vaults import vaulted

_STEP = 50
"""How far the bases of ports are from each other."""

TOPOLOGY = ROOT / "shared" / "contracts" / "topology.toml"
GIVEN = ("AMQP_URL", "MONGODB_URL", SETTING)
"""What names a broker, a store and accounts that are not ours."""


@dataclass(frozen=True, slots=True)
class Addresses:
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
def infrastructure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Start the broker and the store once for all tests."""
    if os.environ.get("TESTCONTAINERS"):
        yield from _containers(tmp_path_factory.mktemp("accounts"))
    else:
        with private_infrastructure() as running:
            yield _addresses(running)


@pytest.fixture(scope="session")
def private(request: pytest.FixtureRequest, infrastructure: Addresses) -> Iterator[Addresses]:
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
async def private_bus(private: Addresses, full_topology: Topology) -> str:
    """The private broker's address, every work queue empty."""
    await empty_queues(private.amqp, full_topology)
    return private.amqp


def _addresses(running: Infrastructure) -> Addresses:
    return Addresses(
        running.amqp_url,
        running.mongodb_url,
        accounts=folder_of(running.layout),
        store_accounts=databases.folder_of(running.layout),
        amqps="" if os.environ.get("AMQP_URL") else f"amqps://{HOST}:{running.ports.broker_tls}/",
        authority=authority_file(running.layout.keys),
        management=broker.management_url(running.layout, running.ports),
        is_private=not any(map(os.environ.get, GIVEN)),
    )


@pytest.fixture(scope="session")
def of_services(infrastructure: Addresses) -> Iterator[dict[str, str]]:
    """The databases that tests of a service use in turns, by the service; gone at the end, with those named after."""
    names: dict[str, str] = {}
    yield names
    with pymongo.MongoClient[Document](infrastructure.mongodb) as client:
        for name in client.list_database_names():
            if name.startswith(tuple(names.values())):
                client.drop_database(name)


@pytest.fixture
async def database(
    request: pytest.FixtureRequest, infrastructure: Addresses, of_services: dict[str, str]
) -> AsyncIterator[Database]:
    """A database of the test's own with a vault of its own, gone afterwards.

    A service's tests find the collections and indexes of the one before, emptied: making them takes longer than most
    tests.
    """
    client: AsyncMongoClient[Document] = AsyncMongoClient(infrastructure.mongodb, tz_aware=True, w="majority")
    name = f"test-{secrets.token_hex(6)}"
    folder, service, *_ = request.path.relative_to(ROOT).parts
    clear = drop
    if folder == "services":
        name = of_services.setdefault(service, name)
        clear = empty
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
    with pymongo.timeout(30):
        await database.client.drop_database(database.name)


async def empty(database: AsyncDatabase[Document]) -> None:
    """Delete whatever a test's database holds; collections and their indexes stay."""
    await _end_sessions(database)
    with pymongo.timeout(30):
        names = await database.list_collection_names()
        await asyncio.gather(*(database[name].delete_many({}) for name in names))


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
    """The topology as it is deployed."""
    return topology.load(TOPOLOGY)


@pytest.fixture(scope="session")
def declared(infrastructure: Addresses) -> Topology:
    """The topology as it is deployed, on the broker from now on; a test that takes something away uses another one."""
    full = topology.load(TOPOLOGY)
    asyncio.run(_declare(infrastructure.amqp, full))
    return full


@pytest.fixture
async def bus(infrastructure: Addresses, declared: Topology) -> str:
    """The broker's address, with the whole topology declared, every work queue empty and a trail that is just begun."""
    await empty_queues(infrastructure.amqp, declared)
    return infrastructure.amqp


@pytest.fixture
def surroundings(
    tmp_path: Path, infrastructure: Addresses, bus: str, monkeypatch: pytest.MonkeyPatch
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
    stop=stop_after_delay(20),
    reraise=True,
)
async def empty_queues(url: str, declared: Topology) -> None:
    """Leave nothing in any work queue, and begin the streams once more."""
    names = [
        *(delay_name(seconds) for seconds in declared.delays),  # first, as their messages go to the others
        *declared.services,
        *map(dead_letters_of, declared.services),
        *(queue for each in declared.departments.values() for queue in (each.waiting, each.replies)),
        RECEIPTS,
    ]
    async with await connect(url, name="tests") as connection:
        channel = await connection.channel()
        for stream in declared.streams:
            await channel.queue_delete(stream.queue)  # a stream can not be purged
        await declare(replace(declared, subscriptions={}, departments={}, delays=()), channel)  # but made anew
        for name in names:
            queue = await channel.get_queue(name, ensure=False)
            await queue.purge()


@contextmanager
def private_infrastructure(first_port: int = 19000) -> Iterator[Infrastructure]:
    """Run a broker and a store of one's own on free ports: empty at the start, gone with their data at the end.

    One that AMQP_URL or MONGODB_URL names is used as it is: its accounts may be those of a system that runs.
    """
    with killed_at_the_end() as undo:
        running = _start(first_port, undo)
        undo.push(running)
        yield running


@contextmanager
def killed_at_the_end() -> Iterator[ExitStack]:
    """Undo, where the data go as well: broker and store are not given the seconds that they take to end in order."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as undo:
        try:
            yield undo
        finally:
            for name in ("LONGEST_STOP", "LONGEST_STOP_OF_SEVERAL"):
                patch.setattr(f"local_stack.infrastructure.{name}", 0.0)


@retry(retry=retry_if_exception_type(StackError), stop=stop_after_attempt(3), reraise=True)
def _start(first_port: int, undo: ExitStack) -> Infrastructure:
    """Start; two runs that choose the same ports at the same time choose again."""
    ports = free_ports(first_port)
    layout = Layout(undo.enter_context(places.folder(str(ports.base))))
    return Infrastructure(layout, ports, makes_accounts=False).__enter__()


def free_ports(first: int = 19000) -> Ports:
    """Find a base whose ports are all free and keep it for this process, so that test runs can go on side by side.

    Raises StackError.
    """
    for base in range(first, first + 2000, _STEP):
        ports = Ports(base)
        try:
            for port in ports.all():
                require_free(port, "tests")
            _keep(base)
        except (StackError, OSError):
            continue
        return ports
    raise StackError(f"no free ports from {first} on")


def _keep(base: int) -> None:
    """Hold the last port of a base until this process ends. Raises OSError when another process holds it."""
    held = socket.socket()
    try:
        held.bind((HOST, base + _STEP - 1))
    except OSError:
        held.close()
        raise
    atexit.register(held.close)


def _containers(accounts: Path) -> Iterator[Addresses]:
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
        yield Addresses(amqp, f"mongodb://{host}:{port}/?directConnection=true&w=majority", accounts, accounts)
