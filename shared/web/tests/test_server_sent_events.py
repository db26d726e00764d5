"""Streams of server-sent events over real connections: what they say, who may have them, when they end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel
from pymongo.errors import PyMongoError
from starlette.responses import Response

from runtime.errors import NotFound
from runtime.texts import Texts
from testkit.patience import PATIENCE, eventually
from web import observability, problems, revocation, server_sent_events
from web.auth import Principal, Role
from web.http_protocol import Connection
from web.server_sent_events import MOST, News, StreamMessage, Streams, Watch
from web.service import Server


class Said(BaseModel):
    text: str


@dataclass
class Notebook:
    """What a stream tells, kept in one place for every process."""

    pages: list[str] = field(default_factory=list)
    is_full: bool = False
    is_closed: bool = False
    is_down: bool = False
    looks: list[Sequence[str]] = field(default_factory=list)
    reads: int = 0

    async def versions(self, keys: Sequence[str]) -> dict[str, object]:
        self.looks.append(keys)
        if self.is_down:
            raise PyMongoError("down")
        return dict.fromkeys(keys, len(self.pages))

    async def read(self, since: str | None) -> News:
        self.reads += 1
        if self.is_closed:
            raise NotFound("unknown-application")
        first = int(since or 0)
        new = [StreamMessage("page", Said(text=text), str(first + at)) for at, text in enumerate(self.pages[first:], 1)]
        return News(new, is_over=self.is_full)


@dataclass
class Process:
    """One process of a service that streams."""

    server: Server
    streams: Streams
    address: str

    async def stop(self) -> None:
        self.server.should_exit = True


@asynccontextmanager
async def process(
    notebook: Notebook,
    *,
    processes: int = 1,
    ends_in: float = 3600.0,
    counts: Callable[[], Awaitable[bool]] | None = None,
) -> AsyncIterator[Process]:
    app, streams = FastAPI(), Streams("test", lambda: processes)
    watch = Watch(notebook.versions, every=0.02)
    problems.install(app, Texts.of("standards", "runtime"))
    observability.observe(app, "test-streams")

    @app.get("/stream")
    async def stream(request: Request) -> Response:
        name, until = request.headers.get("by", "ann"), time.time() + ends_in
        by = Principal(name, Role.RESIDENT, expires_at=until, counts=counts)
        return streams.open(by, notebook.read, watch=watch, key="book")

    config = uvicorn.Config(
        app, port=0, http=Connection, log_config=None, access_log=False, timeout_graceful_shutdown=int(PATIENCE)
    )
    server = Server(config, streams)
    serving = asyncio.create_task(server.serve())

    async def started() -> bool | None:
        return server.started or None

    await eventually(started)
    yield Process(server, streams, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    server.should_exit = True
    await serving


@asynccontextmanager
async def reader(of: Process, *, since: str | None = None, by: str = "ann") -> AsyncIterator[AsyncIterator[str]]:
    """Open a stream; yields its lines, without blank ones."""
    headers = {"by": by} | ({"Last-Event-ID": since} if since else {})
    async with (
        httpx.AsyncClient(base_url=of.address, timeout=PATIENCE) as http,
        http.stream("GET", "/stream", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        yield (line async for line in answer.aiter_lines() if line)


async def rest(lines: AsyncIterator[str]) -> list[str]:
    """Read to the end."""
    async with asyncio.timeout(PATIENCE):
        return [line async for line in lines]


async def data(lines: AsyncIterator[str]) -> str:
    """Read on to the next data."""
    async with asyncio.timeout(PATIENCE):
        async for line in lines:
            if line.startswith("data: "):
                return line.removeprefix("data: ")
    raise AssertionError("it ended")


async def nothing_open(of: Process) -> None:
    async def closed() -> bool | None:
        return not of.streams.callers or None

    await eventually(closed)


async def test_news_comes_as_it_happens_and_the_stream_ends_when_nothing_more_can_come() -> None:
    notebook = Notebook(["one"])
    async with process(notebook) as served, reader(served) as lines:
        assert await data(lines) == '{"text":"one"}'
        notebook.pages.append("two")
        assert await data(lines) == '{"text":"two"}'
        notebook.pages.append("three\nlines\r")
        notebook.is_full = True
        assert await rest(lines) == [
            "event: page",
            "id: 3",
            'data: {"text":"three\\nlines\\r"}',
            "event: end",
            'data: {"reason":"done"}',
        ]
        await nothing_open(served)


async def test_what_another_process_did_is_seen_and_a_reader_goes_on_where_it_was_cut_off() -> None:
    notebook = Notebook(["one", "two"])
    async with process(notebook) as first, process(notebook) as second:
        async with reader(first, since="1") as lines:
            assert await data(lines) == '{"text":"two"}'
            await first.stop()
            assert await rest(lines) == []
        notebook.pages.append("three")
        async with reader(second, since="2") as lines:
            assert await data(lines) == '{"text":"three"}'


async def test_who_has_seen_the_end_is_told_not_to_ask_again() -> None:
    async with process(Notebook(["one"], is_full=True)) as served, httpx.AsyncClient() as http:
        answer = await http.get(f"{served.address}/stream", headers={"Last-Event-ID": "1"})
        assert (answer.status_code, answer.content) == (204, b"")


async def test_a_stop_ends_every_stream_at_once() -> None:
    async with process(Notebook(["one"])) as served, reader(served) as one, reader(served, by="bea") as other:
        await data(one)
        await data(other)
        begun = time.monotonic()
        await served.stop()
        assert await rest(one) == await rest(other) == []
        assert time.monotonic() - begun < PATIENCE / 2


async def test_a_stream_ends_with_the_token() -> None:
    async with process(Notebook(["one"]), ends_in=0.3) as served, reader(served) as lines:
        await data(lines)
        assert (await rest(lines))[-2:] == ["event: end", 'data: {"reason":"token-ended"}']


@pytest.mark.parametrize("why", ["the provider has ended it", "the provider is away"])
async def test_a_stream_ends_when_its_token_no_longer_counts(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    monkeypatch.setattr(server_sent_events, "HEARTBEAT", 0.05)
    good = True

    async def counts() -> bool:
        if not good and why == "the provider is away":
            raise ConnectionError(why)
        return good

    async with process(Notebook(["one"]), counts=counts) as served, reader(served) as lines:
        await data(lines)
        assert await anext(lines) == ": "
        good = False
        assert (await rest(lines))[-2:] == ["event: end", 'data: {"reason":"token-ended"}']


def test_a_stream_of_an_ended_token_ends_within_a_minute() -> None:
    assert server_sent_events.HEARTBEAT + revocation.LONGEST < 60


async def test_heartbeats_keep_it_alive_and_the_right_to_it_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sent_events, "HEARTBEAT", 0.05)
    notebook = Notebook(["one"])
    async with process(notebook) as served, reader(served) as lines:
        await data(lines)
        assert await anext(lines) == ": "
        notebook.is_closed = True
        assert (await rest(lines))[-2:] == ["event: end", 'data: {"reason":"not-allowed"}']


async def test_who_may_not_see_it_gets_a_refusal_like_any_other() -> None:
    async with process(Notebook(is_closed=True)) as served, httpx.AsyncClient() as http:
        answer = await http.get(f"{served.address}/stream")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-application")
        await nothing_open(served)


@pytest.mark.parametrize("processes", [1, 2])
async def test_one_caller_has_so_many_and_gets_one_back_by_hanging_up(processes: int) -> None:
    async with process(Notebook(["one"]), processes=processes) as served, httpx.AsyncClient() as http:
        opened = [reader(served) for _ in range(MOST // processes)]
        lines_of = [await each.__aenter__() for each in opened]
        for lines in lines_of:
            await data(lines)
        refused = await http.get(f"{served.address}/stream", headers={"by": "ann", "Accept-Language": "en"})
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-streams")
        assert int(refused.headers["retry-after"]) > 0
        async with reader(served, by="bea") as lines:  # another caller's are another's
            await data(lines)
        for each in opened:
            await each.__aexit__(None, None, None)
        await nothing_open(served)
        async with reader(served) as lines:
            await data(lines)


async def test_a_hundred_streams_cost_one_look() -> None:
    notebook = Notebook(["one"])
    watch = Watch(notebook.versions, every=0.02)
    waiting = [asyncio.create_task(watch.change(f"book {at % 50}", 1)) for at in range(100)]
    await asyncio.sleep(0)
    notebook.pages.append("two")
    assert await asyncio.gather(*waiting) == [2] * 100
    assert [len(keys) for keys in notebook.looks] == [50]


async def test_nobody_looks_when_nobody_watches() -> None:
    notebook = Notebook(["one"])
    watch = Watch(notebook.versions, every=0.02)
    waiting = asyncio.create_task(watch.change("book", 1))
    await eventually(lambda: _any(notebook.looks))
    waiting.cancel()

    async def alone() -> bool | None:
        return asyncio.all_tasks() == {asyncio.current_task()} or None

    await eventually(alone)


async def test_a_store_that_is_down_holds_a_stream_up_and_no_more() -> None:
    notebook = Notebook(["one"])
    async with process(notebook) as served, reader(served) as lines:
        await data(lines)
        notebook.is_down = True
        looks = len(notebook.looks)

        async def looked() -> bool | None:
            return len(notebook.looks) > looks or None

        await eventually(looked)
        notebook.pages.append("two")
        notebook.is_down = False
        assert await data(lines) == '{"text":"two"}'


async def _any(things: Sequence[object]) -> bool | None:
    return bool(things) or None
