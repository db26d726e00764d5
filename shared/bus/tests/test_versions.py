"""A version of an event is read until its end, and told apart from one that never was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aio_pika.abc import AbstractIncomingMessage

from bus.envelope import BrokenMessageError, new_event_id
from bus.event import NOTHING, Outcome, Received
from bus.reader import MessageReader, Subscription
from bus.replay import REDELIVERY
from bus.topology import OPERATIONS, RETRY_EXCHANGE, Department, Topology
from shared.bus.tests.harness import PlacedView, small_topology
from testkit.signers import keys, signed

TYPE = "tax.order-placed.v1"


async def nothing(_: Received[Any], __: None) -> Outcome[None]:
    return NOTHING


def declared(last: date) -> Topology:
    small = small_topology("t")
    return replace(
        small,
        subscriptions={"*.order-placed.v1": ("stock",), "*.order-placed.v2": ("stock",)},
        departments={"tax": Department("tax", {}, ("order-placed",))},
        ends={"*.order-placed.v1": last},
    )


def read(last: date, type_: str = TYPE, exchange: str = "tax.messages", **headers: object) -> None:
    topology = declared(last)
    subscriptions = [Subscription(key, PlacedView, nothing) for key in topology.subscriptions]
    event = {
        "specversion": "1.0", "id": new_event_id(), "source": "/yizheng/tax", "type": type_,
        "time": datetime(2020, 1, 1, tzinfo=UTC).isoformat(), "correlationid": "c", "data": {"number": 1},
    }  # fmt: skip
    message = SimpleNamespace(
        exchange=exchange, routing_key=type_, user_id=OPERATIONS, headers=headers, body=signed(event), message_id="m"
    )
    reader: MessageReader[None] = MessageReader("stock", topology, subscriptions, bytes.hex, keys(topology), "stock")
    reader.read(cast("AbstractIncomingMessage", message))


def test_after_its_last_day_its_sender_is_told_which_to_send() -> None:
    with pytest.raises(BrokenMessageError) as caught:
        read(date(2026, 6, 30))
    assert (caught.value.reason, caught.value.path) == ("version-ended", "/type")
    assert caught.value.params == {"newer": "tax.order-placed.v2", "ended": "2026-06-30"}


def test_until_its_last_day_it_is_read_and_so_is_the_newer_one_afterwards() -> None:
    read(date(2199, 1, 1))
    read(date(2026, 6, 30), "tax.order-placed.v2")


def test_what_an_operator_has_delivered_once_more_was_accepted_in_its_time() -> None:
    read(date(2026, 6, 30), exchange=RETRY_EXCHANGE, **{REDELIVERY: "run-1"})


def test_the_day_ends_in_shenzhen() -> None:
    topology = declared(date(2026, 6, 30))
    assert topology.ended(TYPE, datetime(2026, 6, 30, 15, 59, tzinfo=UTC)) is None
    assert topology.ended(TYPE, datetime(2026, 6, 30, 16, 0, tzinfo=UTC)) == date(2026, 6, 30)
    assert topology.ended("tax.order-placed.v2", datetime(2199, 1, 1, tzinfo=UTC)) is None
