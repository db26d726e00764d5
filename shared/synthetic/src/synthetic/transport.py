"""HTTP to one gateway over a few connections that are kept open: what a load needs, and nothing else.

httpx's own pool looks at every connection before every request; with many of them that costs more than the request.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import cast

import httptools
import httpx

Headers = list[tuple[bytes, bytes]]


class KeptOpen(httpx.AsyncBaseTransport):
    """Sends requests to one host and port, at most `connections` at a time; over TLS when it is said who is trusted."""

    def __init__(
        self, host: str, port: int, *, connections: int, seconds: float, trusted: ssl.SSLContext | None = None
    ) -> None:
        self._address = (host, port)
        self._trusted = trusted
        self._seconds = seconds
        self._gate = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []
        self._made: set[_Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read the whole answer. Raises httpx.TransportError."""
        body = await request.aread()
        async with self._gate:
            connection = await self._connection()
            try:
                async with asyncio.timeout(self._seconds):
                    status, headers, content = await connection.exchange(_head(request), body)
            except TimeoutError as error:
                connection.close()
                raise httpx.ReadTimeout(f"no answer within {self._seconds:g} s", request=request) from error
            except BaseException:
                connection.close()
                raise
            if connection.is_usable:
                self._idle.append(connection)
        return httpx.Response(status, headers=headers, content=content)

    async def aclose(self) -> None:
        """Close what is open, and wait until it is."""
        for connection in self._made:
            connection.close()
        await asyncio.gather(*(connection.lost for connection in self._made))

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
        try:
            _, opened = await asyncio.get_running_loop().create_connection(
                _Connection, *self._address, ssl=self._trusted
            )
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        self._made.add(opened)
        opened.lost.add_done_callback(lambda _: self._made.discard(opened))
        return opened


def trusting(authority: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the authorities that the system knows, and this one."""
    context = ssl.create_default_context()
    if authority is not None:
        context.load_verify_locations(authority)
    return context


class _Connection(asyncio.Protocol):
    """One connection, one request at a time. The methods named on_… are the parser's."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, Headers, bytes]] | None = None
        self._headers: Headers = []
        self._body: list[bytes] = []
        self._open = True

    @property
    def is_usable(self) -> bool:
        """Whether another request can be sent."""
        return self._open and self._transport is not None and not self._transport.is_closing()

    async def exchange(self, head: bytes, body: bytes) -> tuple[int, Headers, bytes]:
        """Send a request; return status, headers and content of the answer."""
        assert self._transport is not None  # noqa: S101 - made before it is handed out
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(head + body)
        return await self._answer

    def close(self) -> None:
        """Close it, whatever is under way."""
        self._open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way to the other side."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what was under way."""
        self._open = False
        if not self.lost.done():
            self.lost.set_result(None)
        self._fail(httpx.ReadError(str(exc or "the connection was closed before the answer was complete")))

    def data_received(self, data: bytes) -> None:
        """Parse a piece of the answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(httpx.RemoteProtocolError(str(error)))
            self.close()

    def on_message_begin(self) -> None:
        self._headers, self._body = [], []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        """Take a piece of the content."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._open = self._open and self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._parser.get_status_code(), self._headers, b"".join(self._body)))

    def _fail(self, error: httpx.TransportError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _head(request: httpx.Request) -> bytes:
    lines = [request.method.encode() + b" " + request.url.raw_path + b" HTTP/1.1"]
    lines.extend(name + b": " + value for name, value in request.headers.raw)
    return b"\r\n".join((*lines, b"", b""))
