"""Every event of a day delivered once more, and what the stores hold before and after."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aio_pika
import orjson
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

from bus.topology import delay_name
from local_stack.ports import SERVICES
from synthetic.caller import Caller, CallerAnswer, Json
from testkit.entrances import entrance_of
from tests.journeys.trail import bodies
from tests.journeys.waiting import until
from tests.load.evidence import TOPOLOGY, left_over, settled

Held = Mapping[str, str]
"""The digest of each document that the services hold, by service, collection and id."""

HEAD = "data-rights.head-published.v1"
MOVES_BY_ITSELF = frozenset({"sessions", "trail-reading", "heads", "quotas", "erased-cases"})  # settled later
HEARD_AGAIN = frozenset({
    "inbox", "replays", "replay-items", "replay-facts", "replay-progress", "audit-entries", "audit-head", "idempotency",
    "trail",
})  # fmt: skip
"""What an operator's re-delivery itself leaves behind; what is said because of it is looked at by itself."""
PROVEN_AGAIN = frozenset({"matcher.match-succeeded.v2"})
"""What is said once more, for a proof that had failed wrongly; where it had not, it changes nothing."""
WORKING = ("applications", "matcher", "review-dispatch", "credential-store", "data-rights")
"""The services that a day's events make work."""
_AT_ONCE = 200
WITHIN = 120.0
"""Seconds within which everything comes to rest."""


class _Counts(CallerAnswer):
    total: int
    handled: int
    ignored: int
    failed: int
    skipped: int


class _Replay(CallerAnswer):
    id: str
    state: str
    counts: _Counts


async def at_rest(amqp_url: str, mongodb_url: str) -> None:
    """Wait until nothing moves, and every entry of the record of accesses is in its block."""
    client: AsyncMongoClient[Any] = AsyncMongoClient(mongodb_url)
    async with client:
        assert await settled(amqp_url, mongodb_url, seconds=WITHIN), await left_over(amqp_url, client)
        entries = client["data-rights"]["accesses"]
        await until(lambda: entries.count_documents({"block": None}), lambda it: it == 0, what="the record is whole")


async def stop_waiting(amqp_url: str) -> None:
    """Take out what waits for a subject that never comes, until none comes back: other tests wait for rest."""
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queues = [await channel.get_queue(delay_name(each), ensure=False) for each in TOPOLOGY.delays]
        looks = deque([1, 1], maxlen=2)  # one is not enough: a message may be on its way between two queues

        async def taken() -> int:
            looks.append(sum([(await queue.purge()).message_count or 0 for queue in queues]))
            return sum(looks)

        await until(taken, lambda it: it == 0, what="nothing waits any more", interval=0.5)


async def told(amqp_url: str) -> dict[str, bytes]:
    """Read every event that the trail keeps, by its id, in the order in which they came; heads are published anyway."""
    events: dict[str, bytes] = {}
    async for body in bodies(amqp_url):
        with suppress(orjson.JSONDecodeError, LookupError, TypeError):  # what other tests sent is not always an event
            event = orjson.loads(body)
            if event["type"] != HEAD:
                events[event["id"]] = body
    return events


async def deliver_again(amqp_url: str, events: Mapping[str, bytes]) -> None:
    """Publish events as they were published, until the broker has confirmed them."""
    waiting = list(events.items())
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()

        async def publish(event_id: str, body: bytes) -> None:
            message, key = aio_pika.Message(body, message_id=event_id, delivery_mode=2), str(orjson.loads(body)["type"])
            exchange = await channel.get_exchange(entrance_of(key), ensure=False)
            await exchange.publish(message, key)

        for start in range(0, len(waiting), _AT_ONCE):
            await asyncio.gather(*(publish(*each) for each in waiting[start : start + _AT_ONCE]))


async def heard_again(operator: Caller, service: str, since: str, till: str) -> _Counts:
    """Have one service handle once more what happened between two moments, as an operator does."""
    trail: Json = {"service": service, "since": since, "until": till}
    asked: dict[str, Json] = {"trail": trail, "reason": "the whole day once more", "rate": 2_000}
    replay = await operator.post("/v1/replays", _Replay, asked)
    where = f"/v1/replays/{replay.id}"
    await operator.send("POST", f"{where}/start", body={})
    done = await until(
        lambda: operator.get(where, _Replay),
        lambda it: it.state not in {"prepared", "running"},
        what=f"{service} has heard everything again",
        seconds=WITHIN,
    )
    assert done.state == "done", done
    return done.counts


async def held(mongodb_url: str, without: frozenset[str] = MOVES_BY_ITSELF) -> Held:
    """Read everything that the services keep, but some collections, and but heads in the trail: they come anyway."""
    found: dict[str, str] = {}
    client: AsyncMongoClient[Any] = AsyncMongoClient(mongodb_url, document_class=RawBSONDocument)
    async with client:
        for service in SERVICES:
            for name in sorted({*await client[service].list_collection_names()} - without):
                async for document in client[service][name].find({"type": {"$ne": HEAD}}, batch_size=1000):
                    found[f"{service}/{name}/{document['_id']}"] = hashlib.sha256(document.raw).hexdigest()
    return found


def changed(before: Held, after: Held) -> list[str]:
    """Name the documents that are new, gone or no longer the same."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
