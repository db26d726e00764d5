"""A publisher that comes up before everybody else."""

from __future__ import annotations

import aio_pika

from messaging.publisher import Publisher
from messaging.topology import Topology


async def test_an_event_that_leaves_before_any_consumer_was_ever_up_waits_for_it(
    bus: str, full_topology: Topology
) -> None:
    async with await aio_pika.connect(bus) as connection:
        channel = await connection.channel()
        await channel.queue_delete("matcher")
        publisher = Publisher(bus, name="early", topology=full_topology)

        await publisher.publish(
            b"{}", exchange=full_topology.exchange, routing_key="applications.item-published.v1", message_id="early-1"
        )

        queue = await channel.declare_queue("matcher", passive=True)
        assert queue.declaration_result.message_count == 1
        await publisher.close()
