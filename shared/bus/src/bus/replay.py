"""Sending a message back to the service that failed it, or that shall hear it again, and the receipt for it.

Only what comes through the retry exchange, which operations alone may write to, counts as sent back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import orjson
from aio_pika.abc import AbstractIncomingMessage
from pamqp.common import FieldValue

from bus.envelope import new_event_id
from bus.publisher import Publisher
from bus.topology import RECEIPT_EXCHANGE, RETRY_EXCHANGE

ITEM = "x-replay"
"""Header: which item of which replay it is; its receipt, or its next dead letter, names it."""
REDELIVERY = "x-redelivery"
"""Header: the run for which an event that was handled before is to be handled again, once."""
ROUNDS = "x-rounds"
"""Header: how many times the message has failed all its immediate attempts and waited."""
WAITS = "x-waits"
"""Header: how many times the message has waited for its subject to become known."""

DeliveryResult = Literal["handled", "ignored"]
"""What became of a message that was sent back; `ignored` when it had been handled before."""

_TOGETHER = 100
"""Receipts in one message."""
_NO_MORE = 1_000
"""More rounds and waits than any topology has: one more failure and the message is a dead letter again."""


async def send_back(
    publisher: Publisher,
    body: bytes,
    *,
    service: str,
    item: str,
    redelivery: str | None = None,
    patience: bool = False,
) -> None:
    """Send a message to one service's queue and nobody else's; return when the broker has confirmed.

    If it fails again it is a dead letter at once, without rounds of waiting, so that whoever sent it learns of it
    soon. With `patience` it may still wait for a subject that is not known yet. Raises UnroutableError when the queue
    is gone, BrokerUnavailableError when the broker is.
    """
    headers: dict[str, FieldValue] = {ITEM: item, ROUNDS: _NO_MORE, WAITS: 0 if patience else _NO_MORE}
    if redelivery is not None:
        headers[REDELIVERY] = redelivery
    await publisher.publish(
        body, exchange=RETRY_EXCHANGE, routing_key=service, message_id=new_event_id(), headers=headers
    )


def item_of(message: AbstractIncomingMessage) -> str | None:
    return _text(message, ITEM)


def redelivery_of(message: AbstractIncomingMessage) -> str | None:
    """Return the run for which an event is to be handled again, or None."""
    return _text(message, REDELIVERY)


def kept_of(message: AbstractIncomingMessage) -> dict[str, FieldValue]:
    """Return the headers that a message that was sent back keeps wherever it goes."""
    marks = {ITEM: item_of(message), REDELIVERY: redelivery_of(message)}
    return {name: text for name, text in marks.items() if text is not None}


class Receipts:
    """Tells operations what became of items, at least once each: a receipt alone, or several as a list.

    While one message is on its way to the broker, whatever else is to be told waits for the next.
    """

    def __init__(self, publisher: Publisher, service: str) -> None:
        self._publisher = publisher
        self._service = service
        self._waiting: list[tuple[dict[str, object], asyncio.Future[None]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def confirm(self, item: str, *, event_id: str, fate: DeliveryResult) -> None:
        """Tell what became of an item; return when the broker has confirmed. Raises BrokerUnavailableError."""
        told = {"item": item, "service": self._service, "event_id": event_id, "fate": fate, "at": datetime.now(UTC)}
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((told, confirmed))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        await confirmed

    async def _send(self) -> None:
        await asyncio.sleep(0)  # what is handled in this turn of the loop goes together
        while self._waiting:
            some, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            error = await self._publish([told for told, _ in some])
            for _, confirmed in some:
                if confirmed.done():  # who waited was cancelled
                    continue
                if error is None:
                    confirmed.set_result(None)
                else:
                    confirmed.set_exception(error)
        self._sending = None

    async def _publish(self, told: Sequence[dict[str, object]]) -> Exception | None:
        """Publish, and return what each that waits is to raise, to tell it again."""
        try:
            await self._publisher.publish(
                orjson.dumps(told if len(told) > 1 else told[0]),
                exchange=RECEIPT_EXCHANGE,
                routing_key=self._service,
                message_id=new_event_id(),
            )
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            return error
        return None


def _text(message: AbstractIncomingMessage, header: str) -> str | None:
    value = message.headers.get(header)
    return value if isinstance(value, str) and message.exchange == RETRY_EXCHANGE else None
