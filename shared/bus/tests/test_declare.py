"""Declaring: once for all, by the administrator, and before anything can be published or heard."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator

import aio_pika
import pytest
from aio_pika.abc import ExchangeType
from structlog.testing import capture_logs

from bus.declare import MANAGEMENT
from bus.publisher import BrokerUnavailableError, Publisher
from bus.topology import Topology, dead_letters_of
from shared.bus.tests.harness import (
    declare,
    depth,
    eventually,
    kept,
    order,
    remove,
    small_topology,
    station,
    stock_of,
)
from store.repository import Database
from testkit.fixtures import StackAddresses


@pytest.fixture
async def undeclared(infrastructure: StackAddresses) -> AsyncIterator[Topology]:
    """A topology that the broker has never heard of."""
    declared = small_topology()
    yield declared
    await remove(infrastructure.amqp, declared)


async def test_nothing_leaves_before_every_queue_is_bound_and_then_nothing_is_missed(
    infrastructure: StackAddresses, undeclared: Topology
) -> None:
    publisher, event = Publisher(infrastructure.amqp, name="early", topology=undeclared), order(1)

    async def publish() -> None:
        await publisher.publish(
            event.body, exchange=undeclared.exchange, routing_key=event.routing_key, message_id=event.id
        )

    with pytest.raises(BrokerUnavailableError, match=undeclared.declared):
        await publish()
    await declare(infrastructure.amqp, undeclared)
    await publish()

    assert await depth(infrastructure.amqp, stock_of(undeclared)) == 1
    await publisher.close()


async def test_a_service_that_comes_up_first_waits_for_the_topology(
    infrastructure: StackAddresses, database: Database, undeclared: Topology
) -> None:
    with capture_logs() as logs:
        async with station(infrastructure.amqp, database, undeclared, ready=False) as stock:

            async def has_tried() -> bool:
                return any(each["event"] == "broker_session_ended" for each in logs)

            await eventually(has_tried)
            assert not await stock.consumer.is_ready()
            assert await depth(infrastructure.amqp, stock_of(undeclared)) == -1

            await declare(infrastructure.amqp, undeclared)
            await eventually(stock.consumer.is_ready)


async def test_declaring_twice_changes_nothing(infrastructure: StackAddresses, small: Topology) -> None:
    await declare(infrastructure.amqp, small)
    await declare(infrastructure.amqp, small)


async def test_whatever_is_deleted_is_there_again(infrastructure: StackAddresses, watched: Topology) -> None:
    queues = [stock_of(watched), dead_letters_of(stock_of(watched)), watched.trail.queue]
    async with await aio_pika.connect(infrastructure.amqp) as connection:
        channel = await connection.channel()
        await channel.exchange_delete(watched.exchange)
        for queue in queues:
            await channel.queue_delete(queue)

    async def all_are_back() -> bool:
        return all([await depth(infrastructure.amqp, queue) >= 0 for queue in queues])

    await eventually(all_are_back)


async def test_an_exchange_that_an_earlier_release_made_otherwise_is_made_anew(
    infrastructure: StackAddresses, undeclared: Topology
) -> None:
    async with await aio_pika.connect(infrastructure.amqp) as connection:
        channel = await connection.channel()
        await channel.declare_exchange(undeclared.exchange, ExchangeType.DIRECT, durable=True)

        async def is_a_topic() -> bool:
            return await depth(infrastructure.amqp, stock_of(undeclared)) >= 0

        async with kept(infrastructure.amqp, undeclared):
            await eventually(is_a_topic)
        await channel.declare_exchange(undeclared.exchange, ExchangeType.TOPIC, durable=True)


async def started(broker: StackAddresses, amqp: str, *arguments: str) -> Process:
    """Start the command with an account's address."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bus.declare", *arguments),
        env={**os.environ, "AMQP_URL": amqp, MANAGEMENT: broker.management},
        stdout=asyncio.subprocess.PIPE,
    )


async def test_the_command_declares_once_or_until_it_is_told_to_stop(bus: str, infrastructure: StackAddresses) -> None:
    once = await started(infrastructure, bus, "--once")
    assert (await once.communicate())[0] == b""
    assert once.returncode == 0

    keeping = await started(infrastructure, bus)
    assert keeping.stdout
    assert b"topology_declared" in await keeping.stdout.readline()
    keeping.send_signal(signal.SIGTERM)
    assert await keeping.wait() == 0


async def test_the_command_says_when_the_broker_does_not_agree(infrastructure: StackAddresses) -> None:
    once = await started(infrastructure, infrastructure.account_url("matcher"), "--once")
    told, _ = await once.communicate()
    assert once.returncode == 1
    assert b"ACCESS_REFUSED" in told
