"""A TCP proxy that does to a connection what networks do: freeze, reset, delay, lose one direction, keep confirms."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

UP, DOWN = "up", "down"

_METHOD_FRAME = 1
_BASIC_ACK = (60).to_bytes(2, "big") + (80).to_bytes(2, "big")
_HEADER = 7
_CHUNK = 65_536


class Proxy:
    """Stands between a client and a server, and misbehaves when told to."""

    def __init__(self, address: str) -> None:
        self._target = urlsplit(address)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        self._server: asyncio.Server | None = None
        self.delay = 0.0
        self.withhold_confirms = False
        self.refuse = False
        self.heal()

    @property
    def url(self) -> str:
        """The server's address, through the proxy."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        login, _, _ = self._target.netloc.rpartition("@")
        return urlunsplit(self._target._replace(netloc=f"{login}@{host}:{port}" if login else f"{host}:{port}"))

    def freeze(self, *directions: str) -> None:
        """Let nothing pass, in both directions unless told; connections stay open."""
        for direction in directions or (UP, DOWN):
            self._flowing[direction].clear()

    def heal(self) -> None:
        """Let everything pass again, also what was held up."""
        self.delay, self.withhold_confirms, self.refuse = 0.0, False, False
        for flowing in self._flowing.values():
            flowing.set()

    def reset(self) -> None:
        """Break every connection without a good-bye."""
        for writer in self._writers:
            writer.transport.abort()

    def cut(self) -> None:
        """Break every connection and let no new one come about."""
        self.refuse = True
        self.reset()

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Break what is left and stop listening."""
        assert self._server is not None
        self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self.refuse:
            to_client.transport.abort()
            return
        server, to_server = await asyncio.open_connection(self._target.hostname, self._target.port)
        writers = {to_client, to_server}
        self._writers |= writers
        pumps = {
            asyncio.create_task(self._pump(client, to_server, UP)),
            asyncio.create_task(self._down(server, to_client)),
        }
        self._tasks |= pumps
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in pumps:
                task.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._tasks -= pumps
            self._writers -= writers
            for writer in writers:
                writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: str) -> None:
        while data := await source.read(_CHUNK):
            await self._pass(data, sink, direction)

    async def _down(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Pass the broker's answers frame by frame, so that its confirms can be withheld."""
        while True:
            frame = await source.readexactly(_HEADER)
            frame += await source.readexactly(int.from_bytes(frame[3:7], "big") + 1)
            is_confirm = frame[0] == _METHOD_FRAME and frame[7:11] == _BASIC_ACK
            if not (is_confirm and self.withhold_confirms):
                await self._pass(frame, sink, DOWN)

    async def _pass(self, data: bytes, sink: asyncio.StreamWriter, direction: str) -> None:
        await self._flowing[direction].wait()
        if self.delay:
            await asyncio.sleep(self.delay)
        sink.write(data)
        await sink.drain()


class PlainProxy(Proxy):
    """The same for a protocol that is not AMQP."""

    async def _down(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        await self._pump(source, sink, DOWN)


@asynccontextmanager
async def proxied(address: str, kind: type[Proxy] = Proxy) -> AsyncIterator[Proxy]:
    """Run a proxy in front of an address."""
    proxy = kind(address)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
        gc.collect()  # clients close in tasks of their own what nobody holds any more: now, not in the next test
        await asyncio.sleep(0.01)
