"""Systems outside on a real broker: each in a queue of its own, none of them in the way of another."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import aio_pika
import orjson
import pytest
from aio_pika.exceptions import DeliveryError
from pamqp.common import FieldArray

from bus.consumer import Subscription
from bus.envelope import BrokenMessageError, EncodedEvent, encode_event, new_event_id
from bus.event import Event, Outcome, Received, Refused
from bus.stream import body_at
from bus.topology import Department, Topology, Trail, dead_letters_of
from shared.bus.tests.harness import (
    Placed,
    PlacedView,
    Station,
    Tallies,
    count,
    declare,
    depth,
    eventually,
    order,
    remove,
    small_topology,
    station,
    stock_of,
    take,
)
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.signers import signed

FLOOD = 2_000
EVENT = "order-placed"


@pytest.fixture
async def town(infrastructure: StackAddresses) -> AsyncIterator[Topology]:
    """Two departments that stock hears, beside the shop."""
    token = secrets.token_hex(4)
    small = small_topology(token)
    declared = replace(
        small,
        subscriptions={**small.subscriptions, f"*.{EVENT}.v1": small.subscriptions[Placed.type]},
        departments={code: Department(code, {}, (EVENT,), most_waiting=FLOOD) for code in (f"a-{token}", f"b-{token}")},
        correspondence=Trail(f"kept-{token}", "1h", 20_000_000, exchange=f"correspondence-{token}"),
    )
    await declare(infrastructure.amqp, declared)
    yield declared
    await remove(infrastructure.amqp, declared)


@pytest.fixture
def both(town: Topology) -> tuple[Department, Department]:
    one, other = town.departments.values()
    return one, other


async def answer(refused: Refused, _: Tallies) -> Outcome[None]:
    return Outcome(events=[_Answer(addressee=refused.publisher, reason=refused.reason)], case=refused.publisher)


class _Answer(Event):
    type = "stock.order-refused.v1"
    addressee: str
    reason: str

    @property
    def routing_key(self) -> str:
        return f"{self.type}.{self.addressee}"


async def count_or_refuse(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    if event.data.number < 0:
        raise BrokenMessageError("negative", "/data/number", "a number from 0 on")
    return await count(event, tallies)


def hearing(town: Topology) -> tuple[Subscription[Tallies], ...]:
    pattern = next(key for key in town.subscriptions if key.startswith("*"))
    return (
        Subscription(Placed.type, PlacedView, count),
        Subscription(pattern, PlacedView, count_or_refuse, refused=answer),
    )


def said(sender: Department, number: int, case: str) -> EncodedEvent:
    """What a department says."""
    sealed = encode_event(Placed(number=number), source=sender.code, case=case, cause=None)
    key = f"{sender.code}.{EVENT}.v1"
    return EncodedEvent(sealed.id, key, signed(orjson.loads(sealed.body) | {"type": key}))


async def send(amqp: str, sender: Department, messages: Sequence[EncodedEvent]) -> int:
    """Send as a department does; return how many the broker refused."""
    async with await aio_pika.connect(amqp) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange(sender.messages, ensure=False)
        sent = (
            exchange.publish(aio_pika.Message(each.body, message_id=new_event_id()), each.routing_key)
            for each in messages
        )
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
    assert all(not isinstance(each, BaseException) or isinstance(each, DeliveryError) for each in outcomes)
    return sum(isinstance(each, DeliveryError) for each in outcomes)


async def until_counted(stock: Station, number: int) -> None:
    """Wait until a number is counted."""

    async def is_counted() -> bool:
        return number in await stock.counted()

    await eventually(is_counted)


async def test_a_department_that_floods_keeps_neither_another_nor_our_own_events_waiting(
    infrastructure: StackAddresses, database: Database, town: Topology, both: tuple[Department, Department]
) -> None:
    flooding, other = both
    await send(infrastructure.amqp, flooding, [said(flooding, number, "one holder") for number in range(FLOOD)])
    async with station(infrastructure.amqp, database, town, hearing(town)) as stock:
        for number, case in ((FLOOD, "one holder"), (FLOOD + 1, "another")):
            await send(infrastructure.amqp, other, [said(other, number, case)])
            await until_counted(stock, number)
        await stock.publish(order(FLOOD + 2, "one holder"))
        await until_counted(stock, FLOOD + 2)
        assert await depth(infrastructure.amqp, flooding.waiting) > FLOOD // 2


async def test_what_is_accepted_is_kept_apart_from_the_trail_and_what_is_refused_is_only_answered(
    infrastructure: StackAddresses, database: Database, town: Topology, both: tuple[Department, Department]
) -> None:
    sender, _ = both
    good, junk = said(sender, 1, "case"), said(sender, -1, "case")
    async with station(infrastructure.amqp, database, town, hearing(town)) as stock:
        await send(infrastructure.amqp, sender, [junk, good])
        await eventually(lambda: stock.has_counted([1]))
        await eventually(stock.outbox_is_empty)

    assert town.correspondence
    kept_bodies = [await body_at(infrastructure.amqp, town.correspondence.queue, offset) for offset in (0, 1)]
    [reply] = await take(infrastructure.amqp, sender.replies)
    assert set(kept_bodies) == {good.body, reply.body}
    assert orjson.loads(reply.body)["data"]["reason"] == "negative"
    told = await body_at(infrastructure.amqp, town.trail.queue, 0)
    assert told
    assert orjson.loads(told)["type"] == "stock.order-counted.v1"


async def test_above_the_limit_its_sender_is_told_at_once_and_another_can_still_send(
    infrastructure: StackAddresses, town: Topology, both: tuple[Department, Department]
) -> None:
    flooding, other = both
    junk = [said(flooding, number, f"case-{number}") for number in range(2 * FLOOD)]

    assert await send(infrastructure.amqp, flooding, junk) > FLOOD // 2
    assert await send(infrastructure.amqp, flooding, junk[:1]) == 1
    assert await send(infrastructure.amqp, other, [said(other, 1, "case-1")]) == 0


async def test_a_copy_under_anothers_key_reaches_nobody(
    infrastructure: StackAddresses, town: Topology, both: tuple[Department, Department]
) -> None:
    sender, other = both
    copies: FieldArray = [
        *(said(other, 1, "case").routing_key, Placed.type),
        *(f"stock.order-refused.v1.{other.code}", stock_of(town)),
    ]
    message = said(sender, 1, "case")
    async with await aio_pika.connect(infrastructure.amqp) as connection:
        exchange = await (await connection.channel()).get_exchange(sender.messages, ensure=False)
        await exchange.publish(aio_pika.Message(message.body, headers={"CC": copies}), message.routing_key)

    assert await depth(infrastructure.amqp, sender.waiting) == 1
    for queue in (other.waiting, other.replies, stock_of(town), dead_letters_of(stock_of(town))):
        assert await depth(infrastructure.amqp, queue) == 0


async def test_above_its_quota_a_department_slows_itself_and_nobody_else(
    infrastructure: StackAddresses, database: Database, town: Topology, both: tuple[Department, Department]
) -> None:
    flooding, other = both
    slowed = replace(town, departments={**town.departments, flooding.code: replace(flooding, per_hour=10)})
    await send(infrastructure.amqp, flooding, [said(flooding, number, f"case-{number}") for number in range(100)])
    async with station(infrastructure.amqp, database, slowed, hearing(town)) as stock:
        await until_counted(stock, 9)
        await send(infrastructure.amqp, other, [said(other, 1_000, "case")])
        await until_counted(stock, 1_000)
        assert len(await stock.counted()) < 50


def test_two_services_can_not_read_one_departments_messages(town: Topology) -> None:
    pattern = f"*.{EVENT}.v1"
    confused = replace(town, subscriptions={**town.subscriptions, pattern: (*town.subscriptions[pattern], "ledger")})
    with pytest.raises(ValueError, match="read by one service"):
        _ = confused.queues
