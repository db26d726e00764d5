from __future__ import annotations

import aio_pika

from messaging.topology import Topology
from runtime.kernel import Database

EVENT = "applications.document-submitted.v1"


async def test_a_test_gets_a_real_store_and_a_real_broker(
    database: Database, bus: str, full_topology: Topology
) -> None:
    await database["things"].insert_one({"_id": "a"})

    assert await database["things"].count_documents({}) == 1
    assert bus.startswith("amqp")
    assert "matcher" in full_topology.services


async def test_a_test_may_leave_messages_behind(bus: str, full_topology: Topology) -> None:
    async with await aio_pika.connect(bus) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(full_topology.exchange)
        await exchange.publish(aio_pika.Message(b"{}"), EVENT)
        assert await counts(channel, full_topology) == {"matcher": 1, full_topology.trail.queue: 1}


async def test_the_next_one_finds_none_of_them(bus: str, full_topology: Topology) -> None:
    async with await aio_pika.connect(bus) as connection:
        found = await counts(await connection.channel(), full_topology)
    assert found == {"matcher": 0, full_topology.trail.queue: 0}


async def counts(channel: aio_pika.abc.AbstractChannel, topology: Topology) -> dict[str, int | None]:
    names = ("matcher", topology.trail.queue)
    queues = [await channel.declare_queue(name, passive=True) for name in names]
    return {queue.name: queue.declaration_result.message_count for queue in queues}
