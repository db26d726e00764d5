from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import aio_pika
import psutil
import pytest
from pymongo import MongoClient

from local_stack import broker
from local_stack.claim import belongs_to
from local_stack.deadlines import poll
from local_stack.failure import StackError
from local_stack.infrastructure import Infrastructure
from local_stack.layout import Layout
from local_stack.stack import Stack
from testkit.infrastructure import free_ports
from testkit.patience import PATIENCE

PORTS = free_ports(22000)
HOLD = """
import sys, time
from pathlib import Path
from local_stack.stack import Stack
from local_stack.deadlines import poll
from testkit.infrastructure import free_ports
with Stack(Path(sys.argv[1]), port_base=int(sys.argv[2]), services=()) as stack:
    print("up", stack.amqp_url, stack.mongodb_url, flush=True)
    time.sleep(120)
"""


@pytest.fixture(autouse=True)
def private(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the private broker and store, whatever the others use."""
    monkeypatch.delenv("AMQP_URL", raising=False)
    monkeypatch.delenv("MONGODB_URL", raising=False)


def hold(var: Path) -> tuple[subprocess.Popen[str], str, str]:
    """Have another process keep a stack up, as `make run` does; return it, and where its broker and store are."""
    command = [sys.executable, "-c", HOLD, str(var), str(PORTS.base)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    with holder.stdout:
        said, *addresses = holder.stdout.readline().split() or ("nothing",)
    if said != "up":
        holder.kill()
        holder.wait()
    assert said == "up"
    amqp, mongodb = addresses
    return holder, amqp, mongodb


def left_in(var: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if belongs_to(process, var)]


async def test_after_a_run_that_was_killed_the_next_keeps_what_it_had_and_leaves_nothing(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    holder, amqp, mongodb = hold(tmp_path)
    try:
        await publish(amqp)
        with MongoClient[dict[str, object]](mongodb) as client:
            client["test"]["things"].insert_one({"_id": "kept"})
        assert poll(lambda: has_saved_the_queue(layout.broker), seconds=PATIENCE)
    finally:
        holder.kill()
        holder.wait()
    assert left_in(tmp_path)

    with Infrastructure(layout, PORTS) as running:
        assert await fetch(running.amqp_url) == b"x"
        with MongoClient[dict[str, object]](running.mongodb_url) as client:
            assert client["test"]["things"].count_documents({}) == 1
        assert {process.program.name for process in running.running()} == {"epmd", "broker", "store"}
    assert left_in(tmp_path) == []


async def publish(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(b"x", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "kept")


def has_saved_the_queue(broker_home: Path) -> bool:
    """Say whether the node has written down its new queue, which it does within a second.

    RabbitMQ 3.10 cannot recover a quorum queue that was declared just before a kill -9.
    """
    names = broker_home.glob("mnesia/*/quorum/*/names.dets")
    return any(b"kept" in path.read_bytes() for path in names)


async def fetch(url: str) -> bytes:
    """Take the message, as soon as the queue has recovered."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("kept")
        async with queue.iterator(timeout=PATIENCE) as messages:
            async for message in messages:
                return message.body
    return b""


def test_a_run_that_is_up_is_named_to_a_second_one_and_ends_in_order_when_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere/")  # its store is enough, and quicker to start
    first, _, _ = hold(tmp_path)
    assert left_in(tmp_path)
    with pytest.raises(StackError, match=rf"already up in .* \(pid {first.pid}\)"), Stack(tmp_path, services=()):
        pass

    first.terminate()
    assert first.wait(PATIENCE) != 0
    assert left_in(tmp_path) == []


def test_a_port_that_is_taken_stops_the_start_and_leaves_nothing(tmp_path: Path) -> None:
    taken = free_ports(24000)
    with subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(taken.store)]) as other:
        try:
            while not any(c.laddr[1:] == (taken.store,) for c in psutil.Process(other.pid).net_connections()):
                assert other.poll() is None
            with pytest.raises(StackError, match=rf"port {taken.store}, wanted for store, .*\(pid {other.pid}\)"):
                Infrastructure(Layout(tmp_path), taken).__enter__()
        finally:
            other.terminate()
    assert left_in(tmp_path) == []


def test_a_broker_and_store_from_outside_are_used_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere/")
    monkeypatch.setenv("MONGODB_URL", "mongodb://elsewhere/")
    with Stack(tmp_path, port_base=PORTS.base, services=()) as stack:
        assert (stack.amqp_url, stack.mongodb_url) == ("amqp://elsewhere/", "mongodb://elsewhere/")
        assert left_in(tmp_path) == []
        assert stack.environment["AMQP_URL"] == "amqp://elsewhere/"


def test_a_service_that_does_not_exist_is_refused_with_those_that_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere/")
    monkeypatch.setenv("MONGODB_URL", "mongodb://elsewhere/")
    with pytest.raises(StackError, match="no service mayor; there are identity"):
        Stack(tmp_path, port_base=PORTS.base, services=("mayor",)).__enter__()


def test_the_node_does_not_see_what_is_set_for_the_machines_own_broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RABBITMQ_NODENAME", "rabbit@production")
    monkeypatch.setenv("RABBITMQ_USE_LONGNAME", "true")
    environment = broker.node_environment(Layout(tmp_path), PORTS, broker.nodes(PORTS)[0])
    assert environment["RABBITMQ_NODENAME"] == "yizheng@localhost"
    assert "RABBITMQ_USE_LONGNAME" not in environment
    assert str(broker.server_script()) != "/usr/sbin/rabbitmq-server"
    assert os.access(str(broker.server_script()), os.X_OK)
