"""Broker and store over a network: with TLS and a certificate that counts, or not at all."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from pymongo import MongoClient
from pymongo.errors import ServerSelectionTimeoutError

from bus.addresses import UnsafeAddressError, each_of, safe
from bus.connection import connect
from bus.publisher import BrokerUnavailableError, Publisher
from local_stack.accounts.passwords import account_url, password_of
from local_stack.certificates import ensure_certificate
from local_stack.deadlines import accepts
from local_stack.ports import HOST
from local_stack.processes import Program, Running, stop_all, wait_ready
from local_stack.store import mongod
from shared.bus.tests.harness import eventually
from testkit.fixtures import StackAddresses
from testkit.infrastructure import free_ports
from testkit.patience import PATIENCE

SECRET = "s3cr3t"
OURS = Path("/keys/authority.pem")


@pytest.mark.parametrize(
    "url",
    [
        f"amqp://a:{SECRET}@broker.example/",
        f"amqp://a:{SECRET}@10.0.0.5:5672/",
        f"amqp://a:{SECRET}@127.0.0.1.example/",
        f"amqp://a:{SECRET}@localhost@broker.example/",
        f"mongodb://a:{SECRET}@store.example/",
        f"mongodb://a:{SECRET}@127.0.0.1:1,store.example:27017/?replicaSet=rs0",
        f"mongodb://a:{SECRET}@store.example/?tls=false",
        f"mongodb+srv://a:{SECRET}@store.example/?tls=false",
        f"amqps://a:{SECRET}@broker.example/?no_verify_ssl=1",
        f"mongodb://a:{SECRET}@store.example/?tls=true&tlsAllowInvalidHostnames=true",
        f"mongodb://a:{SECRET}@127.0.0.1/?tls=true&tlsInsecure=true",
    ],
)
def test_an_address_over_which_secrets_would_travel_in_clear_is_refused_without_saying_them(url: str) -> None:
    with pytest.raises(UnsafeAddressError) as refusal:
        safe(url, authority=OURS)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://a:b@127.0.0.1:5672/",
        "amqp://a:b@localhost/",
        "amqp://a:b@[::1]:5672/",
        "mongodb://127.0.0.1:1,127.0.0.2:2/",
        "amqp://a:b@broker:5672/test%2Fone",
    ],
)
def test_this_machine_and_hosts_that_are_named_may_be_spoken_to_in_clear(url: str) -> None:
    assert safe(url, authority=OURS, plain_hosts=("broker",)) == url


def test_an_address_with_tls_names_whose_certificates_count() -> None:
    assert safe("amqps://a:b@broker/x?heartbeat=9", authority=OURS) == f"amqps://a:b@broker/x?heartbeat=9&cafile={OURS}"
    assert safe("mongodb://store/?tls=true", authority=OURS) == f"mongodb://store/?tls=true&tlsCAFile={OURS}"
    assert safe("mongodb+srv://store/", authority=OURS) == f"mongodb+srv://store/?tlsCAFile={OURS}"
    assert safe("amqps://broker/?cafile=/theirs.pem", authority=OURS) == "amqps://broker/?cafile=/theirs.pem"
    assert safe("amqps://broker/") == "amqps://broker/"


@pytest.fixture
def amqps(private: StackAddresses) -> str:
    """The real broker's listener with TLS, with the matcher's account."""
    return account_url(private.amqps, private.accounts, "matcher")


async def publish(url: str) -> None:
    publisher = Publisher(url, name="matcher", timeout=PATIENCE)
    try:
        await publisher.publish(b"{}", exchange="dead-letters", routing_key="matcher", message_id="over-tls")
    finally:
        await publisher.close()


async def test_the_broker_is_spoken_to_with_tls(private: StackAddresses, amqps: str) -> None:
    await publish(safe(amqps, authority=private.authority))


async def test_a_broker_whose_certificate_nobody_vouches_for_is_told_nothing(amqps: str, tmp_path: Path) -> None:
    others = ensure_certificate(tmp_path, "broker").authority
    for url in (safe(amqps), safe(amqps, authority=others)):
        with pytest.raises(BrokerUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
            await publish(url)


async def test_a_broker_whose_certificate_is_for_another_host_is_told_nothing(
    private: StackAddresses, amqps: str
) -> None:
    elsewhere = amqps.replace(HOST, "0.0.0.0")  # noqa: S104 - leads to this machine, too
    with pytest.raises(BrokerUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        await publish(safe(elsewhere, authority=private.authority))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A store that speaks TLS only, and the authority that signed its certificate."""
    folder = tmp_path_factory.mktemp("store")
    certificate = ensure_certificate(folder / "keys", "store", ("localhost",))
    (folder / "data").mkdir()
    (folder / "both.pem").write_bytes(certificate.certificate.read_bytes() + certificate.key.read_bytes())
    port = free_ports(30_000).store
    command = (
        *(str(mongod().path), "--bind_ip", HOST, "--port", str(port), "--dbpath", str(folder / "data")),
        *("--nounixsocket", "--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(folder / "both.pem")),
        *("--tlsCAFile", str(certificate.authority), "--tlsAllowConnectionsWithoutCertificates"),
    )
    program = Program("store", command, os.environ, lambda: accepts(port), (port,))
    running = Running(program, folder / "store.log")
    try:
        wait_ready([running], seconds=60)
        yield f"mongodb://localhost:{port}/?directConnection=true&tls=true", certificate.authority
    finally:
        stop_all([running], seconds=10)


def ask(url: str) -> None:
    with MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=1_500) as client:
        client["things"]["kept"].insert_one({"_id": os.urandom(4).hex()})


