"""Queries as people type them, over a real connection, whole or in pieces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from email.utils import parsedate_to_datetime
from time import time

import pytest
import uvicorn
from fastapi import Depends, FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from runtime.texts import Texts
from testkit.patience import PATIENCE, eventually
from web import problems
from web.http_protocol import Connection, encoded, readable_query


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = FastAPI(dependencies=[Depends(readable_query)])
    problems.install(app, Texts.of("standards", "runtime"))

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def echo(path: str, request: Request, q: str = "") -> dict[str, str]:
        return {"path": path, "q": q, "body": (await request.body()).decode("latin-1")}

    server = uvicorn.Server(uvicorn.Config(app, port=0, http=Connection, log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool | None:
        return server.started or None

    await eventually(started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def said(port: int, *pieces: bytes) -> list[tuple[int, dict[str, str]]]:
    """Send pieces one after the other; return the status and content of every answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    answers = []
    async with asyncio.timeout(PATIENCE):
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            lines = dict(line.split(": ", 1) for line in head.decode().lower().splitlines()[1:] if ": " in line)
            body = json.loads(await reader.readexactly(int(lines["content-length"])))
            answers.append((int(head.split()[1]), {**body, "type": lines["content-type"]}))
            if lines.get("connection") == "close":
                break
    writer.close()
    return answers


def get(target: bytes, *headers: str, close: bool = True) -> bytes:
    lines = "".join(f"{header}\r\n" for header in ("Host: x", *(["Connection: close"] if close else []), *headers))
    return b"GET " + target + b" HTTP/1.1\r\n" + lines.encode() + b"\r\n"


@pytest.mark.parametrize("word", ["老人", "é", "𠮷野", "老人 %E5%B1%85", "plain", "?"])
async def test_a_query_may_be_written_as_it_is_spoken(port: int, word: str) -> None:
    asked = get(b"/v1/items?q=" + word.replace(" ", "%20").encode())
    (answer,) = await said(port, asked)
    assert (answer[0], answer[1]["q"]) == (200, word.replace("%E5%B1%85", "居"))


async def test_a_request_may_arrive_in_any_pieces(port: int) -> None:
    whole = get("/v1/items?q=老人".encode())
    for at in range(1, len(whole) - 1, 5):
        (answer,) = await said(port, whole[:at], whole[at:])
        assert (answer[0], answer[1]["q"]) == (200, "老人")
    (answer,) = await said(port, *(whole[place : place + 1] for place in range(len(whole))))
    assert answer[1]["q"] == "老人"


async def test_an_answer_is_dated(port: int) -> None:
    before = int(time())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(get(b"/"))
    async with asyncio.timeout(PATIENCE):
        [date] = [line for line in (await reader.read()).decode().splitlines() if line.startswith("date: ")]
    writer.close()
    assert before <= parsedate_to_datetime(date.removeprefix("date: ")).timestamp() <= time()


async def test_bodies_stay_as_they_are_and_the_next_request_is_read_alike(port: int) -> None:
    body = "GET /?q=老人 HTTP/1.1\n".encode()
    head = f"POST /a?q=老 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    first, second = await said(port, head, body[:5], body[5:], get("/b?q=人".encode()))
    assert (first[1]["q"], first[1]["body"].encode("latin-1")) == ("老", body)
    assert (second[1]["path"], second[1]["q"]) == ("b", "人")


@pytest.mark.parametrize(
    ("headers", "title"), [((), "请求格式有误"), (("Accept-Language: en-GB",), "The request is malformed")]
)
@pytest.mark.parametrize("target", ["/v1/品".encode(), b"/v1/\xff?q=1", b"nonsense"])
async def test_what_is_no_request_is_explained_in_the_caller_s_language(
    port: int, target: bytes, headers: Sequence[str], title: str
) -> None:
    (answer,) = await said(port, get(target, *headers))
    assert set(answer[1]) == {"type", "title", "status", "detail", "action", "instance", "code"}
    assert (answer[0], answer[1]["title"], answer[1]["type"]) == (400, title, "application/problem+json")
    assert answer[1]["action"]


@pytest.mark.parametrize("query", [b"q=\xff", b"q=%FF", b"q=\xe8\x80", b"other=%C0%80", b"%ED%A0%80=1"])
@pytest.mark.parametrize(("headers", "word"), [((), "编码"), (("Accept-Language: en",), "UTF-8")])
async def test_a_query_that_is_no_text_is_refused_and_says_so(
    port: int, query: bytes, headers: Sequence[str], word: str
) -> None:
    (answer,) = await said(port, get(b"/v1/items?" + query, *headers))
    assert (answer[0], answer[1]["code"], answer[1]["type"]) == (400, "query-not-utf8", "application/problem+json")
    assert word in answer[1]["title"] + answer[1]["detail"]


@given(st.binary(max_size=60))
def test_only_the_query_is_encoded_and_means_the_same(line: bytes) -> None:
    path, mark, query = line.partition(b"?")
    after = encoded(line)
    assert after.startswith(path + mark)
    assert after.removeprefix(path + mark).isascii()
    if query.isascii():
        assert after == line
