"""Server-sent events (WHATWG HTML, section 9.2): what a page shows moves by itself while its reader may see it.

A route returns `streams.open(…)`. The first news is read before the answer begins, so that a refusal is answered like
any other. Then news is sent as it is found, whichever process of the service brought it about: one query every second,
for all streams of a process together, tells what has changed. A stream ends when nothing more can come, when its
reader may see it no more, when the reader's token ends, and when the process stops: the reader then asks again, with
`Last-Event-ID`, and another process answers.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Any

import structlog
from prometheus_client import Gauge
from pydantic import BaseModel
from pymongo.errors import PyMongoError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bus.tasks import cancel_and_wait, pause
from runtime.errors import Refusal
from web.auth import Principal
from web.rates import TooMany

MEDIA_TYPE = "text/event-stream"
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events; the last is `end`, with the reason", "content": {MEDIA_TYPE: {}}},
    204: {"description": "Nothing more will come after `Last-Event-ID`: do not ask again"},
}
"""What OpenAPI says of a route that streams."""

MOST = 6
"""Streams of one caller at the same time, whatever the number of processes; each process grants its share."""
HEARTBEAT = 10.0
"""Seconds after which something is sent, so that nobody on the way takes the line for dead; the reader's right to it is
looked at again then."""
LOOK_EVERY = 1.0
"""Seconds between two looks at what has changed."""
RETRY = 3000
"""Milliseconds after which a browser asks again when the line was cut."""
_SLOWEST = 20.0
"""Seconds that a reader may take to accept what is sent."""
_UNKNOWN = object()

OPEN = Gauge("yizheng_streams_open", "Streams of server-sent events that are open", ["service"])

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One event: its name, its data, and the id from which a reader goes on after it."""

    event: str
    data: BaseModel
    id: str


@dataclass(frozen=True, slots=True)
class News:
    """What a reader has not seen yet, oldest first; `is_over`: nothing more can come."""

    messages: Sequence[StreamMessage] = ()
    is_over: bool = False


Read = Callable[[str | None], Awaitable[News]]
"""Reads what came after a message's id (None: from the beginning). Raises Refusal for who may not see it (any more)."""


class Watch:
    """Sees what has changed: one query for all that is watched in this process.

    `look` returns the state of each key (any value that compares, such as a version); a key without one is gone.
    """

    def __init__(
        self, look: Callable[[Sequence[str]], Awaitable[Mapping[str, object]]], *, every: float = LOOK_EVERY
    ) -> None:
        self._look = look
        self._every = every
        self._watched: Counter[str] = Counter()
        self._idle = asyncio.Event()
        self._next: asyncio.Task[Mapping[str, object]] | None = None

    async def change(self, key: str, seen: object) -> object:
        """Return the state of a key as soon as it is another one than was seen."""
        self._idle.clear()
        try:
            with _counted(self._watched, key):
                while True:
                    if self._next is None:
                        self._next = asyncio.create_task(self._turn())
                    states = await asyncio.shield(self._next)
                    if key in states and states[key] != seen:
                        return states[key]
        finally:
            if not self._watched:
                self._idle.set()

    async def _turn(self) -> Mapping[str, object]:
        try:
            await pause(self._every, self._idle)
            keys = list(self._watched)
            return {**dict.fromkeys(keys), **await self._look(keys)} if keys else {}
        except (PyMongoError, OSError) as error:
            log.warning("streams_look_postponed", error=repr(error))
            return {}
        finally:
            self._next = None


class TooManyStreams(TooMany):
    """One caller has as many streams open as are given to one (429)."""

    def __init__(self) -> None:
        Refusal.__init__(self, "too-many-streams", most=MOST)
        self.retry_after = int(HEARTBEAT)


