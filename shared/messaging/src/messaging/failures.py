"""Failures, sorted: the broken is given up at once, the failed waits and comes back, until it is given up too.

Nothing is dead for good: a message that is given up stays in its service's queue of dead letters, with everything that
an operator needs to understand it, until it is replayed or discarded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage

from messaging import metrics
from messaging.envelope import BrokenMessageError, new_event_id
from messaging.event import Received
from messaging.publisher import Publisher
from messaging.topology import DEAD_LETTER_EXCHANGE, Topology, delay_name

log = structlog.get_logger()

ROUNDS = "x-rounds"
"""Header: how many times the message has failed all its immediate attempts and waited."""
WAITS = "x-waits"
"""Header: how many times the message has waited for its subject to become known."""

LONGEST_WAIT = 16
"""Waits for an unknown subject before it is given up (with the last delay repeated: about an hour)."""

_STACK_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message could not be handled. `path` and `rule` say where and what for a broken one."""

    reason: str
    event: Received[Any] | None = None
    path: str = ""
    rule: str = ""
    exception: str = ""
    message: str = ""
    stack: str = ""
    subscription: Any = None

    @classmethod
    def broken(
        cls, error: BrokenMessageError, event: Received[Any] | None = None, subscription: object = None
    ) -> Failure:
        """Describe a message that can never be handled; `event` and `subscription` where it could be read at all."""
        return cls(error.reason, event, path=error.path, rule=error.rule, message=str(error), subscription=subscription)

    @classmethod
    def of(cls, error: Exception, event: Received[Any], subscription: object, stack: str) -> Failure:
        """Describe a handler's failure."""
        name = type(error).__name__
        reason = "kills-the-process" if name == "PoisonError" else "handler-failed"
        return cls(
            reason,
            event,
            exception=name,
            message=str(error),
            stack=stack[-_STACK_CHARACTERS:],
            subscription=subscription,
        )

    @property
    def handler(self) -> str:
        """The handler's name, where one had been found."""
        handler = getattr(self.subscription, "handler", None)
        return getattr(handler, "__qualname__", "") if handler else ""


class Failures:
    """Sends a service's failed messages to wait or to the dead letters. Each publish is confirmed."""

    def __init__(self, service: str, topology: Topology, publisher: Publisher) -> None:
        self._service = service
        self._delays = topology.delays
        self._publisher = publisher

    async def retry(self, message: AbstractIncomingMessage, failure: Failure) -> None:
        """Let the message wait, longer each time, or give it up after the last round."""
        rounds = _count(message, ROUNDS)
        event_type = failure.event.type if failure.event else ""
        if failure.reason == "kills-the-process" or rounds >= len(self._delays):
            await self.bury(message, failure)
            return
        log.warning("message_put_off", round=rounds + 1, error=failure.message, exception=failure.exception)
        metrics.RETRIED.labels(self._service, event_type).inc()
        await self._put_off(message, self._delays[rounds], {ROUNDS: rounds + 1})

    async def wait(self, message: AbstractIncomingMessage, event: Received[Any], missing: str) -> None:
        """Let the message wait for its subject; this is no failure, but it does not wait for ever."""
        waits = _count(message, WAITS)
        if waits >= LONGEST_WAIT:
            await self.bury(message, Failure("subject-unknown", event, rule=missing, message=missing))
            return
        log.info("message_waits_for_subject", waits=waits + 1, missing=missing)
        metrics.RETRIED.labels(self._service, event.type).inc()
        await self._put_off(message, self._delays[min(waits, len(self._delays) - 1)], {WAITS: waits + 1})

    async def bury(self, message: AbstractIncomingMessage, failure: Failure) -> None:
        """Move the message to the dead letters with everything that is known about its failure."""
        event_type = failure.event.type if failure.event else message.routing_key or ""
        known = event_type if failure.event else "unreadable"
        metrics.DEAD_LETTERED.labels(self._service, known, failure.reason).inc()
        log.error("message_dead_lettered", reason=failure.reason, path=failure.path, rule=failure.rule)
        context = {
            "x-reason": failure.reason,
            "x-service": self._service,
            "x-handler": failure.handler,
            "x-path": failure.path,
            "x-rule": failure.rule,
            "x-exception": failure.exception,
            "x-message": failure.message[:1000],
            "x-stack": failure.stack,
            "x-event-type": event_type,
            "x-event-id": failure.event.id if failure.event else message.message_id or "",
            "x-case": failure.event.case if failure.event else "",
            "x-failed-at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        await self._publish(message, DEAD_LETTER_EXCHANGE, context)

    async def _put_off(self, message: AbstractIncomingMessage, seconds: float, count: dict[str, int]) -> None:
        await self._publish(message, delay_name(seconds), count)

    async def _publish(self, message: AbstractIncomingMessage, exchange: str, headers: dict[str, Any]) -> None:
        kept = {name: value for name, value in message.headers.items() if name in {ROUNDS, WAITS}}
        await self._publisher.publish(
            message.body,
            exchange=exchange,
            routing_key=self._service,
            message_id=new_event_id(),  # an attempt of its own; the event's id is in the body
            headers=kept | headers,
        )


def _count(message: AbstractIncomingMessage, header: str) -> int:
    value = message.headers.get(header, 0)
    return value if isinstance(value, int) else 0
