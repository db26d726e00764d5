"""The whole workflow against the sum of the store and broker operations that it cannot do without, issued raw.

One load run over the gateway says how many cases a second were decided. What the stores and the trail then hold says
which operations those cases took: events published, deliveries handled, aggregates written. The same number of
operations is issued by one process that does nothing else: once with a transaction for each message, which is what a
service without group commit could not do without, and once in groups as large as a commit takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import aio_pika
from pymongo import AsyncMongoClient, InsertOne, ReplaceOne
from pymongo.asynchronous.client_session import AsyncClientSession

from bus.connection import connect
from local_stack.stack import Stack
from runtime.clock import today, utc_now
from store.group_commit import LARGEST_GROUP
from store.repository import Database, Document
from synthetic.progress import Bars
from tests.bench.bus import BENCH, Answered, Bench
from tests.bench.figures import Figure
from tests.load.evidence import Evidence, gather
from tests.load.figures import seconds, spread, took_people
from tests.load.processor import CLIENT, between, spent
from tests.load.replay import place_of
from tests.load.report import Report
from tests.load.run import Run, perform

CASES = 300
SEED = 96713
CONCURRENCY = 48
_FOREIGN = frozenset({"broker", "store", "gateway", "epmd", "provider"})
"""Processes of a run that are no services."""
AGGREGATES = {"applications": "applications", "review-dispatch": "tasks"}
BODY = "x" * 1200
EVENT_BYTES = 900
GOAL = 0.5
MOST_PER_CASE = 190.0
"""Milliseconds of processor time that a case may cost, all processes together (on two quiet cores)."""
RESTING = 60.0
"""Seconds over which the system is measured at rest."""
SETTLING = 20.0
MOST_AT_REST = 1.0
"""Percent of a core that all services together may take at rest."""


@dataclass(frozen=True, slots=True)
class Operations:
    """What the cases could not do without."""

    cases: int
    events: int
    deliveries: int
    writes: int


async def workflow(stack: Stack, database: Database) -> list[Figure]:
    """Run the load, count its operations, issue them raw, and compare."""
    report = await _load(stack, CASES, CONCURRENCY, SEED)
    asked = await _operations(stack, report)
    rate = report.figures.cases_per_second
    name = f"whole workflow ({asked.events / CASES:.0f} events, {asked.deliveries / CASES:.0f} deliveries a case)"
    figures = _per_case(report)
    for size, note in ((1, "its operations raw, a transaction each"), (LARGEST_GROUP, f"raw, {LARGEST_GROUP} in each")):
        raw = CASES / await _raw_seconds(stack.amqp_url, database, asked, size)
        figures.append(Figure(name, rate, "cases/s", rate / raw, goal=GOAL, against=note))
    return figures


async def light_load(stack: Stack) -> list[Figure]:
    """Time from the accepted submission to the decision, where no person and no other party is waited for."""
    await _load(stack, 120, 2, 120)
    async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True) as client:
        decided = client["applications"]["applications"].find({"decided_at": {"$ne": None}, "second_party_id": None})
        times = spread([seconds(each) async for each in decided if not took_people(each)])
    return [
        Figure(f"submission to automatic decision, {name}", value * 1000, "ms", against=f"{times.cases} cases")
        for name, value in (("p50", times.p50), ("p95", times.p95), ("p99", times.p99))
    ]


async def rest(stack: Stack) -> list[Figure]:
    """Percent of a core that each process takes while nothing is asked of the system."""
    await asyncio.sleep(SETTLING)
    begun, before = perf_counter(), spent(stack.pids())
    await asyncio.sleep(RESTING)
    seconds = perf_counter() - begun
    took = {name: 100 * each / seconds for name, each in between(before, spent(stack.pids())).items() if name != CLIENT}
    services = sum(each for name, each in took.items() if name not in _FOREIGN)
    figures = [Figure(f"at rest, {name}", percent, "% of a core") for name, percent in _dearest(took)]
    ratio = MOST_AT_REST / max(services, 0.01)
    of_all = Figure("at rest, services", services, "% of a core", ratio, goal=1.0, against="at most 1 %")
    return [*figures, of_all]


def _per_case(report: Report) -> list[Figure]:
    took = report.processor_ms_per_case
    total = sum(took.values())
    each = [Figure(f"processor time a case, {name}", cost, "ms") for name, cost in _dearest(took)]
    against = f"at most {MOST_PER_CASE:.0f} ms"
    return [*each, Figure("processor time a case", total, "ms", MOST_PER_CASE / total, goal=1.0, against=against)]


def _dearest(took: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(took.items(), key=lambda each: -each[1])


async def _load(stack: Stack, cases: int, at_once: int, seed: int) -> Report:
    run = Run(place_of(stack), cases, seed, today(utc_now()), at_once, "en", Bars())
    report = await perform(run)
    if not report.ok:
        raise RuntimeError(f"the load run was not sound: {report.lost_findings} {report.doubled_findings}")
    return report


async def _operations(stack: Stack, report: Report) -> Operations:
    async with AsyncMongoClient[Document](stack.mongodb_url) as client:
        newest = client["applications"]["applications"].find({}, {"_id": 1}, sort=[("_id", -1)], limit=report.cases)
        ids = [each["_id"] async for each in newest]
        evidence = await gather(stack.amqp_url, stack.mongodb_url, stack.layout.keys, ids)
        written = [
            each["version"]
            for database, collection in AGGREGATES.items()
            async for each in client[database][collection].find({}, {"version": 1, "application_id": 1})
            if each["_id"] in ids or each.get("application_id") in ids
        ]
    return _counted(report, evidence, written)


def _counted(report: Report, evidence: Evidence, versions: Sequence[int]) -> Operations:
    told = {event.id for event in evidence.told if event.case in evidence.applications}
    deliveries = sum(len(told & inbox) for inbox in evidence.inboxes.values())
    credentials = evidence.grants.total() + evidence.reviewed.total()
    return Operations(report.cases, len(told), deliveries, sum(versions) + 2 * credentials)


async def _raw_seconds(amqp_url: str, database: Database, asked: Operations, size: int) -> float:
    await Bench(amqp_url).fill()
    for name in ("raw-inbox", "raw-outbox", "raw-state"):
        await database.drop_collection(name)
        await database.create_collection(name)
    state = [{"_id": f"state-{n}", "version": 0, "text": BODY} for n in range(2 * LARGEST_GROUP)]
    await database["raw-state"].insert_many(state)
    begun = perf_counter()
    await _store_raw(database, asked, size)
    await _publish_raw(amqp_url, asked.events)
    await _consume_raw(amqp_url, asked.deliveries)
    return perf_counter() - begun


async def _store_raw(database: Database, asked: Operations, size: int) -> None:
    """Reads, and transactions of `size` inbox entries each, their aggregates and one outbox document."""
    writes_left = asked.writes
    for group in _groups(asked.deliveries, size):
        names = [f"state-{number % LARGEST_GROUP}" for number in group]
        await database["raw-state"].find({"_id": {"$in": names}}).to_list()
        share = min(writes_left, -(-len(group) * asked.writes // asked.deliveries))
        writes_left -= share
        await _transact_raw(database, group, share)


async def _transact_raw(database: Database, group: range, writes: int) -> None:
    async def apply(session: AsyncClientSession) -> None:
        now = datetime.now(UTC)
        inbox: list[Any] = [InsertOne({"_id": f"event-{n}", "digest": "d" * 64, "at": now}) for n in group]
        await database["raw-inbox"].bulk_write(inbox, ordered=False, session=session)
        state: list[Any] = [ReplaceOne({"_id": f"state-{n}"}, {"version": 1, "text": BODY}) for n in range(writes)]
        if state:
            await database["raw-state"].bulk_write(state, ordered=False, session=session)
        rows = [{"id": f"{n}", "body": b"x" * EVENT_BYTES} for n in group]
        await database["raw-outbox"].insert_one({"_id": f"entry-{group.start}", "events": rows}, session=session)

    async with database.client.start_session() as session:
        await session.with_transaction(apply)
    await database["raw-outbox"].delete_many({"_id": {"$in": [f"entry-{group.start}"]}})


async def _publish_raw(amqp_url: str, events: int) -> None:
    async with await connect(amqp_url, name="bench") as connection:
        exchange = await (await connection.channel()).get_exchange(BENCH.exchange)
        for group in _groups(events, LARGEST_GROUP):
            await asyncio.gather(
                *(
                    exchange.publish(
                        aio_pika.Message(b"x" * EVENT_BYTES, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                        Answered.type,
                        mandatory=True,
                    )
                    for _ in group
                )
            )


async def _consume_raw(amqp_url: str, deliveries: int) -> None:
    """Take and acknowledge as many messages as there were deliveries; the queue was filled before."""
    done = asyncio.Event()
    left = min(deliveries, 5_000)

    async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        nonlocal left
        await message.ack()
        left -= 1
        if left <= 0:
            done.set()

    async with await connect(amqp_url, name="bench") as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=128)
        await (await channel.get_queue("bench")).consume(take)
        await asyncio.wait_for(done.wait(), 60)


def _groups(total: int, size: int) -> Iterator[range]:
    for start in range(0, total, size):
        yield range(start, min(start + size, total))
