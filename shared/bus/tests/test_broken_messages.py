from __future__ import annotations

from collections.abc import AsyncIterator

import aio_pika
import orjson
import pytest
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelPreconditionFailed
from pamqp.common import FieldValue
from pydantic import BaseModel, field_validator

from bus.consumer import Subscription
from bus.envelope import LARGEST_MESSAGE, MAX_BYTES, BrokenMessageError, decode_event
from bus.event import Outcome, Received
from bus.publisher import Publisher
from bus.topology import Topology, dead_letters_of
from local_stack.layout import ROOT
from shared.bus.tests.harness import (
    Placed,
    Station,
    Tallies,
    count,
    depth,
    eventually,
    hearing,
    order,
    put,
    station,
    stock_of,
    take,
    told_in,
)
from store.repository import Database
from testkit.fixtures import StackAddresses
from testkit.signers import signed


def changed(**attributes: object) -> bytes:
    """Build the body of a good order with some attributes replaced."""
    return signed(orjson.loads(order(1).body) | attributes)


BROKEN: dict[str, tuple[bytes, str, str]] = {
    "no JSON": (b"<order/>", "not-json", ""),
    "an empty body": (b"", "not-json", ""),
    "no CloudEvent": (b'{"number": 1}', "not-a-cloudevent", "/specversion"),
    "a CloudEvent without a case": (changed(correlationid=None), "not-a-cloudevent", "/correlationid"),
    "the wrong schema": (changed(data={"number": "many"}), "wrong-schema", "/data/number"),
    "a type that nobody knows": (changed(type="shop.order-eaten.v1"), "unknown-type", "/type"),
    "a future major version": (changed(type="shop.order-placed.v9"), "unknown-type", "/type"),
    "too large a body": (b" " * (MAX_BYTES + 1), "too-large", ""),
    "a type as long as a book": (changed(type="x" * 200_000), "not-a-cloudevent", "/type"),
    "a case as long as a book": (changed(correlationid="x" * 200_000), "not-a-cloudevent", "/correlationid"),
}


@pytest.fixture
async def stock(infrastructure: StackAddresses, database: Database, small: Topology) -> AsyncIterator[Station]:
    async with station(infrastructure.amqp, database, small) as running:
        yield running


async def the_letters(stock: Station, number: int) -> list[AbstractIncomingMessage]:
    """Wait until there are that many dead letters and take them."""
    queue = dead_letters_of(stock_of(stock.topology))

    async def all_there() -> bool:
        return await depth(stock.amqp, queue) == number

    await eventually(all_there, every=0.1)
    return await take(stock.amqp, queue)


async def test_broken_messages_go_to_the_dead_letters_at_once_and_delay_nobody(stock: Station) -> None:
    good = [order(n) for n in range(20)]
    mixed = [message for pair in zip([b for b, _, _ in BROKEN.values()] * 2, good, strict=True) for message in pair]

    await put(stock.amqp, stock.topology, *(aio_pika.Message(m if isinstance(m, bytes) else m.body) for m in mixed))

    await eventually(lambda: stock.has_counted(range(20)))
    letters = await the_letters(stock, 2 * len(BROKEN))
    told = {(str(letter.headers["x-reason"]), str(letter.headers["x-path"]), letter.body) for letter in letters}
    assert told == {(reason, path, body) for body, reason, path in BROKEN.values()}
    assert all(told_in(letter)["x-rule"] for letter in letters)
    assert await depth(stock.amqp, stock_of(stock.topology)) == 0


async def test_a_wrong_schema_names_the_rule_and_not_the_value(stock: Station) -> None:
    await put(stock.amqp, stock.topology, aio_pika.Message(changed(data={"number": "李育成"})))

    [letter] = await the_letters(stock, 1)

    told = told_in(letter)
    assert told["x-rule"] == "int_parsing: Input should be a valid integer, unable to parse string as an integer"
    assert "李育成" not in str(told)


