"""The envelope: CloudEvents 1.0 in structured JSON mode (`application/cloudevents+json`)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from bus.event import Event
from bus.traces import traceparent
from standards.moments import BOUNDS, read_moment

CONTENT_TYPE = "application/cloudevents+json"
MAX_BYTES = 1_048_576
"""Larger bodies are neither published nor handled: an event is a fact, not a file."""

LARGEST_MESSAGE = 1_200_000
"""Bytes that the broker takes at most (`max_message_size` in deploy/rabbitmq.conf)."""

_TEXT_ATTRIBUTES = ("id", "source", "type", "time", "correlationid")
_LONGEST_TEXT = 255
"""Characters: what names an event must fit into a routing key, a header and an index."""


class BrokenMessageError(Exception):
    """A message that can never be handled: `reason` is a code, `path` where in it, `rule` what was expected there.

    `params` are the values that a text about it mentions; they repeat nothing of the message.
    """

    def __init__(
        self, reason: str, path: str = "", rule: str = "", params: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(f"{reason}: {path}: {rule}" if path else f"{reason}: {rule}" if rule else reason)
        self.reason = reason
        self.path = path
        self.rule = rule
        self.params = params or {}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A CloudEvent whose `data` has not been looked at yet."""

    id: str
    type: str
    source: str
    case: str
    time: datetime
    data: object
    cause: str | None
    traceparent: str | None
    wants_receipt: bool = False
    replaces: str | None = None
    encrypted: str | None = None


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event ready to be published: its id, its routing key and its body."""

    id: str
    routing_key: str
    body: bytes


def new_event_id() -> str:
    """Return an id that is unique and sorts by the time of its making."""
    return f"{time.time_ns():x}-{secrets.token_hex(6)}"


def encode_event(
    event: Event,
    *,
    source: str,
    case: str,
    cause: str | None,
    encrypt: Callable[[str, str, bytes], dict[str, Any]] | None = None,
) -> EncodedEvent:
    """Put an event into its envelope. `case` becomes the correlationid, `cause` the causationid.

    Its `traceparent` is in the trace of its case. `encrypt` makes of its id, its type and its data (JSON) what stands
    in place of the data.

    Raises BrokenMessageError for an event that is too large for any consumer.
    """
    event_id = new_event_id()
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/yizheng/{source}",
        "type": event.type,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": case,
        "traceparent": traceparent(case, event_id),
    }
    if cause is not None:
        attributes["causationid"] = cause
    data = event.model_dump_json().encode()
    attributes |= encrypt(event_id, event.type, data) if encrypt else {"data": orjson.Fragment(data)}
    body = orjson.dumps(attributes)
    _check_size(body)
    return EncodedEvent(event_id, event.routing_key, body)


def decode_event(body: bytes) -> Envelope:
    """Read the envelope of a message. Raises BrokenMessageError saying what is wrong and where."""
    _check_size(body)
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise BrokenMessageError("not-json", rule=str(error), params=place) from error
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise BrokenMessageError("not-a-cloudevent", "/specversion", "CloudEvents 1.0 in structured JSON mode")
    for name in _TEXT_ATTRIBUTES:
        if not isinstance(event.get(name), str) or not 0 < len(event[name]) <= _LONGEST_TEXT:
            raise BrokenMessageError("not-a-cloudevent", f"/{name}", f"a text of 1 to {_LONGEST_TEXT} characters")
    return Envelope(
        id=event["id"],
        type=event["type"],
        source=event["source"],
        case=event["correlationid"],
        time=_time(event["time"]),
        data=event.get("data"),
        cause=_optional_text(event, "causationid"),
        traceparent=_optional_text(event, "traceparent"),
        wants_receipt=event.get("receipt") == "wanted",
        replaces=_optional_text(event, "replaces"),
        encrypted=_optional_text(event, "encrypted"),
    )


def _check_size(body: bytes) -> None:
    if len(body) > MAX_BYTES:
        raise BrokenMessageError("too-large", rule=f"at most {MAX_BYTES} bytes, not {len(body)}")


def _time(text: str) -> datetime:
    try:
        return read_moment(text)
    except ValueError as error:
        rule = f"an RFC 3339 time with its offset, {BOUNDS}"
        raise BrokenMessageError("not-a-cloudevent", "/time", rule) from error


def _optional_text(event: Mapping[str, object], name: str) -> str | None:
    value = event.get(name)
    return value if isinstance(value, str) else None
