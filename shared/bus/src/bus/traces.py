"""Traces: whatever is done about one case is a span of one trace, whoever does it and however much later.

Nothing has to be handed on for that: a trace's id follows from its case, and the id of the span that publishes an event
follows from the event. So a reviewer who acts days later lands in the same trace, a replayed message finds its parent,
and an operator can compute where to look. Spans go to a recorder that the process sets at its start; without one they
only lend their ids to the logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from random import getrandbits
from time import time_ns
from typing import Any, Literal, Protocol

import orjson
from aio_pika.abc import AbstractIncomingMessage

from bus.event import Received

Kind = Literal["server", "consumer", "producer", "internal"]

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
"""W3C Trace Context: version, trace, span, flags."""


def trace_of(case: str) -> str:
    """Return the id of the trace of everything about a case."""
    return sha256(case.encode()).hexdigest()[:32]


def span_of(event_id: str) -> str:
    """Return the id of the span that publishes an event."""
    return sha256(event_id.encode()).hexdigest()[:16]


def traceparent(case: str, event_id: str) -> str:
    """Return the W3C `traceparent` that an event carries to whoever acts on it."""
    return f"00-{trace_of(case)}-{span_of(event_id)}-01"


def ids_in(text: str | None) -> tuple[str, str] | None:
    """Return the ids of trace and span in a `traceparent`; None when it is none."""
    found = _TRACEPARENT.fullmatch(text or "")
    return (found[1], found[2]) if found else None


def _new_id(digits: int) -> str:
    return f"{getrandbits(4 * digits):0{digits}x}"  # an id is no secret, and asking the system for one is slow


@dataclass(slots=True)
class Span:
    """A piece of work: what, when (nanoseconds since 1970), caused by what. Describes no person.

    `incoming` is the traceparent of what caused it: its parent within the same trace, a link from another one. `error`
    is a class or a code, never a message, which might quote what it failed on.
    """

    name: str
    kind: Kind
    incoming: str | None = None
    span_id: str = field(default_factory=lambda: _new_id(16))
    trace_id: str = ""
    case: str = ""
    parent_id: str | None = None
    link: tuple[str, str] | None = None
    begun: int = field(default_factory=time_ns)
    ended: int = 0
    attributes: dict[str, str | int] = field(default_factory=dict)
    error: str = ""

    @property
    def traceparent(self) -> str:
        """What it hands on to its parts."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    def join(self, case: str | None) -> None:
        """Find its trace, once: that of its case; without a case that of its caller, or a new one."""
        if self.trace_id:
            return
        caller = ids_in(self.incoming)
        self.case = case or ""
        self.trace_id = trace_of(case) if case else caller[0] if caller else _new_id(32)
        if caller and caller[0] == self.trace_id:
            self.parent_id = caller[1]
        else:
            self.link = caller


class SpanRecorder(Protocol):
    """Takes spans that have ended. Must not wait: it is called between two messages."""

    def __call__(self, span: Span, /) -> None:
        """Keep a span, or send it away."""


class _Recording:
    recorder: SpanRecorder | None = None


_CURRENT: ContextVar[Span | None] = ContextVar("span", default=None)


def record_with(recorder: SpanRecorder | None) -> None:
    """Have this process's spans recorded from now on, or no longer."""
    _Recording.recorder = recorder


def current() -> Span | None:
    """Return the span of the work that is going on here."""
    return _CURRENT.get()


def join(case: str | None) -> None:
    """Say which case the work that is going on here turned out to be about."""
    span = current()
    if span is not None:
        span.join(case)


@contextmanager
def working(span: Span) -> Iterator[Span]:
    """Do the work of a span; it is recorded when that ends, well or badly."""
    token = _CURRENT.set(span)
    try:
        yield span
    except BaseException as error:
        span.error = span.error or type(error).__name__
        raise
    finally:
        _CURRENT.reset(token)
        span.join(None)
        span.ended = time_ns()
        if _Recording.recorder is not None:
            _Recording.recorder(span)


def note(outcome: str, frame: str = "", error: str = "") -> None:
    """Say how the work that is going on here ended: a code; where in our code; the class of the error."""
    span = current()
    if span is not None:
        span.attributes |= {"yizheng.outcome": outcome, **({"code.function.name": frame} if frame else {})}
        span.error = error


@contextmanager
def committing(changes: int, events: int) -> Iterator[None]:
    """Record how long the work that is going on here waited for its commit."""
    cause = current()
    if cause is None or _Recording.recorder is None:
        yield
        return
    cause.join(None)
    part = Span("commit", "internal", cause.traceparent)
    part.trace_id, part.parent_id = cause.trace_id, cause.span_id
    part.attributes |= {"db.system.name": "mongodb", "db.operation.name": "commitTransaction"}
    part.attributes |= {"yizheng.changes": changes, "yizheng.events": events}
    with working(part):
        yield


@contextmanager
def publishing(exchange: str, routing_key: str, event_id: str, body: bytes) -> Iterator[None]:
    """Record the publishing of an event, as the parent of whatever is done about it.

    What a crash or an outage left in the outbox has no work here that caused it: the span then points to its cause.
    """
    if _Recording.recorder is None:
        yield
        return
    event = orjson.loads(body)
    cause = current()
    said = cause.traceparent if cause else traceparent(event["correlationid"], event.get("causationid", ""))
    span = Span(f"publish {event['type']}", "producer", said, span_of(event_id))
    span.join(event["correlationid"])
    if cause is None and span.parent_id:
        span.link, span.parent_id = (span.trace_id, span.parent_id), None  # it may never have been recorded
    span.attributes |= {
        **_described(event_id, event["type"], event["source"], len(body)),
        "messaging.operation.type": "send",
        "messaging.operation.name": "publish",
        "messaging.destination.name": f"{exchange}:{routing_key}",
        "messaging.rabbitmq.destination.routing_key": routing_key,
    }
    with working(span):
        try:
            yield
        except BaseException:
            span.span_id = _new_id(16)  # whoever succeeds is the parent of what follows
            raise


def handling(message: AbstractIncomingMessage, event: Received[Any], *, queue: str) -> Span:
    """Begin the span of a message's handling: its parent is the span that published it."""
    span = Span(f"process {event.type}", "consumer", event.traceparent)
    span.join(event.case)
    if _Recording.recorder is None:
        return span
    span.attributes |= {
        **_described(event.id, event.type, event.source, len(message.body)),
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": f"{message.exchange}:{message.routing_key}:{queue}",
        "messaging.rabbitmq.destination.routing_key": message.routing_key or "",
        "yizheng.outcome": "handled",
    }
    return span


def _described(event_id: str, event_type: str, source: str, size: int) -> dict[str, str | int]:
    """Describe a message, in the words of OpenTelemetry's conventions."""
    return {
        "messaging.system": "rabbitmq",
        "messaging.message.id": event_id,
        "messaging.message.body.size": size,
        "cloudevents.event_id": event_id,
        "cloudevents.event_type": event_type,
        "cloudevents.event_source": source,
    }