COUNTS = ("x-rounds", "x-waits", "x-attempts", "x-delivery-count", "x-acquired-count")
NONSENSE: tuple[FieldValue, ...] = (-7, 10**6, "many", True, None, {"a": 1}, 0.5)
STRANGE = [{name: value} for name in COUNTS for value in NONSENSE]


async def test_strangers_headers_mislead_nobody(stock: Station) -> None:
    good = [aio_pika.Message(order(n).body, headers=strange) for n, strange in enumerate(STRANGE)]
    bad = [aio_pika.Message(b"broken", headers=strange) for strange in STRANGE]

    await put(stock.amqp, stock.topology, *good, *bad)

    await eventually(lambda: stock.has_counted(range(len(good))))
    assert {letter.headers["x-reason"] for letter in await the_letters(stock, len(bad))} == {"not-json"}


async def test_strangers_headers_do_not_keep_a_failing_message_from_its_end(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async def fail(event: Received[BaseModel], tallies: Tallies) -> Outcome[None]:
        raise LookupError("no" * 100_000)

    async with station(infrastructure.amqp, database, small, hearing(fail)) as stock:
        messages = [aio_pika.Message(order(n).body, headers=strange) for n, strange in enumerate(STRANGE)]
        await put(stock.amqp, stock.topology, *messages)
        letters = await the_letters(stock, len(STRANGE))

    assert {letter.headers["x-reason"] for letter in letters} == {"handler-failed"}


async def test_a_view_that_breaks_in_an_unforeseen_way_ends_in_the_dead_letters(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    class Fragile(BaseModel):
        number: int

        @field_validator("number")
        @classmethod
        def break_for_one(cls, number: int) -> int:
            return {2: 2}[number]

    subscriptions = (Subscription(Placed.type, Fragile, count),)
    async with station(infrastructure.amqp, database, small, subscriptions) as stock:
        await stock.place([order(1), order(2)])

        await eventually(lambda: stock.has_counted([2]))
        [letter] = await the_letters(stock, 1)

    assert decode_event(letter.body).data == {"number": 1, "note": ""}
    assert await depth(infrastructure.amqp, stock_of(small)) == 0


async def test_a_message_of_20_mb_is_refused_by_the_broker_and_the_next_one_arrives(stock: Station) -> None:
    with pytest.raises(aio_pika.exceptions.AMQPError, match="message size"):
        await put(stock.amqp, stock.topology, aio_pika.Message(b"x" * 20_000_000))

    await stock.publish(order(1))

    await eventually(lambda: stock.has_counted([1]))


async def test_whoever_sends_from_outside_needs_no_headers_of_ours(stock: Station) -> None:
    await put(stock.amqp, stock.topology, aio_pika.Message(order(1).body, content_type=None, message_id=None))

    await eventually(lambda: stock.has_counted([1]))


async def test_the_broker_takes_no_message_that_is_larger_than_any_event(infrastructure: StackAddresses) -> None:
    async with await aio_pika.connect(infrastructure.amqp) as connection:
        channel = await connection.channel()
        exchange = channel.default_exchange
        await exchange.publish(aio_pika.Message(b"x" * LARGEST_MESSAGE), "nowhere", mandatory=False)
        with pytest.raises(ChannelPreconditionFailed, match="larger than"):
            await exchange.publish(aio_pika.Message(b"x" * (LARGEST_MESSAGE + 1)), "nowhere", mandatory=False)


async def test_what_the_broker_would_never_take_is_not_sent_and_harms_no_other(infrastructure: StackAddresses) -> None:
    publisher = Publisher(infrastructure.amqp, name="shop")
    try:
        with pytest.raises(BrokenMessageError, match="too-large"):
            await publisher.publish(b"x" * (LARGEST_MESSAGE + 1), exchange="", routing_key="nowhere", message_id="much")
    finally:
        await publisher.close()


def test_the_broker_is_told_the_same_bound_as_the_publisher_has() -> None:
    settings = (ROOT / "deploy" / "rabbitmq.conf").read_text(encoding="utf-8")
    assert f"max_message_size = {LARGEST_MESSAGE}\n" in settings
    assert LARGEST_MESSAGE > MAX_BYTES
