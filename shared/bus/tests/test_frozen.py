from __future__ import annotations

import asyncio

import pytest

from bus import connection, publisher
from bus.publisher import Publisher
from bus.topology import Topology
from shared.bus.tests.harness import order
from shared.bus.tests.proxy import proxied
from testkit.fixtures import StackAddresses
from testkit.patience import IN_TIME, PATIENCE

SOON = 0.3


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "ANSWER_TIMEOUT", SOON)
    monkeypatch.setattr(publisher, "CLOSE_TIMEOUT", SOON)


async def send(sender: Publisher, small: Topology, number: int) -> None:
    event = order(number)
    await sender.publish(event.body, exchange=small.exchange, routing_key=event.routing_key, message_id=event.id)


async def test_what_waits_for_a_frozen_node_is_confirmed_by_another_once_the_first_has_not_answered(
    infrastructure: StackAddresses, small: Topology
) -> None:
    async with proxied(infrastructure.amqp) as frozen:
        sender = Publisher(frozen.url, name="test", timeout=PATIENCE)
        await send(sender, small, 0)
        frozen.freeze()
        sender._url = infrastructure.amqp  # noqa: SLF001 - the other node, to which the first connection must not lead
        waiting = [asyncio.create_task(send(sender, small, n)) for n in range(1, 20)]
        await asyncio.sleep(0)

        await sender.check()

        async with asyncio.timeout(IN_TIME):
            await asyncio.gather(*waiting)
        await sender.close()


async def test_a_connection_that_the_broker_blocks_is_not_taken_for_a_frozen_one(
    infrastructure: StackAddresses, small: Topology
) -> None:
    sender = Publisher(infrastructure.amqp, name="test", timeout=PATIENCE)
    await send(sender, small, 0)
    connected = sender._connection  # noqa: SLF001 - which must stay the same
    assert connected is not None
    assert connected.transport is not None
    unblocked = vars(connected.transport.connection)["_Connection__connection_unblocked"]
    unblocked.clear()  # as the client does when the broker says that it is short of memory or disk

    await sender.check()

    assert sender._connection is connected  # noqa: SLF001 - as above
    unblocked.set()
    await send(sender, small, 1)
    await sender.close()


def test_an_address_that_said_nothing_is_tried_after_the_others_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    url, silent, now = "amqp://a:b@one:1,two:2,three:3/", "amqp://a:b@two:2/", 1000.0
    monkeypatch.setattr(connection, "monotonic", lambda: now)
    monkeypatch.setattr(connection, "_silent", {})

    connection.note_silence(f"{silent}?heartbeat=6")

    orders = [list(connection._in_turn(url)) for _ in range(6)]  # noqa: SLF001 - to connect takes a silent server's time
    assert {each[-1] for each in orders} == {silent}
    assert {len(each) for each in orders} == {3}
    now += connection.AVOIDED_FOR
    assert silent in {next(connection._in_turn(url)) for _ in range(3)}  # noqa: SLF001 - as above
