"""An exchange that is deleted and declared again: RabbitMQ 4.3 has forgotten by then who may write which keys."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

import aio_pika
import pytest
from aio_pika.abc import ExchangeType
from pika.exceptions import ChannelClosedByBroker, UnroutableError

from bus.declare import declare, keep
from bus.permissions import Management, PermissionsMissingError
from bus.publisher import BrokerUnavailableError, Publisher
from bus.topology import Topology
from local_stack.ports import HOST
from testkit.attempts import ACCESS_REFUSED, channel_of, publish
from testkit.fixtures import StackAddresses
from testkit.infrastructure import free_ports
from testkit.patience import eventually

FORGED = "identity.id-registered.v1"
READER = "applications"
LOST = -1


@pytest.fixture
def management(private: StackAddresses) -> Management:
    """The management interface of the private broker."""
    return Management(private.management)


@asynccontextmanager
async def kept(amqp: str, declared: Topology, management: Management) -> AsyncIterator[None]:
    """Have the administrator keep the topology declared until the end of the block."""
    keeping = asyncio.create_task(keep(amqp, declared, management, every=0.5))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])


async def forget(amqp: str, exchange: str) -> None:
    """Delete an exchange and declare it again, as an administrator may by mistake."""
    async with await aio_pika.connect(amqp) as connection:
        channel = await connection.channel()
        await channel.exchange_delete(exchange)
        await channel.declare_exchange(exchange, ExchangeType.TOPIC, durable=True)


async def test_a_forged_key_reaches_nobody_and_is_refused_as_soon_as_anything_is_bound(
    private_bus: str, private: StackAddresses, full_topology: Topology, management: Management
) -> None:
    forge = partial(outcome, private.account_url("health"), b"forged")
    speak = partial(outcome, private.account_url("identity"), b"own")
    await forget(private_bus, full_topology.exchange)
    tried, arrived = [await asyncio.to_thread(forge)], list[bytes]()
    async with kept(private_bus, full_topology, management):
        while not arrived:
            tried.append(await asyncio.to_thread(forge))
            await asyncio.to_thread(speak)
            arrived = await asyncio.to_thread(everything_in, private_bus, READER)

    assert set(tried) <= {LOST, ACCESS_REFUSED}
    assert await asyncio.to_thread(forge) == ACCESS_REFUSED
    assert set(arrived) == {b"own"}


def outcome(url: str, body: bytes) -> int:
    """Publish the registration of a resident; 0 when it arrived, LOST when it led nowhere, 403 when it was refused."""
    with channel_of(url) as channel:
        try:
            publish("events", FORGED, body=body)(channel)
        except UnroutableError:
            return LOST
        except ChannelClosedByBroker as error:
            return int(error.reply_code)
        return 0


def everything_in(url: str, queue: str) -> list[bytes]:
    """Empty a queue."""
    with channel_of(url) as channel:
        bodies = iter(lambda: channel.basic_get(queue, auto_ack=True)[2], None)
        return [body for body in bodies if body is not None]


class Unreachable(Management):
    """A management interface that does not answer."""

    async def ensure(self, topology: Topology) -> int:
        raise PermissionsMissingError(f"nobody answers for {topology.exchange}")


async def test_while_permissions_can_not_be_set_nothing_is_published(
    private_bus: str, private: StackAddresses, full_topology: Topology, management: Management
) -> None:
    publisher = Publisher(private.account_url("identity"), name="identity", topology=full_topology)

    async def speak() -> None:
        await publisher.publish(b"{}", exchange=full_topology.exchange, routing_key=FORGED, message_id="speaks")

    try:
        await speak()
        async with await aio_pika.connect(private_bus) as connection:
            channel = await connection.channel()
            with pytest.raises(PermissionsMissingError):
                await declare(full_topology, channel, Unreachable(""))
            await publisher.check()
            with pytest.raises(BrokerUnavailableError, match="no exchange 'declared'"):
                await speak()
            assert not publisher.is_allowed

            await declare(full_topology, channel, management)
            await speak()
            assert publisher.is_allowed
    finally:
        await publisher.close()


async def test_a_permission_that_was_changed_by_hand_is_set_again(
    private_bus: str, full_topology: Topology, management: Management, private: StackAddresses
) -> None:
    assert private_bus
    everything = {"exchange": full_topology.exchange, "write": ".*", "read": ".*"}
    async with management.client(private.management) as client:
        (await client.put("/api/topic-permissions/%2F/identity", json=everything)).raise_for_status()

    assert not await management.knows(full_topology)
    assert await management.ensure(full_topology) == 1
    assert await management.ensure(full_topology) == 0
    assert await management.knows(full_topology)


async def test_what_is_missing_is_seen_and_declared_again(
    private_bus: str, full_topology: Topology, management: Management
) -> None:
    queue = next(each for each in full_topology.queues if each.bindings)
    exchange, key = queue.bindings[0]
    assert await management.knows(full_topology)

    async with await aio_pika.connect(private_bus) as connection:
        channel = await connection.channel()
        unbound = await channel.get_queue(queue.name)
        for lose in (
            partial(unbound.unbind, exchange, key),
            partial(channel.queue_delete, queue.name),
            partial(channel.exchange_delete, exchange),
            partial(channel.exchange_delete, full_topology.declared),
        ):
            await lose()
            assert not await management.knows(full_topology), lose
            await declare(full_topology, channel, management)
            assert await management.knows(full_topology), lose

    assert not await replace(management, url=f"http://{HOST}:{free_ports().broker}").knows(full_topology)


async def test_another_node_is_asked_while_the_first_one_is_silent_or_gone(
    private_bus: str, full_topology: Topology, management: Management, private: StackAddresses
) -> None:
    assert private_bus
    gone = free_ports().broker
    with socket.create_server((HOST, 0)) as silent:  # accepts, and never says anything
        hosts = f"{HOST}:{silent.getsockname()[1]},{HOST}:{gone}"
        several = replace(management, url=private.management.replace("@", f"@{hosts},"), patience=0.2)

        async def is_ensured() -> bool | None:  # on a busy machine not at once: each has its fifth of a second
            with suppress(PermissionsMissingError):
                return await several.ensure(full_topology) == 0 or None
            return None

        assert await eventually(is_ensured)

    nobody = replace(management, url=f"http://{HOST}:{gone},{HOST}:{gone}")
    with pytest.raises(PermissionsMissingError, match="ConnectError"):
        await nobody.ensure(full_topology)
