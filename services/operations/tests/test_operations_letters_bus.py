"""Dead letters from a real broker into a real store: nothing lost and nothing counted twice, kill -9 or not."""

from __future__ import annotations

import asyncio
import secrets
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aio_pika
import orjson
import pytest

from bus.topology import Topology, dead_letters_of
from local_stack.keys import ensure_keys
from operations.store.groups import GroupDocuments
from services.operations.tests import letters_worker
from services.operations.tests.letterbox import example, headers_of
from services.operations.tests.letters_worker import AFTER_COMMIT, BEFORE_COMMIT, NONE
from shared.bus.tests.harness import eventually
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.forked import Forked, fork
from testkit.patience import PATIENCE

LETTERS = 150


@dataclass(frozen=True)
class Mail:
    """Where letters go in, and where they end up."""

    amqp: str
    database: Database
    topology: Topology
    environment: dict[str, str]

    async def send(self, count: int) -> None:
        """Dead-letter so many messages, every tenth of them twice; what is older than a week is not counted by hour."""
        now = datetime.now(UTC)
        async with await aio_pika.connect(self.amqp) as connection:
            exchange = await (await connection.channel()).get_exchange("dead-letters")
            for number in range(count):
                event = example(id=f"event-{number}")
                for _ in range(1 + (number % 10 == 0)):
                    letter = aio_pika.Message(
                        orjson.dumps(event),
                        headers=headers_of(event, now - timedelta(minutes=number)),
                        message_id=secrets.token_hex(12),
                        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                    )
                    await exchange.publish(letter, routing_key=("matcher", "applications")[number % 2])

    async def waiting(self) -> int:
        """Count the letters that are still in their queues, taken and not acknowledged ones aside."""
        count = 0
        async with await aio_pika.connect(self.amqp) as connection:
            channel = await connection.channel()
            for service in self.topology.services:
                queue = await channel.declare_queue(dead_letters_of(service), passive=True)
                count += queue.declaration_result.message_count or 0
        return count

    async def seen(self) -> int:
        """Count the letters that were kept."""
        return sum([int(each["seen"]) async for each in self.database["failures"].find({}, {"seen": 1})])

    def worker(self, fault: str) -> Forked:
        """Start operations as a process."""
        return fork(letters_worker.live, fault, environment=self.environment)


@pytest.fixture
async def mail(
    infrastructure: StackAddresses, database: Database, bus: str, full_topology: Topology, tmp_path: Path
) -> Mail:
    ensure_keys(tmp_path)
    environment = {
        "AMQP_URL": bus,
        "MONGODB_URL": infrastructure.mongodb,
        "OPERATIONS_DATABASE": database.name,
        "YIZHENG_KEYS": str(tmp_path),
        "YIZHENG_JWKS": str(tmp_path / "jwks.json"),
    }
    return Mail(bus, database, full_topology, environment)


@pytest.mark.parametrize("fault", [BEFORE_COMMIT, AFTER_COMMIT])
async def test_killed_while_taking_letters_in_each_is_counted_once(mail: Mail, fault: str) -> None:
    await mail.send(LETTERS)
    doomed = mail.worker(fault)
    async with asyncio.timeout(PATIENCE):
        assert await doomed.wait() == -signal.SIGKILL
    assert await mail.seen() < LETTERS
    successor = mail.worker(NONE)
    try:

        async def is_done() -> bool:
            return await mail.seen() >= LETTERS + LETTERS // 10 and await mail.waiting() == 0

        await eventually(is_done, every=0.2)
    finally:
        successor.terminate()
        await successor.wait()
    assert await mail.seen() == LETTERS + LETTERS // 10
    assert await mail.waiting() == 0, "acknowledged"
    assert await mail.database["failures"].count_documents({}) == LETTERS
    assert await mail.database["failures"].count_documents({"words.0": {"$exists": True}}) == LETTERS
    groups = await GroupDocuments(mail.database).all()
    assert sorted(each.service for each in groups) == ["applications", "matcher"]
    assert sum(each.seen for each in groups) == LETTERS + LETTERS // 10
    assert sum(each.count("open") for each in groups) == LETTERS
    assert sum(sum(each.hourly.values()) for each in groups) == LETTERS + LETTERS // 10
