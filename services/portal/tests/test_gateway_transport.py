"""The portal's connections to the gateway, over a real socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from bus.tasks import cancel_and_wait
from local_stack.certificates import HERE, authority_file, ensure_certificate, trust
from portal.frame.calls import LIMITS, Away, Calls, Nothing, Slow, public_answers
from portal.frame.gateway_transport import CallLimits, GatewayClient, GatewayTransport
from testkit.patience import PATIENCE


@dataclass
class Peer:
    """Answers requests as its test says; remembers them and how many connections brought them."""

    answers: list[bytes] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    hangs_up: bool = False
    url: str = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one connection."""
        self.connections += 1
        while head := await _head(reader):
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            self.heard.append(head + await reader.readexactly(length))
            writer.write(self.answers.pop(0))
            if self.hangs_up:
                break
        writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _answer(body: bytes, length: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nx-said: \xc3\xa4\r\n\r\n%b" % (length or len(body), body)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    made = Peer()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest.fixture
async def client(peer: Peer) -> AsyncIterator[GatewayClient]:
    transport = GatewayTransport(ssl.create_default_context(), LIMITS)
    async with httpx2.AsyncClient(transport=transport) as streams:
        yield GatewayClient(peer.url, transport.fetch, streams, CallLimits(0.3, 0.3, 0.3))


def _calls(client: GatewayClient) -> Calls:
    return Calls(client, public_answers(), "en", token="t")


async def test_a_request_arrives_as_it_was_made_and_its_connection_is_kept(peer: Peer, client: GatewayClient) -> None:
    peer.answers = [_answer(b'{"a": 1}')] * 3
    calls = _calls(client)
    answer = await calls.send("GET", "/v1/items/a%2Fb%41", query={"q": "老 人"})
    assert (answer.content, answer.headers["x-said"]) == (b'{"a": 1}', "ä")
    await calls.post("/v1/tasks/1/notes", Nothing, {"text": "注"}, once="o", version='"3"')
    await calls.upload("/v1/scans", Nothing, ("a.png", b"\x00png", "image/png"), {"document_type": "x"}, once="p")
    read, written, uploaded = peer.heard
    assert read.startswith(b"GET /v1/items/a%2Fb%41?q=%E8%80%81+%E4%BA%BA HTTP/1.1\r\n")
    assert b"\r\nauthorization: bearer t\r\n" in read.lower()
    assert written.startswith(b"POST /v1/tasks/1/notes ")
    assert written.endswith(b'\r\n\r\n{"text":"\xe6\xb3\xa8"}')
    assert b"\x00png" in uploaded
    assert peer.connections == 1


async def test_a_connection_that_was_closed_meanwhile_is_not_used_again(peer: Peer, client: GatewayClient) -> None:
    peer.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}", _answer(b"{}")]
    await _calls(client).get("/one", Nothing)
    await _calls(client).post("/two", Nothing)
    assert peer.connections == 2


@pytest.mark.parametrize(
    "answer",
    [b"", b"no HTTP\r\n\r\n", _answer(b"{", 100), b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n"],
    ids=["silence", "nonsense", "less than announced", "a piece without an end"],
)
async def test_whatever_goes_wrong_on_the_way_is_a_service_that_is_away(
    peer: Peer, client: GatewayClient, answer: bytes
) -> None:
    peer.answers = [answer]
    with pytest.raises(Slow if answer == b"" else Away):
        await _calls(client).get("/v1/items", Nothing)


async def test_a_gateway_that_is_not_there_is_away() -> None:
    transport = GatewayTransport(ssl.create_default_context(), LIMITS)
    async with httpx2.AsyncClient(transport=transport) as streams:
        with pytest.raises(Away):
            await _calls(GatewayClient("http://127.0.0.1:1", transport.fetch, streams)).get("/v1/items", Nothing)


async def test_pieces_of_a_stream_come_as_they_are_sent_until_it_breaks(peer: Peer, client: GatewayClient) -> None:
    peer.answers, peer.hangs_up = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n"], True
    async with _calls(client).stream("/v1/tasks/stream") as response:
        pieces = response.aiter_bytes()
        assert await anext(pieces) == b"data:"
        with pytest.raises(httpx2.TransportError):
            await anext(pieces)


async def test_a_stream_that_is_left_is_cut_at_once_although_its_sender_hears_no_farewell(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path, "gateway", HERE)
    speaking = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    speaking.load_cert_chain(certificate.certificate, certificate.key)
    begun, cut = asyncio.Event(), asyncio.Event()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n")

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass everything on until the stream has begun, and then nothing more to its sender."""
        inner, out = await asyncio.open_connection(*sender.sockets[0].getsockname())
        back = asyncio.create_task(_passed(inner, writer))
        while piece := await reader.read(65536):
            if not begun.is_set():
                out.write(piece)
        cut.set()
        await cancel_and_wait({back})
        out.close()
        writer.close()

    sender = await asyncio.start_server(stream, "127.0.0.1", 0, ssl=speaking)
    between = await asyncio.start_server(deaf, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{between.sockets[0].getsockname()[1]}"
    transport = GatewayTransport(trust(authority_file(tmp_path)), LIMITS)
    async with sender, between, httpx2.AsyncClient(transport=transport) as streams:
        async with _calls(GatewayClient(url, transport.fetch, streams)).stream("/v1/tasks/stream") as response:
            assert await anext(response.aiter_bytes()) == b"data:"
            begun.set()
        await asyncio.wait_for(cut.wait(), PATIENCE)


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
