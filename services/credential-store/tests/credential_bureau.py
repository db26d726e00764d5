"""A department's system that hands over files of records, and who hears what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import aio_pika
import httpx
import orjson

from bus.envelope import new_event_id
from credential_store.config import Settings
from credential_store.main import create_app
from local_stack.tokens import sign
from store.repository import Database
from testkit import patience, signers
from testkit.patience import PATIENCE

Json = dict[str, Any]
FoundT = TypeVar("FoundT")


def values(name: str, **changed: object) -> Json:
    return {"child_name": name, "birth_date": "2020-02-29", "complete": True} | changed


def record(n: int, **changes: object) -> Json:
    return {
        "department": "health",
        "record_id": f"vac-{n}",
        "document_type": "vaccination-record",
        "holder_index": f"{n:064x}",
        "fields": values(f"李{n}"),
        "valid_from": None,
        "valid_until": None,
        "sequence": 1,
        **changes,
    }


def json_lines(records: Iterable[Json | bytes]) -> bytes:
    return b"".join((each if isinstance(each, bytes) else orjson.dumps(each)) + b"\n" for each in records)


class Bureau:
    """A department's system, calling the service."""

    def __init__(self, client: httpx.AsyncClient, keys: Path, department: str = "health") -> None:
        self._client = client
        token = sign(keys, "department", subject="a-system", departments=(department,))
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    async def hands_over(
        self, content: bytes, media_type: str = "application/x-ndjson", mapping: Json | None = None
    ) -> httpx.Response:
        """Send a file as the body."""
        params = {"mapping": orjson.dumps(mapping).decode()} if mapping else {}
        headers = {**self._headers, "Content-Type": media_type}
        return await self._client.post("/v1/hand-overs", content=content, params=params, headers=headers)

    async def hands_over_a_form(
        self, content: bytes, mapping: str | bytes | None, name: str = "records.csv"
    ) -> httpx.Response:
        """Send a file as a part of a form, behind its mapping."""
        files: list[tuple[str, tuple[str | None, bytes]]] = [("file", (name, content))]
        if mapping is not None:
            files.insert(0, ("mapping", (None, mapping.encode() if isinstance(mapping, str) else mapping)))
        return await self._client.post("/v1/hand-overs", files=files, headers=self._headers)

    async def does(self, what: str, id: str) -> httpx.Response:
        """Pause, resume or cancel."""
        return await self._client.post(f"/v1/hand-overs/{id}/{what}", headers=self._headers)

    async def sees(self, path: str) -> httpx.Response:
        """Read something."""
        return await self._client.get(f"/v1/hand-overs{path}", headers=self._headers)

    async def waits(self, id: str, state: str = "done") -> Json:
        """Wait until a hand-over is in a state; return it."""

        async def in_that_state() -> Json | None:
            seen: Json = (await self.sees(f"/{id}")).json()
            return seen if seen["state"] == state else None

        return await eventually(in_that_state)

    async def fetches_refused(self, id: str) -> httpx.Response:
        """Fetch the refused lines as a file."""
        return await self.sees(f"/{id}/refused-file")

    async def refused(self, id: str) -> list[Json]:
        """Read the refused lines."""
        return [orjson.loads(line) for line in (await self.sees(f"/{id}/refused")).content.splitlines()]


async def eventually(look: Callable[[], Awaitable[FoundT | None]]) -> FoundT:
    """Look until there is something, also while nobody answers."""

    async def answered() -> FoundT | None:
        with suppress(httpx.TransportError):
            return await look()
        return None

    return await patience.eventually(answered)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://store", timeout=PATIENCE) as client,
    ):
        yield client


async def published_to(settings: Settings, since: datetime) -> list[Json]:
    """Return the credential-stored events in the trail since a moment."""
    seen: list[Json] = []
    async with await aio_pika.connect(settings.amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(500)
        queue = await channel.get_queue("trail", ensure=False)
        ended = asyncio.Event()
        mark = new_event_id()

        async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            await message.ack()
            if message.body == mark.encode():
                ended.set()
            elif message.routing_key == "credential-store.credential-stored.v1":
                event = signers.in_clear(message.body)
                seen.extend([event] if datetime.fromisoformat(event["time"]) >= since else [])

        exchange = await channel.get_exchange("events")
        await exchange.publish(aio_pika.Message(mark.encode()), "test.mark.v1", mandatory=False)
        await queue.consume(hear, arguments={"x-stream-offset": "first"})
        async with asyncio.timeout(PATIENCE):
            await ended.wait()
    return seen


async def none_in(database: Database, collection: str) -> bool | None:
    return await database[collection].find_one() is None or None
