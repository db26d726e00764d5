"""Nobody speaks for another: what is not signed by who may say it is a dead letter, over whatever way it came."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aio_pika
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.envelope import BrokenMessageError, decode_event
from bus.event import EditedBy, Outcome, Received
from bus.key_file import EventKeyError
from bus.publisher import Publisher
from bus.replay import send_back
from bus.signatures import KEYS_FILE, NOT_SIGNED, EventKeys
from bus.topology import Department, Topology, dead_letters_of, delay_name
from shared.bus.tests.harness import (
    Placed,
    PlacedView,
    Station,
    Tallies,
    count,
    depth,
    eventually,
    hearing,
    order,
    put,
    small_topology,
    station,
    stock_of,
    take,
)
from store.repository import Database
from testkit import signers
from testkit.fixtures import StackAddresses
from testkit.signers import signed

SMALL = replace(small_topology("a"), departments={"health": Department("health", {}, ("record-published",))})
EDITABLE = replace(SMALL, edits=("shop.order-placed",))
KEYS = signers.keys(SMALL, "operations", "shop", "stranger")
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
BY = EditedBy("op-ann", "op-ben")


def event(type_: str = Placed.type, **attributes: object) -> dict[str, Any]:
    """Return an event without a signature."""
    said = {
        "specversion": "1.0",
        "id": "e1",
        "source": f"/yizheng/{type_.partition('.')[0]}",
        "type": type_,
        "time": NOW.isoformat(),
        "correlationid": "c1",
        "data": {"number": 1},
    }
    return said | attributes


def check(body: bytes, keys: EventKeys = KEYS) -> EditedBy | None:
    """Check a body as every reader does."""
    return keys.check(body, decode_event(body))


def is_refused(body: bytes, keys: EventKeys = KEYS) -> bool:
    """Tell whether a body counts as nobody's."""
    try:
        check(body, keys)
    except BrokenMessageError as error:
        return error.reason == NOT_SIGNED
    return False


def test_what_its_publisher_signed_is_genuine() -> None:
    assert check(signed(event())) is None
    assert check(signed(event()) + b"\n") is None


@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_no_byte_can_be_changed(at: float, byte: int) -> None:
    body = signed(event())
    place = int(at * len(body))
    changed = body[:place] + bytes([byte]) + body[place + 1 :]
    try:
        genuine = KEYS.is_genuine(changed)
    except ValueError:
        genuine = False
    assert genuine == (changed == body)


@pytest.mark.parametrize(
    "body",
    [
        orjson.dumps(event()),
        signed(event(), by="stock"),
        signed(event(), by="nobody-knows"),
        signed(event(), by="health"),
        signed(event(), by="operations"),
        signed(event(source="/yizheng/stock")),
        signed(event("health.other-published.v1")),
        signed(event("health.record-published.v1"), by="shop"),
        orjson.dumps(orjson.loads(signed(event())), option=orjson.OPT_INDENT_2),
        signed(event())[:-1] + b',"data":{"number":2}}',
        signed(event(), by="stranger").replace(b"stranger", b"shop"),
        signed(event(editedby="a", approvedby="b", editedat=NOW.isoformat()), by="stock"),
    ],
    ids=[
        "unsigned", "another service", "an unknown key", "a department", "operations without an edit", "its source",
        "a department's other event", "a department's event", "written in another way", "said twice", "a stranger",
        "an edit by a service",
    ],
)  # fmt: skip
def test_what_is_not_signed_by_who_may_say_it_is_refused(body: bytes) -> None:
    assert is_refused(body)


def test_a_department_says_its_own_events_in_any_version() -> None:
    assert check(signed(event("health.record-published.v7"))) is None


def test_an_edit_names_both_operators_and_is_told_from_the_original() -> None:
    keys = signers.keys(EDITABLE, "operations", "shop")
    operations = signers.signer("operations")
    original = orjson.loads(signed(event()))
    body = operations.sign_edit(original | {"data": {"number": 7}}, BY, NOW)
    assert check(body, keys) == BY
    assert operations.sign_edit(original | {"data": {"number": 7}}, BY, NOW) == body
    again = operations.sign_edit(orjson.loads(body), EditedBy("op-ben", "op-cat"), NOW)
    assert check(again, keys) == EditedBy("op-ben", "op-cat")

    assert is_refused(body)  # there no edits are allowed
    for alone in ({"approvedby": "op-ann"}, {"editedby": ""}, {"approvedby": None}, {"editedat": "today"}):
        named = {"editedby": "op-ann", "approvedby": "op-ben", "editedat": NOW.isoformat()} | alone
        assert is_refused(signed(event() | named, by="operations"), keys)


def with_end(folder: Path, owner: str, until: datetime) -> EventKeys:
    """Return the keys, that of an owner with an end."""
    signers.write(folder, ["shop", "operations"])
    entries = json.loads((folder / KEYS_FILE).read_text())["keys"]
    ended = [each | ({"until": until.isoformat()} if each["owner"] == owner else {}) for each in entries]
    (folder / KEYS_FILE).write_text(json.dumps({"keys": ended}))
    return EventKeys(EDITABLE, folder / KEYS_FILE)


def test_an_ended_key_counts_for_what_was_published_before_its_end(tmp_path: Path) -> None:
    keys = with_end(tmp_path, "shop", NOW)
    assert check(signed(event()), keys) is None
    assert is_refused(signed(event(time=(NOW + timedelta(seconds=1)).isoformat())), keys)


