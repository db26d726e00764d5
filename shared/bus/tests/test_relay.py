from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast

import pytest

from bus import envelope, relay
from bus.envelope import EncodedEvent, decode_event
from bus.publisher import BrokerUnavailableError, Publisher
from bus.relay import Relay
from bus.topology import Topology
from shared.bus.tests.harness import depth, eventually, order, small_topology, station, stock_of, take
from store import heartbeat
from store.commit import OUTBOX, Committer
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.patience import IN_TIME, PATIENCE


@pytest.fixture(autouse=True)
def _quick_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "SWEEP_EVERY", 0.2)


def ids_of(messages: list[bytes]) -> list[str]:
    return [decode_event(body).id for body in messages]


async def arrived(amqp: str, small: Topology) -> list[str]:
    """Return the ids of the events in the queue, in order."""
    return ids_of([message.body for message in await take(amqp, stock_of(small))])


async def test_events_leave_right_after_the_commit_and_the_outbox_is_tidied(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    events = [order(n) for n in range(5)]
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        await shop.commit(events)
        await eventually(shop.outbox_is_empty)

    assert await arrived(infrastructure.amqp, small) == [event.id for event in events]


async def test_what_a_crash_left_behind_leaves_with_the_sweep_under_the_same_ids(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    events = [order(n) for n in range(5)]
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        await shop.committer.commit([], events)  # and nobody publishes
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        await eventually(shop.outbox_is_empty)

    assert await arrived(infrastructure.amqp, small) == [event.id for event in events]


async def test_the_events_of_a_caller_who_went_away_leave_with_the_sweep(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    events = [order(n) for n in range(4)]
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        callers = [asyncio.create_task(shop.commit([event])) for event in events]
        await asyncio.sleep(0)
        queue = shop.committer._groups._waiting  # noqa: SLF001 - they share a transaction that has begun
        while queue.qsize():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        callers[2].cancel()
        await asyncio.gather(*callers, return_exceptions=True)

        await eventually(shop.outbox_is_empty)

    assert set(await arrived(infrastructure.amqp, small)) == {event.id for event in events}


async def test_a_publish_that_was_interrupted_is_repeated_by_the_sweep(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    event = order(1)
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        entry = await shop.committer.commit([], [event])
        publishing = asyncio.create_task(shop.relay.dispatch([event], entry))
        await asyncio.sleep(0)
        publishing.cancel()

        await eventually(shop.outbox_is_empty)

    assert set(await arrived(infrastructure.amqp, small)) == {event.id}


async def test_a_long_backlog_leaves_in_one_sweep_and_in_order(
    infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [order(n) for n in range(300)]
    rows = [
        {"_id": envelope.new_event_id(), "events": [{"id": e.id, "key": e.routing_key, "body": e.body}]} for e in events
    ]
    await database[OUTBOX].insert_many(rows)
    begun = time.perf_counter()
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        await eventually(shop.outbox_is_empty)

    assert time.perf_counter() - begun < IN_TIME
    assert await arrived(infrastructure.amqp, small) == [event.id for event in events]


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_jumps_by_an_hour_delays_nothing(
    infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        before, after, last = order(1), order(2), order(3)
        await shop.committer.commit([], [before])
        right_time, right_nanoseconds = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: right_time() + hours * 3600)
        monkeypatch.setattr(time, "time_ns", lambda: right_nanoseconds() + hours * 3_600_000_000_000)
        await shop.committer.commit([], [after])
        await eventually(shop.outbox_is_empty)
        await shop.committer.commit([], [last])
        assert 0 <= await shop.relay.oldest_age() < 60
        await eventually(shop.outbox_is_empty)

    assert set(await arrived(infrastructure.amqp, small)) == {before.id, after.id, last.id}


async def test_the_age_of_the_oldest_event_is_known(
    infrastructure: StackAddresses, database: Database, small: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SWEEP_EVERY", 60)
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        assert await shop.relay.oldest_age() == 0
        await shop.committer.commit([], [order(1)])
        right_time = time.time
        monkeypatch.setattr(time, "time", lambda: right_time() + 100)

        assert 100 <= await shop.relay.oldest_age() < 100 + PATIENCE


async def test_stopping_waits_for_what_is_being_published(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async with station(infrastructure.amqp, database, small, consuming=False) as shop:
        await shop.commit([order(n) for n in range(50)])

    assert await depth(infrastructure.amqp, stock_of(small)) == 50
    assert await database[OUTBOX].count_documents({}) == 0


class FakeBroker:
    """What a process's publisher reaches, when the broker lets it; publishing takes a moment."""

    def __init__(self, published: list[str], *, lets: bool) -> None:
        self.published = published
        self.lets = lets

    async def publish(self, body: bytes, *, exchange: str, routing_key: str, message_id: str) -> None:
        if not self.lets:
            raise BrokerUnavailableError("away")
        await asyncio.sleep(0.05)
        self.published.append(message_id)

    async def can_publish(self) -> bool:
        return self.lets

    async def check(self) -> None:
        return


@asynccontextmanager
async def process(database: Database, broker: FakeBroker) -> AsyncIterator[tuple[Committer, Relay]]:
    """Run what commits and publishes in one process of a service."""
    committer = Committer(database)
    sweeping = Relay(database, cast("Publisher", broker), small_topology(), committer.heartbeat)
    await committer.prepare()
    committer.start()
    sweeping.start()
    try:
        yield committer, sweeping
    finally:
        await committer.stop()
        await sweeping.stop()


@pytest.fixture
def _quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "EVERY", 0.2)


@pytest.mark.usefixtures("_quick_beats")
async def test_after_an_outage_each_event_leaves_through_one_of_several_processes(database: Database) -> None:
    published = list[str]()
    brokers = [FakeBroker(published, lets=False) for _ in range(3)]
    committed = list[EncodedEvent]()
    async with AsyncExitStack() as running:
        processes = [await running.enter_async_context(process(database, each)) for each in brokers]
        for number, (committer, sweeping) in enumerate(processes):
            events = [order(number * 100 + n) for n in range(20)]
            committed += events
            for event in events:
                await sweeping.dispatch([event], await committer.commit([], [event]))
        await eventually(lambda: _all_know_each_other([committer for committer, _ in processes]))
        for broker in brokers:
            broker.lets = True
        await eventually(lambda: _is_empty(database))

    assert sorted(published) == sorted(event.id for event in committed)


@pytest.mark.usefixtures("_quick_beats")
async def test_what_one_process_can_not_get_out_leaves_through_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "SWEEP_EVERY", 0.05)
    published = list[str]()
    events = [order(n) for n in range(3)]
    cut_off, well = FakeBroker(published, lets=False), FakeBroker(published, lets=True)
    async with process(database, cut_off) as (committer, sweeping), process(database, well):
        await sweeping.dispatch(events, await committer.commit([], events))
        await eventually(lambda: _is_empty(database))

    assert sorted(published) == sorted(event.id for event in events)


async def _is_empty(database: Database) -> bool:
    return await database[OUTBOX].count_documents({}) == 0


async def _all_know_each_other(committers: Iterable[Committer]) -> bool:
    return all(each.heartbeat.processes == 3 for each in committers)
