"""Three brokers and three members of the store: what is confirmed outlives the loss of one of each; work goes on.

`make test-brokers` asks it of each version of RabbitMQ; the suite's run of `make chaos` shows it of the whole system.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import aio_pika
import psutil
import pytest
from aio_pika.exceptions import DeliveryError
from pymongo import MongoClient
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from bus import topology
from bus.connection import connect
from bus.declare import declare
from bus.permissions import Management
from bus.topology import Topology, dead_letters_of
from local_stack import broker
from local_stack.claim import belongs_to
from local_stack.deadlines import poll
from local_stack.infrastructure import Infrastructure
from local_stack.layout import Layout
from testkit import places
from testkit.fixtures import TOPOLOGY
from testkit.infrastructure import free_ports
from testkit.patience import PATIENCE

FULL = topology.load(TOPOLOGY)
KEPT = dead_letters_of("matcher")


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as the broker lists it: the nodes that have it, and the one that leads."""

    name: str
    leader: str
    members: list[str]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Infrastructure]:
    """Three of each on a topology that is declared through any of them; nothing is left running afterwards."""
    with pytest.MonkeyPatch.context() as patch, places.folder("cluster") as folder:
        for name in ("AMQP_URL", "MONGODB_URL"):
            patch.delenv(name, raising=False)
        with Infrastructure(Layout(folder), replace(free_ports(29000), machines=3)) as running:
            asyncio.run(declared(running, FULL))
            yield running
        assert [process for process in psutil.process_iter() if belongs_to(process, folder)] == []


async def declared(cluster: Infrastructure, wanted: Topology) -> None:
    management = Management(broker.management_url(cluster.layout, cluster.ports))
    async with await connect(cluster.amqp_url, name="test") as connection:
        await declare(wanted, await connection.channel(), management)


def queues(cluster: Infrastructure, at: str) -> list[Queue]:
    """Ask a node for all of them."""
    said = cluster.control(at, "list_queues", "name", "leader", "members", "--formatter", "json", "--silent")
    return [Queue(**each) for each in json.loads(said)]


def are_dealt_out(found: Sequence[Queue]) -> bool:
    """Tell whether every queue is on every node, and each node leads as many as the others.

    The broker deals out streams and other queues each by themselves.
    """
    assert {each.name for each in found} == {each.name for each in FULL.queues}
    nodes = sorted({node for each in found for node in each.members})
    kept = {each.queue for each in (FULL.trail, FULL.correspondence) if each}
    for are_streams in (True, False):
        led = Counter(each.leader for each in found if (each.name in kept) == are_streams)
        if max(led.values()) - min(led[node] for node in nodes) > 1:
            return False
    return all(len(each.members) == len(nodes) == 3 for each in found)


def test_every_queue_is_on_every_node_and_their_leaders_are_dealt_out(cluster: Infrastructure) -> None:
    assert are_dealt_out(queues(cluster, "broker-2"))


async def test_the_loss_of_a_node_and_of_the_primary_loses_nothing_and_both_come_back(cluster: Infrastructure) -> None:
    await publish(cluster, b"before")
    keep(cluster, "before")
    [led] = [each.leader for each in queues(cluster, "broker-1") if each.name == KEPT]
    node = next(each.name for each in broker.nodes(cluster.ports) if each.known_as == led)
    primary = cluster.primary()
    for name in (node, primary):
        cluster.find(name).kill(signal.SIGKILL)

    await publish(cluster, b"during")
    await declared(cluster, FULL)
    keep(cluster, "during")
    assert cluster.primary() not in {"", primary}

    for name in (node, primary):
        await asyncio.to_thread(cluster.start, name)
    await publish(cluster, b"after")
    assert await fetch_until(cluster, b"after") == {b"before", b"during", b"after"}
    with MongoClient[dict[str, str]](cluster.mongodb_url) as client:
        assert {row["_id"] for row in client["test"]["things"].find()} == {"before", "during"}
        assert poll(lambda: len(client.secondaries) == 2, seconds=PATIENCE)


@retry(
    retry=retry_if_exception_type(DeliveryError), wait=wait_fixed(0.2), stop=stop_after_delay(PATIENCE), reraise=True
)
async def publish(cluster: Infrastructure, body: bytes) -> None:
    """Publish until it is confirmed: while a queue elects another leader, it refuses."""
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    async with await connect(cluster.amqp_url, name="test") as connection:
        channel = await connection.channel(on_return_raises=True)
        await channel.default_exchange.publish(message, KEPT, timeout=PATIENCE)


async def fetch_until(cluster: Infrastructure, last: bytes) -> set[bytes]:
    """Take what is there up to a message; what was refused and repeated may be there twice."""
    bodies = set[bytes]()
    async with await connect(cluster.amqp_url, name="test") as connection:
        queue = await (await connection.channel()).get_queue(KEPT, ensure=False)
        async with queue.iterator(timeout=PATIENCE) as messages:
            async for message in messages:
                bodies.add(message.body)
                if message.body == last:
                    break
    return bodies


def keep(cluster: Infrastructure, name: str) -> None:
    """Write with a majority; the driver waits for another primary by itself."""
    with MongoClient[dict[str, str]](cluster.mongodb_url) as client:
        client["test"]["things"].insert_one({"_id": name})
