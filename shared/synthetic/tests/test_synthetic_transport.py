from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from synthetic.transport import KeptOpen

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(serve: Serve, *, connections: int = 2, seconds: float = 5) -> AsyncIterator[httpx.AsyncClient]:
    serving = set[asyncio.Task[None]]()

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve_and_close, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = KeptOpen("127.0.0.1", port, connections=connections, seconds=seconds)
    async with server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport) as client:
        yield client
        await client.aclose()
        await asyncio.gather(*serving)


def answer(body: bytes, *, more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


class Greeter:
    """Says hello on every request of a connection and counts connections."""

    def __init__(self, *, closes: bool = False) -> None:
        self.connections = 0
        self.closes = closes

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(answer(b"hello", more="Connection: close\r\n" if self.closes else ""))
            if self.closes:
                return


async def test_a_connection_serves_one_request_after_the_other() -> None:
    greeter = Greeter()
    async with served(greeter) as client:
        for _ in range(5):
            assert (await client.get("/")).text == "hello"
    assert greeter.connections == 1


async def test_never_more_connections_than_allowed() -> None:
    greeter = Greeter()
    async with served(greeter, connections=2) as client:
        answers = await asyncio.gather(*(client.get("/") for _ in range(20)))
    assert {each.text for each in answers} == {"hello"}
    assert greeter.connections <= 2


async def test_a_connection_that_the_other_side_closes_is_not_used_again() -> None:
    greeter = Greeter(closes=True)
    async with served(greeter) as client:
        for _ in range(3):
            assert (await client.get("/")).text == "hello"
    assert greeter.connections == 3


async def test_an_answer_in_chunks_is_put_together() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
        await reader.read()

    async with served(serve) as client:
        assert (await client.get("/")).text == "hello"


async def test_an_answer_cut_short_is_an_error_and_not_an_answer() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhel")

    async with served(serve) as client:
        with pytest.raises(httpx.TransportError):
            await client.get("/")


async def test_what_is_no_http_is_an_error() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 smtp ready\r\n")
        await reader.read()

    async with served(serve) as client:
        with pytest.raises(httpx.TransportError):
            await client.get("/")


async def test_no_answer_in_time_is_an_error() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with served(serve, seconds=0.1) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/")


async def test_nobody_there_is_an_error() -> None:
    transport = KeptOpen("127.0.0.1", 1, connections=1, seconds=1)
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", transport=transport) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")


async def test_a_request_body_arrives_whole() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(
            next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).split()[1]
        )
        writer.write(answer(b"%d" % len(await reader.readexactly(length))))

    async with served(serve) as client:
        assert (await client.post("/", content=b"x" * 300_000)).text == "300000"
