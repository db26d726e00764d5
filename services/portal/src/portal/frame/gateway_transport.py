"""How calls reach the gateway: aiohttp's connections, under httpx's interface for streams only.

A page makes up to seven calls, and httpx's own connections (httpcore, h11) took most of the portal's processor time:
0.7 ms a call over TLS against 0.1 ms with aiohttp, which parses in C. httpx's requests and answers around these were
a sixth of the functions that ran for a page with one call.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import aiohttp
import httpx2
from yarl import URL


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Seconds that a call waits: for a connection that is free, for a new one, for the next bytes."""

    free: float
    new: float
    next: float


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """A whole answer; the names of `headers` are compared without case."""

    path: str
    status_code: int
    headers: Mapping[str, str]
    content: bytes


READING = CallLimits(free=2.0, new=2.0, next=6.0)
"""So long a page waits for what it shows: longer than survivors take to end what a dead process had open."""
WRITING = CallLimits(free=5.0, new=2.0, next=10.0)
"""What changes something is waited for longer, as nobody knows afterwards whether it was done."""


class Fetch(Protocol):
    """Sends a request and reads the whole answer. Raises httpx2.TransportError for whatever goes wrong on the way."""

    async def __call__(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, patience: CallLimits
    ) -> WholeAnswer:
        """Send it."""


@dataclass(frozen=True)
class GatewayClient:
    """The ways to the gateway: its address, whole answers, and streams."""

    address: str
    fetch: Fetch
    streams: httpx2.AsyncClient
    reading: CallLimits = READING
    writing: CallLimits = WRITING


class GatewayTransport(httpx2.AsyncBaseTransport):
    """Connections that are kept. Raises httpx2.TransportError for whatever goes wrong on the way."""

    def __init__(self, trust: ssl.SSLContext, limits: httpx2.Limits) -> None:
        """Must be made in the event loop that uses it."""
        connector = aiohttp.TCPConnector(
            ssl=trust, limit=limits.max_connections or 0, keepalive_timeout=limits.keepalive_expiry
        )
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )

    async def fetch(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, patience: CallLimits
    ) -> WholeAnswer:
        """Send a request and read its whole answer."""
        target = URL(url, encoded=True)
        with _told():
            async with self._session.request(
                method, target, headers=headers, data=content or None, allow_redirects=False, timeout=_limits(patience)
            ) as response:
                return WholeAnswer(target.path, response.status, response.headers, await response.read())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request and wait for the head of its answer."""
        limits = request.extensions.get("timeout", {})
        content = await request.aread()
        with _told():
            response = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=content or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=limits.get("pool"), sock_connect=limits.get("connect"), sock_read=limits.get("read")
                ),
            )
        return httpx2.Response(response.status, headers=list(response.raw_headers), stream=_Body(response))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told():
            async for piece in self._response.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        connection = self._response.connection  # of what was read to its end, it is back in the pool already
        if connection is not None and connection.transport is not None:
            # Else TLS waits half a minute for a farewell that nginx, busy with its answer, does not hear: so long the
            # stream of a page that has been left would count among the few that its reader may have open.
            connection.transport.abort()
        self._response.close()


@cache
def _limits(patience: CallLimits) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=patience.free, sock_connect=patience.new, sock_read=patience.next)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpx2.TimeoutException(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx2.ReadError(str(error)) from error
