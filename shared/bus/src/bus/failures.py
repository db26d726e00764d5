"""Failures, sorted: the broken is given up at once, the failed waits and comes back, until it is given up too.

Nothing is dead for good: a message that is given up stays in its service's queue of dead letters, with everything that
an operator needs to understand it, until it is replayed or discarded.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from aio_pika.abc import AbstractIncomingMessage
from pamqp.common import FieldValue

from bus import metrics, stalls
from bus.envelope import LARGEST_MESSAGE, BrokenMessageError, new_event_id
from bus.event import NotYet, Received
from bus.event_encryption import EventCipher
from bus.publisher import Publisher
from bus.replay import ROUNDS, WAITS, DeliveryResult, Receipts, kept_of
from bus.stalls import HandlerStalledError
from bus.topology import DEAD_LETTER_EXCHANGE, Topology, dead_letters_of, delay_name

NOT_SIGNED_BY_PERSON = "not-signed-by-person"
"""The reason of an event that gives or takes a right without the person's signed request for just that."""
log = structlog.get_logger()

ATTEMPTS = "x-attempts"
"""Header: how often a handler has tried the message and failed."""

STALLS = "x-stalls"
"""Header: how often its handler was stopped because it held the event loop."""

DETAILS = "x-details"
"""Header of a dead letter, encrypted: what its failure says, and its stack."""

MOST_STALLS = 3
"""Times that a handler is stopped before its message is given up."""

LONGEST_WAIT = 16
"""Waits for an unknown subject before it is given up (with the last delay repeated: about an hour)."""

_STACK_CHARACTERS = 8_000
_HEADER_CHARACTERS = 1_000
"""Headers travel in one frame of at most 128 KiB; the broker closes the connection for a larger one."""
_IMPOSSIBLE_COUNT = 10_000


class PoisonError(Exception):
    """A message whose handling was begun several times and never ended: it seems to kill the process."""

    def __init__(self, starts: int) -> None:
        super().__init__(f"its handling was begun {starts} times and never ended")


@dataclass(frozen=True, slots=True)
class MessageFailure:
    """Why a message could not be handled. `path`, `rule` and `params` say where and what for a broken one."""

    reason: str
    event: Received[Any] | None = None
    path: str = ""
    rule: str = ""
    exception: str = ""
    message: str = ""
    frame: str = ""
    stack: str = ""
    handler: str = ""
    attempts: int = 0
    params: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def broken(cls, error: BrokenMessageError) -> MessageFailure:
        """Describe a message that could not even be read."""
        return cls(error.reason, path=error.path, rule=error.rule, message=str(error), params=error.params)

    @classmethod
    def of(cls, error: Exception, event: Received[Any], handler: object, attempts: int) -> MessageFailure:
        """Describe a message that could be read, but not handled."""
        reason, path, rule = _sorted(error)
        return cls(
            reason,
            event,
            path,
            rule,
            exception=type(error).__name__,
            message=str(error)[:_HEADER_CHARACTERS],
            frame=_own_frame(error),
            stack="".join(traceback.format_exception(error))[-_STACK_CHARACTERS:],
            handler=getattr(handler, "__qualname__", repr(handler)),
            attempts=attempts,
            params=error.params if isinstance(error, BrokenMessageError) else {},
        )


