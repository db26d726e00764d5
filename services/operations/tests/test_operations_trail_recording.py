"""Every message of the bus is in the trail, once: whatever it is, and whoever is killed in between."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aio_pika
import pytest

from bus.envelope import EncodedEvent
from bus.topology import Topology
from operations.domain.trail import Recorded, TrailReading, place_of
from operations.store import trail as store
from operations.store.trail import TrailStore
from runtime.clock import utc_now
from services.operations.tests import trail_worker
from services.operations.tests.trail_worker import FAULTS, recording
from shared.bus.tests.harness import Placed, declare, eventually, order, put, remove, small_topology
from shared.bus.tests.harness import kept as kept_declared
from store.repository import Database
from testkit.fixtures import StackAddresses, make_collections
from testkit.forked import fork
from testkit.patience import PATIENCE
from testkit.signers import signed

END = 2**62
TOKEN = "trail"


@pytest.fixture
async def small(infrastructure: StackAddresses) -> AsyncIterator[Topology]:
    declared = small_topology(f"{TOKEN}-{secrets.token_hex(4)}")
    await declare(infrastructure.amqp, declared)
    async with kept_declared(infrastructure.amqp, declared):
        yield declared
    await remove(infrastructure.amqp, declared)


@pytest.fixture
async def trail(database: Database) -> TrailStore:
    await make_collections(database, store.INDEXES)
    return TrailStore(database)


def message(body: bytes) -> aio_pika.Message:
    return aio_pika.Message(body, delivery_mode=2)


def orders(first: int, end: int) -> list[EncodedEvent]:
    return [order(number, case=f"case-{number % 3}") for number in range(first, end)]


async def kept(trail: TrailStore) -> list[str]:
    return [entry.id async for entry in trail.between(0, END)]


async def test_every_event_is_recorded_in_order_with_all_that_it_says(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore
) -> None:
    sent = orders(0, 120)
    async with recording(infrastructure.amqp, small, trail):
        await put(infrastructure.amqp, small, *(message(each.body) for each in sent))
        await eventually(lambda: _has(trail, 120))
    assert await kept(trail) == [each.id for each in sent]
    entry = (await trail.named([sent[4].id]))[sent[4].id]
    assert (entry.type, entry.case, entry.publisher, entry.fault) == (Placed.type, "case-1", "shop", "")
    assert entry.body == sent[4].body
    assert abs(entry.time - utc_now()) < timedelta(minutes=1)
    assert [each.id for each in await trail.of_case("case-1", 0, 3)] == [sent[1].id, sent[4].id, sent[7].id]


async def test_what_is_no_event_is_kept_too_with_what_is_known_of_it(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore
) -> None:
    half = b'{"specversion": "1.0", "correlationid": "case-9", "id": 7}'
    async with recording(infrastructure.amqp, small, trail):
        await put(infrastructure.amqp, small, message(b"\xff\x00"), message(half), key="health.strange.v1")
        await put(infrastructure.amqp, small, message(b""), message(b"[]"), key="")
        await eventually(lambda: _has(trail, 4))
    entries = [entry async for entry in trail.between(0, END)]
    assert [entry.fault for entry in entries] == ["not-json", "not-a-cloudevent", "not-json", "not-a-cloudevent"]
    assert (entries[1].case, entries[1].publisher, entries[1].type) == ("case-9", "health", "health.strange.v1")
    assert entries[0].body == b"\xff\x00"


async def test_a_forged_type_and_a_reused_id_are_both_kept_and_marked(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore
) -> None:
    first, second = orders(0, 2)
    again = signed(second.body.replace(second.id.encode(), first.id.encode()))
    async with recording(infrastructure.amqp, small, trail):
        await put(infrastructure.amqp, small, message(first.body), message(again), message(again))
        await put(infrastructure.amqp, small, message(second.body), key="health.other.v1")
        await eventually(lambda: _has(trail, 3))
    faults = {entry.id.partition("~")[0]: entry.fault async for entry in trail.between(0, END) if entry.fault}
    assert faults == {first.id: "id-reused", second.id: "wrong-routing-key"}
    assert len(await kept(trail)) == 3


async def test_an_event_that_claims_an_impossible_time_stands_where_it_arrived(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore
) -> None:
    sealed = order(1)
    then = signed(sealed.body.replace(f'"time":"{utc_now():%Y}'.encode(), b'"time":"1999'))
    assert then != sealed.body
    async with recording(infrastructure.amqp, small, trail):
        await put(infrastructure.amqp, small, message(then))
        await eventually(lambda: _has(trail, 1))
    entry = (await trail.named([sealed.id]))[sealed.id]
    assert abs(entry.time - utc_now()) < timedelta(minutes=1)


async def test_who_starts_again_goes_on_where_it_stopped(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore
) -> None:
    sent = orders(0, 60)
    async with recording(infrastructure.amqp, small, trail):
        await put(infrastructure.amqp, small, *(message(each.body) for each in sent[:30]))
        await eventually(lambda: _has(trail, 30))
        await eventually(lambda: _has_read(trail, small, 29))
    await put(infrastructure.amqp, small, *(message(each.body) for each in sent[30:]))
    async with recording(infrastructure.amqp, small, trail) as recorder:
        assert await recorder.start() is not None
        await eventually(lambda: _has(trail, 60))
    assert await kept(trail) == [each.id for each in sent]


async def test_a_stream_that_was_made_anew_is_read_from_its_first_message(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore
) -> None:
    sent = orders(0, 20)
    await put(infrastructure.amqp, small, *(message(each.body) for each in sent))
    await trail.keep_reading(small.trail.queue, TrailReading(11, "the digest of another stream's twelfth message"))
    async with recording(infrastructure.amqp, small, trail):
        await eventually(lambda: _has(trail, 20))
    assert await kept(trail) == [each.id for each in sent]


@pytest.mark.parametrize("fault", FAULTS)
async def test_kill_9_loses_nothing_and_doubles_nothing(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore, database: Database, fault: str
) -> None:
    sent = orders(0, 150)
    await put(infrastructure.amqp, small, *(message(each.body) for each in sent))
    token = small.exchange.removeprefix("events-")
    where = infrastructure.amqp, infrastructure.mongodb, database.name, token
    killed = fork(trail_worker.live, *where, fault, environment={})
    assert await asyncio.wait_for(killed.wait(), PATIENCE) == -9
    assert 0 < len(await kept(trail)) < 150
    async with recording(infrastructure.amqp, small, trail):
        await eventually(lambda: _has(trail, 150))
    assert await kept(trail) == [each.id for each in sent]


async def test_what_is_too_old_is_forgotten_in_slices_and_nothing_else(
    infrastructure: StackAddresses, small: Topology, trail: TrailStore
) -> None:
    sent = orders(0, 30)
    async with recording(infrastructure.amqp, small, trail):
        await put(infrastructure.amqp, small, *(message(each.body) for each in sent))
        await eventually(lambda: _has(trail, 30))
    assert await trail.forget(place_of(datetime(2020, 1, 1, tzinfo=UTC)), 100) == 0
    twentieth = (await trail.named([sent[20].id]))[sent[20].id].place
    assert [await trail.forget(twentieth, 15) for _ in range(3)] == [15, 5, 0]
    assert await kept(trail) == [each.id for each in sent[20:]]


async def _has(trail: TrailStore, number: int) -> bool:
    return len(await kept(trail)) >= number


async def _has_read(trail: TrailStore, declared: Topology, offset: int) -> bool:
    reading = await trail.reading(declared.trail.queue)
    return reading is not None and reading.offset >= offset


@pytest.mark.parametrize("wanted", [{"type": "rare.thing.v1"}, {"publisher": "rare"}])
async def test_rare_events_are_listed_without_reading_all_that_came_after_them(
    trail: TrailStore, database: Database, wanted: dict[str, str]
) -> None:
    await trail.record([recorded(place, "rare" if place == 1 else "often") for place in range(1, 301)])
    assert [found.place for found in await trail.newest(wanted, 0, END, 20)] == [1]
    asked = database[store.TRAIL].find({"place": {"$gte": 0, "$lt": END}, **wanted}).sort("place", -1).limit(20)
    assert (await asked.explain())["executionStats"]["totalDocsExamined"] == 1


def recorded(place: int, publisher: str) -> Recorded:
    return Recorded(
        id=f"e{place}",
        type=f"{publisher}.thing.v1",
        source=f"/yizheng/{publisher}",
        case="case",
        time=datetime(2026, 11, 30, tzinfo=UTC),
        place=place,
        cause=None,
        publisher=publisher,
        routing_key=f"{publisher}.thing.v1",
        body=b"{}",
        digest="0" * 64,
    )
