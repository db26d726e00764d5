"""What an operator sends back, what departments are answered, and older versions of an event."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import aio_pika
import orjson
import pytest
import yaml

from bus.consumer import Subscription
from bus.envelope import BrokenMessageError, EncodedEvent, decode_event
from bus.event import REMEMBERED, NotYet, Outcome, Received, Refused, Reply
from bus.publisher import Publisher, UnroutableError
from bus.replay import ITEM, ROUNDS, send_back
from bus.topology import RECEIPTS, Department, Topology, dead_letters_of
from shared.bus.tests.harness import (
    Counted,
    Placed,
    PlacedView,
    Station,
    Tallies,
    count,
    declare,
    depth,
    eventually,
    hearing,
    ledger_of,
    order,
    put,
    station,
    stock_of,
    take,
)
from store.repository import Database
from testkit.fixtures import TOPOLOGY, StackAddresses
from testkit.signers import signed

Handler = Callable[[Received[PlacedView], Tallies], Awaitable[Outcome[None]]]


class OrderRefused(Reply):
    """A shop is told what was wrong."""

    type: ClassVar[str] = "stock.order-refused.v1"
    event_id: str | None
    reason: str
    path: str


async def answer(refused: Refused, tallies: Tallies) -> Outcome[None]:
    """Tell the shop."""
    del tallies
    reply = OrderRefused(
        addressee=refused.publisher, event_id=refused.event_id, reason=refused.reason, path=refused.path
    )
    return Outcome(events=[reply])


async def dislike(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    """Refuse odd orders."""
    if event.data.number % 2:
        raise BrokenMessageError("odd", "/data/number", "an even number")
    return await count(event, tallies)


async def fail(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    """Fail."""
    raise LookupError(event.id, tallies)


async def wait(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    """Know nothing of it yet."""
    raise NotYet(event.id, tallies)


async def again(stock: Station, event: EncodedEvent, item: str, **said: Any) -> None:  # noqa: ANN401 - headers
    """Send an event back as an operator does."""
    await send_back(stock.publisher, event.body, service=stock_of(stock.topology), item=item, **said)


async def receipts(amqp: str, *items: str) -> list[tuple[str, str]]:
    """Wait for a receipt for each of the items and return what they say."""
    found: dict[str, str] = {}

    async def all_there() -> bool:
        for message in await take(amqp, RECEIPTS):
            said = orjson.loads(message.body)
            for each in said if isinstance(said, list) else [said]:
                found[each["item"]] = each["fate"]
        return set(items) <= set(found)

    await eventually(all_there, every=0.05)
    return [(item, found[item]) for item in items]


@pytest.fixture
def run() -> str:
    return secrets.token_hex(4)


async def test_what_is_sent_back_is_handled_once_and_each_time_there_is_a_receipt(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    event = order(1)
    async with station(infrastructure.amqp, database, small) as stock:
        await again(stock, event, f"{run}/1")
        assert await receipts(stock.amqp, f"{run}/1") == [(f"{run}/1", "handled")]

        await again(stock, event, f"{run}/1")  # as after a kill between its commit and its receipt
        assert await receipts(stock.amqp, f"{run}/1") == [(f"{run}/1", "handled")]

        await again(stock, event, f"{run}/2")
        assert await receipts(stock.amqp, f"{run}/2") == [(f"{run}/2", "ignored")]
        assert await stock.counted() == [1]


async def test_an_event_that_was_handled_is_handled_again_once_for_each_redelivery(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    event = order(1)
    async with station(infrastructure.amqp, database, small) as stock:
        await stock.publish(event)
        await eventually(lambda: stock.has_counted([1]))

        for item, redelivery in (("1", "a"), ("2", "a"), ("3", "b")):
            await again(stock, event, f"{run}/{item}", redelivery=redelivery)

        fates = await receipts(stock.amqp, f"{run}/1", f"{run}/2", f"{run}/3")
        assert [fate for _, fate in fates] == ["handled", "ignored", "handled"]
        assert await stock.counted() == [1, 1, 1]


async def answer_only(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    """Say something and keep nothing."""
    del tallies
    return Outcome(events=[Counted(number=event.data.number)])


async def answer_better(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
    """Say something that may be better than what was said before."""
    return replace(await answer_only(event, tallies), corrects=True)


@pytest.mark.parametrize(
    ("handler", "again_said"), [(count, 1), (answer_only, 0), (answer_better, 1)], ids=["changes", "says", "corrects"]
)
async def test_a_redelivery_says_once_more_only_what_follows_from_a_change(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str, handler: Handler, again_said: int
) -> None:
    event, ledger = order(1), ledger_of(small)
    async with station(infrastructure.amqp, database, small, hearing(handler)) as stock:
        await stock.publish(event)
        await eventually(lambda: _said_in(stock, ledger, 1))
        await again(stock, event, f"{run}/1", redelivery="a")
        await receipts(stock.amqp, f"{run}/1")
        await eventually(stock.outbox_is_empty)
        assert await depth(stock.amqp, ledger) == 1 + again_said


async def test_a_redelivery_of_what_was_never_handled_says_what_follows_once(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    event, ledger = order(1), ledger_of(small)
    async with station(infrastructure.amqp, database, small, hearing(answer_only)) as stock:
        for item, redelivery in (("1", "a"), ("2", "b")):  # the second finds it handled, by the first
            await again(stock, event, f"{run}/{item}", redelivery=redelivery)
            await receipts(stock.amqp, f"{run}/{item}")
        await eventually(stock.outbox_is_empty)
        assert await depth(stock.amqp, ledger) == 1


async def test_what_is_older_than_the_inbox_counts_as_handled(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    envelope = orjson.loads(order(1).body)
    envelope["time"] = (datetime.now(UTC) - REMEMBERED - timedelta(days=1)).isoformat()
    async with station(infrastructure.amqp, database, small, hearing(answer_only)) as stock:
        body = signed(envelope)
        await send_back(stock.publisher, body, service=stock_of(small), item=f"{run}/1", redelivery="a")
        assert await receipts(stock.amqp, f"{run}/1") == [(f"{run}/1", "handled")]
        assert await depth(stock.amqp, ledger_of(small)) == 0


async def test_what_is_done_for_good_is_not_done_again(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    event, once = order(1), (Subscription(Placed.type, PlacedView, count, once=True),)
    async with station(infrastructure.amqp, database, small, once) as stock:
        for item, redelivery in (("1", "a"), ("2", "b")):
            await again(stock, event, f"{run}/{item}", redelivery=redelivery)
            await receipts(stock.amqp, f"{run}/{item}")
        assert await stock.counted() == [1]


def test_the_inbox_remembers_for_as_long_as_it_is_kept() -> None:
    kept = yaml.safe_load((TOPOLOGY.parent / "retention.yaml").read_bytes())["every-service"]["handled-messages"]
    assert timedelta(days=kept["days"]) == REMEMBERED


async def _said_in(stock: Station, queue: str, number: int) -> bool:
    return await depth(stock.amqp, queue) == number


@pytest.mark.parametrize("handler", [fail, wait])
async def test_what_fails_again_is_a_dead_letter_at_once_that_names_its_item(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str, handler: Handler
) -> None:
    slow = replace(small, delays=(60.0,))
    await declare(infrastructure.amqp, slow)
    async with station(infrastructure.amqp, database, slow, hearing(handler)) as stock:
        await again(stock, order(1), f"{run}/1")

        letters = dead_letters_of(stock_of(slow))
        await eventually(lambda: _has(stock, letters))
        [letter] = await take(stock.amqp, letters)
        assert letter.headers[ITEM] == f"{run}/1"


async def test_with_patience_an_unknown_subject_still_waits(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    seen: list[str] = []

    async def later(event: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        seen.append(event.id)
        if len(seen) < 3:
            raise NotYet("not yet")
        return await count(event, tallies)

    async with station(infrastructure.amqp, database, small, hearing(later)) as stock:
        await again(stock, order(1), f"{run}/1", patience=True)

        assert await receipts(stock.amqp, f"{run}/1") == [(f"{run}/1", "handled")]


async def test_a_stranger_cannot_pretend_that_an_event_was_sent_back(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    headers: dict[str, Any] = {ITEM: f"{run}/1", "x-redelivery": run, ROUNDS: "many"}
    async with station(infrastructure.amqp, database, small, hearing(fail)) as stock:
        await put(stock.amqp, small, aio_pika.Message(order(1).body, headers=headers))

        letters = dead_letters_of(stock_of(small))
        await eventually(lambda: _has(stock, letters))
        [letter] = await take(stock.amqp, letters)
        assert not {ITEM, "x-redelivery"} & set(letter.headers)


async def test_sending_back_to_a_queue_that_is_gone_says_so(infrastructure: StackAddresses) -> None:
    publisher = Publisher(infrastructure.amqp, name="test")

    with pytest.raises(UnroutableError):
        await send_back(publisher, b"{}", service="nobody", item="r/1")
    await publisher.close()


async def test_what_its_sender_was_told_is_neither_told_again_nor_a_dead_letter_when_it_is_redelivered(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    table = (Subscription(Placed.type, PlacedView, dislike, refused=answer),)
    async with station(infrastructure.amqp, database, small, table) as stock:
        await again(stock, order(3), f"{run}/1", redelivery="a")
        assert await receipts(stock.amqp, f"{run}/1") == [(f"{run}/1", "ignored")]
        await eventually(stock.outbox_is_empty)
        assert await depth(stock.amqp, dead_letters_of(stock_of(small))) == 0


async def test_a_department_is_told_what_is_wrong_and_what_comes_behind_it_is_handled(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    code = "shop"
    declared = replace(small, departments={code: Department(code, {}, ("order-placed",))})
    await declare(infrastructure.amqp, declared)
    table = (Subscription(Placed.type, PlacedView, dislike, refused=answer),)
    forged = signed(orjson.loads(order(7).body) | {"type": "mill.order-placed.v1"}, by="shop")
    late = signed(orjson.loads(order(8).body) | {"data": {"number": "many"}})
    odd, good = order(3), order(4)
    bodies = (b"<order/>", late, odd.body, good.body)
    async with station(infrastructure.amqp, database, declared, table) as stock:
        await take(stock.amqp, f"{code}.replies")
        await put(stock.amqp, declared, *(aio_pika.Message(b, message_id="m") for b in bodies))

        await eventually(lambda: stock.has_counted([4]))
        await eventually(lambda: _has(stock, f"{code}.replies", 3))
        replies = [decode_event(message.body) for message in await take(stock.amqp, f"{code}.replies")]
        told = {(reply.cause, *_reason(reply.data)) for reply in replies}
        assert told == {
            ("m", "not-json", ""),
            (orjson.loads(late)["id"], "wrong-schema", "/data/number"),
            (odd.id, "odd", "/data/number"),
        }
        assert {reply.type for reply in replies} == {OrderRefused.type}
        assert await depth(stock.amqp, dead_letters_of(stock_of(declared))) == 0

        await put(stock.amqp, declared, aio_pika.Message(forged))  # whoever has the routing key is told, not the other
        await eventually(lambda: _has(stock, f"{code}.replies"))
        [reply] = [decode_event(message.body) for message in await take(stock.amqp, f"{code}.replies")]
        assert _reason(reply.data) == ("unknown-type", "/type")


async def test_an_older_version_is_read_through_its_upcast(
    infrastructure: StackAddresses, database: Database, small: Topology, run: str
) -> None:
    def upcast(data: dict[str, Any]) -> dict[str, Any]:
        return {"number": data["count"]}

    body = orjson.loads(order(1).body) | {"type": "shop.order-placed.v0", "data": {"count": 5}}
    table = (Subscription(Placed.type, PlacedView, count, older={"shop.order-placed.v0": upcast}),)
    async with station(infrastructure.amqp, database, small, table) as stock:
        await again(stock, EncodedEvent(body["id"], body["type"], signed(body)), f"{run}/1")

        assert await receipts(stock.amqp, f"{run}/1") == [(f"{run}/1", "handled")]
        assert await stock.counted() == [5]


async def _has(stock: Station, queue: str, number: int = 1) -> bool:
    return await depth(stock.amqp, queue) == number


def _reason(data: object) -> tuple[str, str]:
    assert isinstance(data, dict)
    return data["reason"], data["path"]
