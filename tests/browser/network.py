"""A network that can be cut: a browser reaches everything through it, its service workers included.

Only pages are told that they are offline: a browser that tells a service worker just as that stops never answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, CDPSession, Error, ProxySettings

_PIECE = 65536
_TOLD = "Network.emulateNetworkConditions"
_LINE: dict[str, Any] = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}


@dataclass
class Network:
    """Relays what browsers send (CONNECT, RFC 9110 9.3.6) while it is not cut."""

    is_cut: bool = False
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _told: list[CDPSession] = field(default_factory=list)

    @property
    def proxy(self) -> ProxySettings:
        """What a browser is told to reach everything through it."""
        return ProxySettings(server=f"http://127.0.0.1:{self.port}")

    async def cut(self, context: BrowserContext) -> None:
        """Cut it, and let the open pages of a browser know."""
        self.is_cut = True
        self.close()
        for page in context.pages:
            session = await context.new_cdp_session(page)
            await session.send(_TOLD, {"offline": True, **_LINE})
            self._told.append(session)

    async def mend(self) -> None:
        """Let everything through again, and let those pages know that are still open."""
        self.is_cut = False
        for session in self._told:
            with suppress(Error):
                await session.send(_TOLD, {"offline": False, **_LINE})
        self._told.clear()

    def close(self) -> None:
        """Break off what is under way."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a browser."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            host, _, port = head.split()[1].decode("ascii").rpartition(":")
            if not self.is_cut:
                far_reader, far_writer = await asyncio.open_connection(host, int(port))
                self._writers |= {writer, far_writer}
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        writer.close()


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    """Build one on this machine."""
    made = Network()
    server = await asyncio.start_server(made.relay, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    made.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
