"""What the run left behind, read from the stores and the broker: nothing here is taken from what the run believes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from bus import topology
from bus.connection import connect
from bus.event_encryption import EventCipher
from bus.topology import Topology, dead_letters_of, delay_name
from tests.journeys.trail import bodies, cipher_in

Document = dict[str, Any]
Database = AsyncDatabase[Document]

TOPOLOGY = topology.load(Path(topology.__file__).resolve().parents[3] / "contracts" / "topology.toml")

UNRESOLVED = "operations/failures"
"""What was given up and is in the hands of operations: it no longer moves, but it is left."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as the trail kept it. `reviews` are the requirements, each with its attempt, that people may look at.

    Of an approval `document` is the holder's index and the document's type, `at` when it was given.
    """

    id: str
    type: str
    case: str
    reviews: frozenset[tuple[str, int]] = frozenset()
    document: tuple[str, str] = ("", "")
    at: datetime | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything that the audit compares."""

    applications: Mapping[str, Document]
    decisions: frozenset[str]
    grants: Counter[str]
    reviewed: Counter[str]
    latest: Mapping[tuple[str, str], datetime]
    """When the newest word was given about a holder's documents of a type."""
    tasks: Counter[tuple[str, str, str, int]]
    told: Sequence[Told]
    inboxes: Mapping[str, frozenset[str]]
    left: Mapping[str, int] = field(default_factory=dict)
    """What still lies in queues and outboxes, by their name; only those that are not empty."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The ids of all residents and applications that there are; `submitted` are the applications but for the drafts."""

    residents: frozenset[str]
    applications: frozenset[str]
    submitted: frozenset[str]


async def kept(mongodb_url: str) -> Kept:
    """Read what is kept, whoever asked for it."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(mongodb_url)
    async with client:
        states = {
            row["_id"]: row["state"] async for row in client["applications"]["applications"].find({}, {"state": 1})
        }
        return Kept(
            residents=await _ids(client["identity"], "residents"),
            applications=frozenset(states),
            submitted=frozenset(id_ for id_, state in states.items() if state != "draft"),
        )


async def gather(amqp_url: str, mongodb_url: str, keys: Path, ids: Iterable[str]) -> Evidence:
    """Read everything, events with the keys in a folder. Nothing is written."""
    wanted = frozenset(ids)
    client: AsyncMongoClient[Document] = AsyncMongoClient(mongodb_url, tz_aware=True)
    async with client:
        grants, reviewed, latest = await _issues(client["credential-store"], wanted)
        return Evidence(
            applications=await _applications(client["applications"], wanted),
            decisions=await _ids(client["applications"], "decisions") & wanted,
            grants=grants,
            reviewed=reviewed,
            latest=latest,
            tasks=await _tasks(client["review-dispatch"], wanted),
            told=[told async for told in _told(amqp_url, cipher_in(keys))],
            inboxes={service: await _ids(client[service], "inbox") for service in TOPOLOGY.services},
            left=await left_over(amqp_url, client),
        )


async def left_over(amqp_url: str, client: AsyncMongoClient[Document]) -> dict[str, int]:
    """Count what lies in outboxes, work queues, delay queues and among what was given up."""
    services = (*TOPOLOGY.services, "identity")
    outboxes = {
        f"{service}/outbox": await client[service]["outbox"].count_documents({}) for service in dict.fromkeys(services)
    }
    failed = {UNRESOLVED: await client["operations"]["failures"].count_documents({"state": "open"})}
    return {name: count for name, count in {**outboxes, **await _queues(amqp_url, TOPOLOGY), **failed}.items() if count}


async def settled(amqp_url: str, mongodb_url: str, *, seconds: float) -> bool:
    """Wait until nothing moves any more; tell whether it came to rest in time."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(mongodb_url)
    deadline = asyncio.get_running_loop().time() + seconds
    async with client:
        before = -1
        while asyncio.get_running_loop().time() < deadline:
            moving = {name for name in await left_over(amqp_url, client) if name != UNRESOLVED}
            handled = sum([await client[s]["inbox"].estimated_document_count() for s in TOPOLOGY.services])
            if not moving and handled == before:
                return True
            before = handled
            await asyncio.sleep(0.5)
    return False


async def _applications(database: Database, ids: frozenset[str]) -> dict[str, Document]:
    fields = ("state", "item", "submitted_at", "decided_at", "granted", "asked", "check", "ruling", "scans.requirement")
    cursor = database["applications"].find({}, dict.fromkeys(fields, 1), batch_size=500)
    return {found["_id"]: found async for found in cursor if found["_id"] in ids}


async def _issues(
    database: Database, ids: frozenset[str]
) -> tuple[Counter[str], Counter[str], dict[tuple[str, str], datetime]]:
    """Count the versions issued for each application, by grant and by review; return the newest word on a document."""
    names = (
        "holder.resident_id",
        "document_type",
        "issues.said.at",
        "issues.content.origin",
        "issues.content.application_id",
    )
    fields = dict.fromkeys(names, 1)
    counts: dict[str, Counter[str]] = {"grant": Counter(), "review": Counter()}
    latest: dict[tuple[str, str], datetime] = {}
    async for credential in database["credentials"].find({}, fields, batch_size=1000):
        about = credential["holder"]["resident_id"], credential["document_type"]
        for issue in credential.get("issues", ()):
            content, at = issue["content"], issue["said"]["at"]
            latest[about] = max(at, latest.get(about, at))
            if content["origin"] in counts and content["application_id"] in ids:
                counts[content["origin"]][content["application_id"]] += 1
    return counts["grant"], counts["review"], latest


async def _tasks(database: Database, ids: frozenset[str]) -> Counter[tuple[str, str, str, int]]:
    fields = {"application_id": 1, "kind": 1, "about.requirement": 1, "about.attempt": 1}
    cursor = database["tasks"].find({}, fields, batch_size=1000)
    return Counter([_task_key(task) async for task in cursor if task["application_id"] in ids])


def _task_key(task: Document) -> tuple[str, str, str, int]:
    about = task["about"]
    return task["application_id"], task["kind"], about.get("requirement", ""), about.get("attempt", 1)


async def _ids(database: Database, collection: str) -> frozenset[str]:
    return frozenset([found["_id"] async for found in database[collection].find({}, {"_id": 1}, batch_size=5000)])


async def _told(amqp_url: str, cipher: EventCipher) -> Any:  # noqa: ANN401 - an async generator's type says less than its two lines
    async for body in bodies(amqp_url):
        event = orjson.loads(cipher.decrypted_body(body))
        data = event["data"]
        failed = data["documents"] if event["type"].startswith("matcher.match-failed.") else ()
        reviews = frozenset((each["requirement"], each["attempt"]) for each in failed if each["reviewable"])
        about = (data.get("holder") or {}).get("resident_id", ""), data.get("document_type", "")
        at = datetime.fromisoformat(data["approved_at"]) if "approved_at" in data else None
        yield Told(event["id"], event["type"], event["correlationid"], reviews, about, at)


async def _queues(amqp_url: str, known: Topology) -> dict[str, int]:
    outside = [each.waiting for each in known.departments.values()]
    names = [*known.services, *outside, *map(dead_letters_of, known.services), *map(delay_name, known.delays)]
    connection = await connect(amqp_url, name="load")
    async with connection:
        channel = await connection.channel()
        declared = [await channel.declare_queue(name, passive=True) for name in names]
        return {queue.name: queue.declaration_result.message_count or 0 for queue in declared}