def test_the_store_is_spoken_to_with_tls_and_only_when_its_certificate_counts(
    store: tuple[str, Path], tmp_path: Path
) -> None:
    url, authority = store
    ask(safe(url, authority=authority))
    others = ensure_certificate(tmp_path, "store").authority
    elsewhere = url.replace("localhost", HOST)  # the same store; its certificate is for localhost
    for wrong in (safe(url), safe(url, authority=others), safe(elsewhere, authority=authority)):
        with pytest.raises(ServerSelectionTimeoutError, match="CERTIFICATE_VERIFY_FAILED"):
            ask(wrong)


@pytest.mark.parametrize("module", ["bus.declare", "identity"])
async def test_nothing_starts_with_an_address_in_clear(private: StackAddresses, module: str) -> None:
    url = f"amqp://matcher:{password_of(private.accounts, 'matcher')}@broker.example/"
    ended = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module), env={**os.environ, "AMQP_URL": url}, stderr=asyncio.subprocess.PIPE
    )
    _, told = await ended.communicate()
    assert ended.returncode == 78
    assert b"YIZHENG_PLAIN_HOSTS" in told
    assert (urlsplit(url).password or "?").encode() not in told


@pytest.mark.parametrize(
    ("url", "each"),
    [
        ("amqp://a:b@one:1/x", ["amqp://a:b@one:1/x"]),
        (
            "amqps://a:b@one,two:5671/?heartbeat=9",
            ["amqps://a:b@one/?heartbeat=9", "amqps://a:b@two:5671/?heartbeat=9"],
        ),
        ("amqp://[::1]:1,127.0.0.1:2/", ["amqp://[::1]:1/", "amqp://127.0.0.1:2/"]),
    ],
)
def test_several_hosts_of_a_broker_are_as_many_addresses(url: str, each: list[str]) -> None:
    assert each_of(url) == each


@pytest.mark.parametrize(
    "url",
    [
        f"amqp://a:{SECRET}@127.0.0.1,/",
        f"amqp://a:{SECRET}@127.0.0.1:x/",
        f"amqp://a:{SECRET}@127.0.0.1:1,,127.0.0.1/",
        f"amqp://a:{SECRET}@127.0.0.1, 127.0.0.2/",
        f"amqp://a:{SECRET}@127.0.0.1:99999/",
        f"amqp://a:{SECRET}@127.0.0.1/,amqp://a:{SECRET}@127.0.0.2/",
    ],
)
def test_an_address_that_can_not_work_is_refused_before_anything_starts(url: str) -> None:
    with pytest.raises(UnsafeAddressError) as refusal:
        safe(url)
    assert SECRET not in str(refusal.value)


async def is_reached(url: str) -> bool:
    """Connect, with half a second for each address: on a busy machine not enough every time for one that lives."""
    with suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
        async with await connect(url, name="test", timeout=0.5) as connection:
            return not connection.is_closed
    return False


async def test_the_next_address_is_tried_when_one_is_silent_or_gone(bus: str) -> None:
    """One that accepts and says nothing has its own time limit, and the next connection begins after the last one."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, HOST, 0)
    dead, quiet = 9, silent.sockets[0].getsockname()[1]
    login, _, living = urlsplit(bus).netloc.rpartition("@")
    url = f"amqp://{login}@{HOST}:{quiet},{HOST}:{dead},{living}/"
    async with silent:
        for _ in range(3):
            await eventually(lambda: is_reached(url))
        with pytest.raises((*CONNECTION_EXCEPTIONS, TimeoutError)):
            await connect(f"amqp://{login}@{HOST}:{quiet},{HOST}:{dead}/", name="test", timeout=0.5)
