"""Department records taken in, as events and as a file, against the same writes and messages issued raw in bulk.

The clock runs from the first record, for events from when the service is up, to the last credential that is stored and
published. The yardstick writes the same documents, sealed and signed already, in transactions of 500, and publishes as
many events of the same size to the same queues; where ours reads events from the service's queue, it reads as many.
One of those queues tells when all is published: to ask the store would slow what is measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import aio_pika
import httpx
import orjson
from fastapi import FastAPI
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession

from bus import topology
from bus.connection import connect
from bus.declare import declare
from bus.envelope import new_event_id
from credential_store.config import Settings
from credential_store.main import create_app
from local_stack.layout import ROOT
from local_stack.tokens import sign
from store.repository import Database, Document
from testkit.entrances import entrance_of
from testkit.signers import signed
from testkit.vaults import vaulted
from tests.bench import flood
from tests.bench.figures import Figure, in_turns, ratio_of
from tests.journeys.waiting import until

RECORDS = 5_000
GROUP = 500
LINES, BROKEN_EVERY = 20_000, 1_000
"""Of the large file."""
GOAL = 0.5
DATABASE = "bench-departments"
QUEUE, MESSAGES = "credential-store", "health.waiting"
TOLD = ("applications", "matcher", "data-rights")
"""Whose queues get what is published of a record."""
WRITTEN = ("credentials", "signed-credentials")
"""What a record becomes: the collections in which it is kept."""
SETTLING = 3.0
"""Seconds until the quota is used up, and what it let through is done."""
KEY = "health.department-record-published.v1"
STORED_KEY = "credential-store.credential-stored.v1"
EVENTS = ROOT / "shared" / "contracts" / "events"
EXAMPLE: dict[str, Any] = orjson.loads((EVENTS / "department.department-record-published.v1.example.json").read_bytes())
STORED = (EVENTS / f"{STORED_KEY}.example.json").read_bytes()

Json = dict[str, Any]


async def departments(amqp_url: str, mongodb_url: str, keys: Path, rounds: int, lines: int) -> list[Figure]:
    """Take both ways in turns with their yardsticks; then one large file, every thousandth line of it broken."""
    async with AsyncMongoClient[Document](mongodb_url, tz_aware=True, w="majority") as client:
        bench = _Bench(amqp_url, mongodb_url, keys, client)
        await bench.by_file()  # leaves behind what the yardstick writes
        await bench.remember()
        files, raw_files = await in_turns(bench.by_file, bench.raw_file, rounds)
        events, raw_events = await in_turns(bench.by_events, bench.raw_events, rounds)
        large = await bench.by_large_file(lines)
        waits = [await flood.others_wait(bench.by_answers, name, rounds) for name in flood.FLOODS]
    raw = "the same writes and messages, raw in bulk"
    return [
        ratio_of("records of a handed-over file", files, raw_files, unit="records/s", goal=GOAL, against=raw),
        ratio_of("records as events", events, raw_events, unit="records/s", goal=GOAL, against=raw),
        large,
        *waits,
    ]


def record(number: int) -> Json:
    """Make a record of a person of its own."""
    return {**EXAMPLE["data"], "record_id": f"vac-{number}", "holder_index": f"{number:064x}"}


class _Bench:
    """One broker and one store, on which the contestants take turns."""

    def __init__(self, amqp_url: str, mongodb_url: str, keys: Path, client: AsyncMongoClient[Document]) -> None:
        self._url = amqp_url
        self._settings = Settings.model_validate(
            {
                "AMQP_URL": amqp_url,
                "MONGODB_URL": mongodb_url,
                "YIZHENG_KEYS": keys,
                "YIZHENG_JWKS": str(keys / "jwks.json"),
                "YIZHENG_LOG_LEVEL": "error",
                "database": DATABASE,
            }
        )
        self._keys = keys
        self._token = sign(keys, "department", subject="bench", departments=("health",))
        self._client = client
        self._written: dict[str, list[Document]] = {}
        self._runs = 0

    @property
    def _database(self) -> Database:
        return vaulted(self._client, self._settings.database)

    async def remember(self) -> None:
        """Keep the documents that ours has written, for the yardstick to write the same."""
        self._written = {name: await self._database[name].find().to_list() for name in WRITTEN}

    async def by_file(self) -> float:
        """Hand over a file and wait until all of it is stored and published."""
        content = b"".join(orjson.dumps(record(n), option=orjson.OPT_APPEND_NEWLINE) for n in range(RECORDS))
        await self._begin_anew()
        async with self._service() as client:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-ndjson"}
            begun = perf_counter()
            (await client.post("/v1/hand-overs", content=content, headers=headers)).raise_for_status()
            async with self._counting() as published:
                await _all(published)
            return RECORDS / (perf_counter() - begun)

    async def by_large_file(self, lines: int) -> Figure:
        """Hand over a file with every thousandth line broken; the second half must go as fast as the first."""
        await self._begin_anew()
        async with self._service() as client:
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-ndjson"}
            begun = perf_counter()
            answer = (await client.post("/v1/hand-overs", content=_broken_lines(lines), headers=headers)).json()

            async def taken_in() -> Json:
                shown: Json = (await client.get(f"/v1/hand-overs/{answer['hand_over_id']}", headers=headers)).json()
                return shown

            async def reach(line: int) -> tuple[Json, float]:
                shown = await until(
                    taken_in, lambda it: it["lines"] >= line, what="the file", seconds=7200, interval=0.2
                )
                return shown, perf_counter()

            _, half = await reach(lines // 2)
            ended, end = await reach(lines)
        assert (ended["refused"], ended["stored"]) == (lines // BROKEN_EVERY, lines - lines // BROKEN_EVERY)
        name = f"a file of {lines:,} lines, every {BROKEN_EVERY:,}th broken: {ended['refused']:,} refused"
        ratio = (half - begun) / (end - half)
        return Figure(name, lines / (end - begun), "lines/s", ratio, against="its second half against its first")

    async def by_events(self) -> float:
        """Have the service take as many events from its queue as there are records, from when it is up."""
        await self._begin_anew()
        bodies = [signed(_event(number), folder=self._keys) for number in range(RECORDS)]
        await _publish(self._url, bodies, KEY)
        async with self._service(), self._counting() as published:
            begun, before = perf_counter(), await published()
            await _all(published)
            return (RECORDS - before) / (perf_counter() - begun)

    async def by_answers(self, of_one: bool | None, slowed: bool) -> float:  # noqa: FBT001 - two of three floods
        """Tell how fast the slowest answers of one department come while another floods, of one holder or of many."""
        topology = self._settings.topology
        await self._begin_anew()
        if of_one is not None:
            await _publish(self._url, flood.flood(EXAMPLE, self._keys, one_holder=of_one), KEY)
        with TemporaryDirectory() as folder:
            if slowed:
                changed = flood.with_small_quota(topology, Path(folder))
                self._settings = self._settings.model_copy(update={"topology": changed})
            try:
                async with self._service():
                    await asyncio.sleep(SETTLING)
                    return await flood.slowest_answers(self._url, self._keys)
            finally:
                self._settings = self._settings.model_copy(update={"topology": topology})

    async def raw_file(self) -> float:
        """Write and publish the same, with nothing in between."""
        await self._begin_anew()
        await self._make_collections()
        begun = perf_counter()
        await asyncio.gather(self._write(with_inbox=False), _publish(self._url, [STORED] * RECORDS, STORED_KEY))
        return RECORDS / (perf_counter() - begun)

    async def raw_events(self) -> float:
        """Read, write and publish the same, with nothing in between."""
        await self._begin_anew()
        await _publish(self._url, [signed(_event(number), folder=self._keys) for number in range(RECORDS)], KEY)
        await self._make_collections()
        begun = perf_counter()
        await asyncio.gather(
            _consume(self._url, RECORDS),
            self._write(with_inbox=True),
            _publish(self._url, [STORED] * RECORDS, STORED_KEY),
        )
        return RECORDS / (perf_counter() - begun)

    async def _make_collections(self) -> None:
        for name in (*WRITTEN, "inbox", "outbox"):
            await self._database.create_collection(name)
        for index in ("holder.index", "holder.resident_id", "expires_on"):
            await self._database["credentials"].create_index(index)
        await self._database["signed-credentials"].create_index([("marks", 1), ("list", 1)])
        await self._database["inbox"].create_index("at")

    async def _write(self, *, with_inbox: bool) -> None:
        async with self._client.start_session() as session:
            for start in range(0, RECORDS, GROUP):
                part = {name: documents[start : start + GROUP] for name, documents in self._written.items()}
                await session.with_transaction(_writing(self._database, part, with_inbox))

    @asynccontextmanager
    async def _counting(self) -> AsyncIterator[Callable[[], Awaitable[int]]]:
        """Tell how many events the broker has; each was committed before it was published."""
        async with await connect(self._url, name="bench") as connection:
            channel = await connection.channel()

            async def published() -> int:
                queue = await channel.declare_queue(TOLD[0], passive=True)
                return queue.declaration_result.message_count or 0

            yield published

    async def _begin_anew(self) -> None:
        """Go on without messages, in another database: to empty one takes some stores longer than the figure itself."""
        self._runs += 1
        self._settings = self._settings.model_copy(update={"database": f"{DATABASE}-{self._runs}"})
        async with await connect(self._url, name="bench") as connection:
            channel = await connection.channel()
            await declare(topology.load(self._settings.topology), channel)
            for name in (QUEUE, MESSAGES, *TOLD):
                await (await channel.get_queue(name, ensure=False)).purge()

    @asynccontextmanager
    async def _service(self) -> AsyncIterator[httpx.AsyncClient]:
        app: FastAPI = create_app(self._settings)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://store", timeout=60) as client,
        ):
            yield client


async def _all(published: Callable[[], Awaitable[int]]) -> None:
    """Wait until the broker has the event of every record."""
    await until(published, lambda count: count >= RECORDS, what="every event", seconds=300, interval=0.05)


async def _broken_lines(lines: int) -> AsyncIterator[bytes]:
    for number in range(1, lines + 1):
        broken = number % BROKEN_EVERY == 0
        yield b'{"record_id": \n' if broken else orjson.dumps(record(number), option=orjson.OPT_APPEND_NEWLINE)


def _writing(
    database: Database,
    written: dict[str, list[Document]],
    with_inbox: bool,  # noqa: FBT001 - one of two yardsticks
) -> Callable[[AsyncClientSession], Awaitable[None]]:
    events = [{"id": new_event_id(), "key": STORED_KEY, "body": STORED} for _ in range(GROUP)]

    async def write(session: AsyncClientSession) -> None:
        for name, documents in written.items():
            await database[name].insert_many(documents, session=session)
        if with_inbox:
            now = datetime.now(UTC)
            entries = [{"_id": event["id"], "digest": "d" * 64, "at": now} for event in events]
            await database["inbox"].insert_many(entries, session=session)
        await database["outbox"].insert_one({"_id": new_event_id(), "events": events}, session=session)

    return write


def _event(number: int) -> Json:
    said = record(number)
    return {**EXAMPLE, "id": new_event_id(), "correlationid": said["holder_index"], "data": said}


async def _publish(url: str, bodies: list[bytes], key: str) -> None:
    """Publish, persistent and confirmed, many at a time."""
    async with await connect(url, name="bench") as connection:
        exchange = await (await connection.channel()).get_exchange(entrance_of(key), ensure=False)

        async def publish(body: bytes) -> None:
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id=new_event_id())
            await exchange.publish(message, key, mandatory=True)

        for start in range(0, len(bodies), GROUP):
            await asyncio.gather(*map(publish, bodies[start : start + GROUP]))


async def _consume(url: str, count: int) -> None:
    async with await connect(url, name="bench") as connection:
        channel = await connection.channel()
        await channel.set_qos(128)
        queue = await channel.get_queue(MESSAGES, ensure=False)
        ended, left = asyncio.Event(), count

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            nonlocal left
            await message.ack()
            left -= 1
            if not left:
                ended.set()

        await queue.consume(take)
        await ended.wait()