class FailureRouter:
    """Sends a service's failed messages to wait or to the dead letters. Each publish is confirmed."""

    def __init__(self, service: str, topology: Topology, publisher: Publisher, cipher: EventCipher) -> None:
        self._cipher = cipher
        self._service = service
        self._topology = topology
        self._delays = topology.delays
        self._publisher = publisher
        self._receipts = Receipts(publisher, service)

    async def retry(self, message: AbstractIncomingMessage, failure: MessageFailure) -> None:
        """Let the message wait, longer each time, or give it up after the last round."""
        rounds = count_in(message, ROUNDS)
        if rounds >= len(self._delays):
            await self.dead_letter(message, failure)
            return
        log.warning("message_put_off", round=rounds + 1, error=failure.message, exception=failure.exception)
        await self._put_off(message, failure, self._delays[rounds], {ROUNDS: rounds + 1})

    async def stalled(self, message: AbstractIncomingMessage, failure: MessageFailure) -> None:
        """Let a message that holds the process wait for its next turn, alone; not often, as it holds up all others."""
        times = count_in(message, STALLS) + 1
        if times >= MOST_STALLS:
            await self.dead_letter(message, failure)
            return
        log.error("message_held_the_process", stalls=times, frame=failure.frame)
        await self._put_off(message, failure, self._delays[min(times, len(self._delays)) - 1], {STALLS: times})

    async def wait(self, message: AbstractIncomingMessage, failure: MessageFailure) -> None:
        """Let the message wait for its subject; this is no failure, but it does not wait for ever."""
        waits = count_in(message, WAITS)
        if waits >= LONGEST_WAIT:
            await self.dead_letter(message, failure)
            return
        log.info("message_waits_for_subject", waits=waits + 1, missing=failure.message)
        await self._put_off(message, failure, self._delays[min(waits, len(self._delays) - 1)], {WAITS: waits + 1})

    async def dead_letter(self, message: AbstractIncomingMessage, failure: MessageFailure) -> None:
        """Move the message to the dead letters with everything that is known about its failure."""
        event_type = failure.event.type if failure.event else message.routing_key or ""
        known = self._topology.key_of(event_type) if failure.event else "unreadable"
        metrics.DEAD_LETTERED.labels(self._service, known, failure.reason).inc()
        if failure.reason == NOT_SIGNED_BY_PERSON:
            metrics.FORGED.labels(self._service, failure.reason).inc()
        log.error("message_dead_lettered", reason=failure.reason, path=failure.path, rule=failure.rule)
        context = {
            "x-reason": failure.reason,
            "x-service": self._service,
            "x-handler": failure.handler,
            "x-path": failure.path,
            "x-exception": failure.exception,
            "x-frame": failure.frame,
            "x-event-type": event_type,
            "x-event-id": failure.event.id if failure.event else message.message_id or "",
            "x-case": failure.event.case if failure.event else "",
            "x-failed-at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        short = {name: text[:_HEADER_CHARACTERS] for name, text in context.items()}
        details = details_of(failure, self._service, self._cipher)
        await self._publish(message, failure, DEAD_LETTER_EXCHANGE, {**short, DETAILS: details})

    async def confirm(self, item: str, event_id: str, fate: DeliveryResult) -> None:
        """Give operations its receipt for a message that it sent back and that was handled."""
        await self._receipts.confirm(item, event_id=event_id, fate=fate)

    async def _put_off(
        self, message: AbstractIncomingMessage, failure: MessageFailure, seconds: float, count: dict[str, FieldValue]
    ) -> None:
        known = self._topology.key_of(failure.event.type if failure.event else "")
        metrics.RETRIED.labels(self._service, known).inc()
        await self._publish(message, failure, delay_name(seconds), count)

    async def _publish(
        self, message: AbstractIncomingMessage, failure: MessageFailure, exchange: str, headers: dict[str, FieldValue]
    ) -> None:
        kept: dict[str, FieldValue] = {name: count_in(message, name) for name in (ROUNDS, WAITS, ATTEMPTS, STALLS)}
        kept[ATTEMPTS] = count_in(message, ATTEMPTS) + failure.attempts
        await self._publisher.publish(
            message.body[:LARGEST_MESSAGE],  # from before there was a bound: no consumer reads so much anyway
            exchange=exchange,
            routing_key=self._service,
            message_id=new_event_id(),  # an attempt of its own; the event's id is in the body
            headers=kept | kept_of(message) | headers,
        )


def details_of(failure: MessageFailure, service: str, cipher: EventCipher) -> str:
    """Encrypt for operations what may quote the message: what the failure says, the rule and the stack."""
    said = {"x-message": failure.message, "x-rule": failure.rule}
    short = {name: text[:_HEADER_CHARACTERS] for name, text in said.items()}
    return cipher.encrypt(dead_letters_of(service), orjson.dumps({**short, "x-stack": failure.stack}))


def with_details(headers: Mapping[str, Any], service: str, cipher: EventCipher) -> Mapping[str, Any]:
    """Return a dead letter's headers with its details in clear; those that can't be read stay encrypted."""
    try:
        details: dict[str, Any] = orjson.loads(cipher.decrypt(dead_letters_of(service), str(headers.get(DETAILS))))
    except (BrokenMessageError, orjson.JSONDecodeError):
        return headers
    return {name: value for name, value in headers.items() if name != DETAILS} | details


def count_in(message: AbstractIncomingMessage, header: str) -> int:
    """Read a count from a header; whatever a stranger may have put there counts as none."""
    value = message.headers.get(header)
    return value if isinstance(value, int) and 0 <= value < _IMPOSSIBLE_COUNT else 0


def _own_frame(error: Exception) -> str:
    """Name the innermost frame of our own code, by which failures of one cause are found to be alike."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(frame.filename)]
    if not frames:
        return ""
    path = frames[-1].filename
    path = path.rpartition("/src/")[2] if "/src/" in path else path.rpartition("/")[2]
    return f"{path} {frames[-1].name}"


def _is_foreign(filename: str) -> bool:
    """Tell whether a file is a library's, Python's own, or none at all."""
    is_watch = filename == stalls.__file__  # it interrupts, it is not what took so long
    return is_watch or "site-packages" in filename or "/lib/python" in filename or filename.startswith("<")


def _sorted(error: Exception) -> tuple[str, str, str]:
    """Tell the reason and, for what can be said of the message itself, path and rule."""
    match error:
        case BrokenMessageError():
            return error.reason, error.path, error.rule
        case NotYet():
            return "subject-unknown", "", str(error)
        case PoisonError():
            return "kills-the-process", "", ""
        case HandlerStalledError():
            return "holds-the-process", "", ""
        case _:
            return "handler-failed", "", ""
