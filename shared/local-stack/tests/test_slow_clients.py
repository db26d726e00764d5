"""A thousand clients that take their time, from one address, while users on others go on."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from statistics import quantiles

import httpx
import pytest

from local_stack import gateway
from local_stack.deadlines import poll
from local_stack.ports import HOST
from testkit.doorway import Doorway, doorway
from testkit.infrastructure import free_ports
from testkit.patience import IN_TIME, PATIENCE

ATTACKER = "127.0.0.9"
HOARDER = "127.0.0.10"
USERS = [f"127.0.4.{last}" for last in range(1, 9)]
REQUESTS = 15
SLOW = 1000
AT_ONCE = 50
AT_A_TIME = 100
"""Of one address; fewer than in production, so that all of them are there before the first is cut off."""
TOO_MANY = 5

HANDSHAKE = b"\x16\x03\x01"
HEADER = b"GET /v1/items HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = b"POST /v1/applications HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{"
READER = b"GET /v1/items?large=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doorway]:
    """The gateway with more patience, so that nobody is cut off while the others are still coming."""
    patience = {"client_header_timeout": "600s", "client_body_timeout": "600s"}
    limits = {**patience, "limit_conn": f"connections {AT_A_TIME}"}
    with doorway(tmp_path_factory.mktemp("var"), free_ports(31000), limits=limits) as door:
        yield door


@pytest.fixture
def hurried(tmp_path: Path) -> Iterator[Doorway]:
    """The gateway with less patience."""
    limits = {"client_header_timeout": "3s", "client_body_timeout": "1s", "send_timeout": "1s"}
    with doorway(tmp_path, free_ports(32000), limits=limits) as door:
        yield door


async def opened(door: Doorway, begun: bytes, trusted: ssl.SSLContext | None, sender: str = ATTACKER) -> Connection:
    """Open a connection from an address and begin a request; without trust not even a handshake is made."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(0)
    line.bind((sender, 0))
    await asyncio.get_running_loop().sock_connect(line, (HOST, door.ports.gateway))
    name = HOST if trusted else None
    reader, writer = await asyncio.open_connection(sock=line, limit=1024, ssl=trusted, server_hostname=name)
    writer.write(begun)
    await writer.drain()
    return reader, writer


@asynccontextmanager
async def flood(door: Doorway) -> AsyncIterator[list[Connection]]:
    """Hold slow connections: a tenth each in the header, the body, and reading the answer, the others unsecured yet."""
    gate = asyncio.Semaphore(AT_ONCE)
    trusted = gateway.trusted(door.layout)
    kinds = [*[(HANDSHAKE, None)] * 7, (HEADER, trusted), (BODY, trusted), (READER, trusted)]

    async def open_one(number: int) -> Connection:
        async with gate:
            return await opened(door, *kinds[number % len(kinds)])

    held = list(await asyncio.gather(*map(open_one, range(SLOW))))
    try:
        yield held
    finally:
        await hang_up(held)


async def hang_up(held: list[Connection]) -> None:
    for _, writer in held:
        writer.transport.abort()
    for _, writer in held:
        with suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


async def users(door: Doorway) -> list[float]:
    """Have every user ask a few things, one after the other; return how long each answer took, in seconds."""

    async def one(address: str) -> list[float]:
        transport = httpx.AsyncHTTPTransport(verify=gateway.trusted(door.layout), local_address=address)
        took = []
        async with httpx.AsyncClient(transport=transport, base_url=gateway.url(door.ports), timeout=PATIENCE) as client:
            for _ in range(REQUESTS):
                begun = time.monotonic()
                answer = await client.post("/v1/applications", json={"item": "residence-permit"})
                assert answer.status_code == 200
                took.append(time.monotonic() - begun)
        return took

    return [seconds for each in await asyncio.gather(*map(one, USERS)) for seconds in each]


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


async def test_users_go_on_while_a_thousand_slow_clients_hold_their_connections(
    door: Doorway, record_property: Callable[[str, object], None]
) -> None:
    alone = p95(await users(door))
    async with flood(door) as held:
        beside = p95(await users(door))
        still_open = sum(not reader.at_eof() for reader, _ in held)

    record_property("p95_alone_milliseconds", round(alone * 1000, 1))
    record_property("p95_beside_milliseconds", round(beside * 1000, 1))
    print(f"p95 of users: {alone * 1000:.1f} ms alone, {beside * 1000:.1f} ms beside {still_open} slow connections")
    assert still_open >= SLOW // 2
    assert beside < IN_TIME


async def test_one_address_holds_only_so_many_requests_at_a_time(door: Doorway) -> None:
    trusted = gateway.trusted(door.layout)
    held: list[Connection] = []
    answers: list[asyncio.Task[bytes]] = []
    try:
        async with asyncio.timeout(PATIENCE):
            for _ in range(AT_A_TIME + TOO_MANY):
                held.append(await opened(door, BODY, trusted, HOARDER))
                # Read from the start: the gateway resets, answer and all, what isn't hung up soon after its refusal.
                answers.append(asyncio.create_task(held[-1][0].readline()))
            # Whichever they are: the gateway need not read them in the order in which they were opened.
            refused = [await answer for answer in islice(asyncio.as_completed(answers), TOO_MANY)]
        assert refused == [b"HTTP/1.1 429 Too Many Requests\r\n"] * TOO_MANY
        assert sum(answer.done() for answer in answers) == TOO_MANY
    finally:
        await hang_up(held)
        await asyncio.gather(*answers, return_exceptions=True)


@pytest.mark.parametrize("begun", [HANDSHAKE, HEADER, BODY], ids=["handshake", "header", "body"])
async def test_whoever_does_not_get_on_is_cut_off(hurried: Doorway, begun: bytes) -> None:
    with suppress(OSError, ssl.SSLError):  # cut off as early as that
        held = await opened(hurried, begun, None if begun == HANDSHAKE else gateway.trusted(hurried.layout))
        async with asyncio.timeout(PATIENCE):
            assert await said(held[0]) in {b"", b"HTTP/1.1 408"}
        await hang_up([held])


async def test_whoever_does_not_read_is_cut_off(hurried: Doorway) -> None:
    held = await opened(hurried, READER.replace(b"=1", b"=8"), gateway.trusted(hurried.layout))
    log = hurried.layout.log("gateway")
    assert await asyncio.to_thread(poll, lambda: len(logged(log)) == 1, seconds=PATIENCE)
    assert logged(log)[0] < 8 * 1024 * 1024
    await hang_up([held])


def logged(log: Path) -> list[int]:
    """Return how many bytes of answers about items were sent, from what the gateway wrote when they were done with."""
    return [int(size) for size in re.findall(r'"path":"/v1/items".*"bytes":(\d+)', log.read_text())]


async def said(reader: asyncio.StreamReader) -> bytes:
    """Return the start of what comes before the end of a connection."""
    try:
        return (await reader.read(12))[:12]
    except (ConnectionError, ssl.SSLError):  # cut without a word
        return b""