def test_an_old_event_is_edited_with_todays_key_and_not_with_one_that_ended(tmp_path: Path) -> None:
    keys, operations = with_end(tmp_path, "operations", NOW), signers.signer("operations")
    assert check(operations.sign_edit(event(time="2020-01-01T00:00:00Z"), BY, NOW), keys) == BY
    assert is_refused(operations.sign_edit(event(), BY, NOW + timedelta(seconds=1)), keys)


def test_a_new_key_is_known_at_once_and_a_lost_one_counts_no_more(tmp_path: Path) -> None:
    signers.write(tmp_path, ["shop"])
    keys = EventKeys(SMALL, tmp_path / KEYS_FILE)
    assert is_refused(signed(event("health.record-published.v1")), keys)
    (tmp_path / KEYS_FILE).unlink()
    assert is_refused(signed(event("health.record-published.v1")), keys)
    assert check(signed(event()), keys) is None  # what was known stays

    signers.write(tmp_path, ["health"])
    assert check(signed(event("health.record-published.v1")), keys) is None
    assert is_refused(signed(event()), keys)


def test_keys_that_can_not_be_read_end_the_start(tmp_path: Path) -> None:
    (tmp_path / KEYS_FILE).write_text('{"keys": [{"x": "short", "owner": "shop"}]}')
    with pytest.raises(EventKeyError, match=KEYS_FILE):
        EventKeys(SMALL, tmp_path / KEYS_FILE)


Way = Callable[[Station, bytes], Awaitable[None]]


async def straight(stock: Station, body: bytes) -> None:
    """Publish under the event's own key."""
    await put(stock.amqp, stock.topology, aio_pika.Message(body))


async def by_delay(stock: Station, body: bytes) -> None:
    """Put a copy where failed messages wait, as the service itself does."""
    publisher, service = Publisher(stock.amqp, name="thief"), stock_of(stock.topology)
    where = delay_name(stock.topology.delays[0])
    await publisher.publish(body, exchange=where, routing_key=service, message_id="m")
    await publisher.close()


async def by_retry(stock: Station, body: bytes) -> None:
    """Send it back as operations does."""
    await send_back(stock.publisher, body, service=stock_of(stock.topology), item="r/1")


async def dead_letter(stock: Station) -> aio_pika.abc.AbstractIncomingMessage:
    """Wait for the one dead letter and take it."""
    letters = dead_letters_of(stock_of(stock.topology))
    await eventually(lambda: _is_there(stock, letters))
    [letter] = await take(stock.amqp, letters)
    return letter


async def _is_there(stock: Station, queue: str) -> bool:
    return await depth(stock.amqp, queue) == 1


@pytest.mark.parametrize("way", [straight, by_delay, by_retry])
async def test_whoever_publishes_anothers_event_gets_a_dead_letter_and_no_effect(
    infrastructure: StackAddresses, database: Database, small: Topology, way: Way
) -> None:
    async with station(infrastructure.amqp, database, small) as stock:
        forged = signed(event(), by="stock")  # the thief has a service's own key
        await way(stock, forged)
        letter = await dead_letter(stock)
        assert (letter.headers["x-reason"], letter.headers["x-path"]) == (NOT_SIGNED, "/signature")
        assert letter.body == forged

        await way(stock, signed(event()))
        await eventually(lambda: stock.has_counted([1]))


async def test_a_copy_counts_only_from_the_readers_own_account_or_operations(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    async with station(infrastructure.amqp, database, small) as stock:
        copy = aio_pika.Message(order(1).body)  # says not whose it is: the broker lets nobody say what is not so
        async with await aio_pika.connect(stock.amqp) as connection:
            channel = await connection.channel()
            waiting = await channel.get_exchange(delay_name(small.delays[0]), ensure=False)
            await waiting.publish(copy, stock_of(small))
        assert (await dead_letter(stock)).headers["x-reason"] == "wrong-sender"
        assert await stock.counted() == []


async def test_what_failed_and_waited_is_still_its_publishers(
    infrastructure: StackAddresses, database: Database, small: Topology
) -> None:
    seen: list[str] = []

    async def fail_once(received: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        seen.append(received.id)
        if len(seen) <= 2:  # both attempts at once
            raise RuntimeError("once more")
        return await count(received, tallies)

    async with station(infrastructure.amqp, database, small, hearing(fail_once)) as stock:
        await stock.publish(order(5))
        await eventually(lambda: stock.has_counted([5]))
    assert len(seen) == 3


async def test_the_domain_can_tell_an_edit(infrastructure: StackAddresses, database: Database, small: Topology) -> None:
    heard: list[EditedBy | None] = []

    async def note(received: Received[PlacedView], tallies: Tallies) -> Outcome[None]:
        heard.append(received.edited_by)
        return await count(received, tallies)

    editable = replace(small, edits=("*.order-placed",))
    async with station(infrastructure.amqp, database, editable, hearing(note)) as stock:
        edited = signers.signer("operations").sign_edit(event(), BY, NOW)
        await by_retry(stock, edited)
        await stock.publish(order(2))
        await eventually(lambda: stock.has_counted([1, 2]))
    assert sorted(heard, key=str) == sorted([BY, None], key=str)