class Streams:
    """The streams of one process."""

    def __init__(self, service: str, processes: Callable[[], int] = lambda: 1) -> None:
        self.stopping = asyncio.Event()
        self.processes = processes
        """How many processes share the number that a caller may have."""
        self.open_now = OPEN.labels(service)
        self.callers: Counter[str] = Counter()

    def open(self, by: Principal, read: Read, *, watch: Watch, key: str) -> Response:
        """Answer a request with news, read again whenever what is watched under the key has changed."""
        return _Stream(self, by, read, watch, key)

    def stop(self) -> None:
        """End all of them, and every one that is opened from now on."""
        self.stopping.set()

    @contextmanager
    def place_for(self, caller: str) -> Iterator[None]:
        """Hold one of a caller's places. Raises TooManyStreams."""
        if self.callers[caller] >= ceil(MOST / self.processes()):
            raise TooManyStreams
        with _counted(self.callers, caller), self.open_now.track_inprogress():
            yield


class _Stream(Response):
    """The answer. All of it happens while it is sent: what is never sent holds no place."""

    media_type = MEDIA_TYPE

    def __init__(self, streams: Streams, by: Principal, read: Read, watch: Watch, key: str) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._streams = streams
        self._by = by
        self._read = read
        self._watch = watch
        self._key = key
        self._since: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send news until the stream ends. Raises Refusal before anything was sent, and never afterwards."""
        with self._streams.place_for(self._by.subject):
            self._since = Headers(scope=scope).get("last-event-id")
            news = await self._read(self._since)
            if news.is_over and not news.messages:
                return await Response(status_code=204)(scope, receive, send)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            ends = {asyncio.create_task(_gone(receive)), asyncio.create_task(self._streams.stopping.wait())}
            try:
                async with aclosing(self._pieces(news, ends)) as pieces:
                    async for piece in pieces:
                        await _send(piece, send, more=True)
                await _send("", send, more=False)
            except TimeoutError:
                log.info("stream_not_read")  # the server closes the connection
            finally:
                await cancel_and_wait(ends)

    async def _still_counts(self) -> bool:
        try:
            return await self._by.still_counts()
        except ConnectionError as error:  # nobody knows: who asks again is told so
            log.warning("stream_not_checked", error=repr(error))
            return False

    async def _pieces(self, news: News, ends: set[asyncio.Task[Any]]) -> AsyncGenerator[str, None]:
        """Yield what is sent, until one of the tasks in `ends` is done or there is a reason to end."""
        seen: object = _UNKNOWN
        yield f"retry: {RETRY}\n\n"
        while True:
            for message in news.messages:
                yield _written(message.event, message.data.model_dump_json(by_alias=True), message.id)
                self._since = message.id
            if news.is_over:
                yield _end("done")
                return
            change = asyncio.create_task(self._watch.change(self._key, seen))
            try:
                left = min(HEARTBEAT, self._by.seconds_left())
                done, _ = await asyncio.wait({change, *ends}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await cancel_and_wait({change})
            if done & ends:
                return
            if not await self._still_counts():
                yield _end("token-ended")
                return
            if change in done:
                seen = change.result()
            else:
                yield ": \n\n"
            try:
                news = await self._read(self._since)
            except Refusal:
                yield _end("not-allowed")
                return
            except (PyMongoError, OSError) as error:
                log.warning("stream_postponed", error=repr(error))
                news = News()  # read again with the next heartbeat


@contextmanager
def _counted(counter: Counter[str], key: str) -> Iterator[None]:
    counter[key] += 1
    try:
        yield
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]


async def _gone(receive: Receive) -> None:
    """Return when the reader has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(piece: str, send: Send, *, more: bool) -> None:
    async with asyncio.timeout(_SLOWEST):
        await send({"type": "http.response.body", "body": piece.encode(), "more_body": more})


def _written(event: str, data: str, id: str | None = None) -> str:
    """Write one event; JSON has no line breaks in it."""
    return f"event: {event}\n" + (f"id: {id}\n" if id is not None else "") + f"data: {data}\n\n"


def _end(reason: str) -> str:
    return _written("end", f'{{"reason":"{reason}"}}')
