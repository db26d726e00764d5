from __future__ import annotations

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from pamqp.common import FieldValue
from pymongo import MongoClient

from bus.topology import Topology
from local_stack.accounts import databases
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.infrastructure import private_infrastructure
from testkit.patience import PATIENCE

EVENT = "applications.document-submitted.v2"


async def test_a_test_gets_a_real_store_and_a_real_broker(
    database: Database, bus: str, full_topology: Topology
) -> None:
    await database["things"].insert_one({"_id": "a"})

    assert await database["things"].count_documents({}) == 1
    assert bus.startswith("amqp")
    assert "matcher" in full_topology.services


@pytest.mark.parametrize("test", ["one", "the next one"])
async def test_whatever_a_test_leaves_behind_the_next_one_finds_nothing_of_it(
    test: str, bus: str, full_topology: Topology
) -> None:
    async with await aio_pika.connect(bus) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(full_topology.exchange)
        for number in range(2):
            await exchange.publish(aio_pika.Message(f"{test} {number}".encode()), EVENT)

        assert await first_in(channel, "matcher", {}) == f"{test} 0"
        assert await first_in(channel, full_topology.trail.queue, {"x-stream-offset": "first"}) == f"{test} 0"


async def first_in(channel: AbstractChannel, name: str, arguments: dict[str, FieldValue]) -> str:
    """Return the first message of a queue or of a stream, and leave it there."""
    await channel.set_qos(prefetch_count=1)
    queue = await channel.get_queue(name, ensure=False)
    async with queue.iterator(arguments=arguments, timeout=PATIENCE) as messages:
        async for message in messages:
            return message.body.decode()
    raise AssertionError(f"nothing in {name}")


def test_a_broker_and_a_store_that_are_given_keep_the_accounts_of_what_runs_on_them(
    private: StackAddresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQP_URL", private.amqp)
    monkeypatch.setenv("MONGODB_URL", private.mongodb)
    with private_infrastructure() as given:
        assert (given.amqp_url, given.mongodb_url) == (private.amqp, private.mongodb)

    with MongoClient[dict[str, object]](
        databases.url_of(private.mongodb, private.store_accounts, "identity")
    ) as identity:
        identity["identity"].list_collection_names()
