"""Reading a message: which event it is, who handles it, and as what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from aio_pika.abc import AbstractIncomingMessage
from pydantic import BaseModel, ValidationError

from bus.envelope import BrokenMessageError, Envelope, decode_event
from bus.event import EditedBy, Outcome, Received, Refused
from bus.failures import MessageFailure
from bus.replay import item_of, redelivery_of
from bus.signatures import EventKeys
from bus.topology import OPERATIONS, RETRY_EXCHANGE, Topology
from standards.strict_json import RepeatedNameError, check_names
from store.commit import Handled

DepsT = TypeVar("DepsT")
WRONG_SENDER = "wrong-sender"
"""The reason of a copy that neither this service nor operations put where failed messages wait."""
VERSION_ENDED = "version-ended"
"""The reason of an event in a version that is no longer read."""
Answer = Callable[[Refused, DepsT], Awaitable[Outcome[None]]]
Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the data of an older version into that of the version that the view reads."""


@dataclass(frozen=True, slots=True)
class Subscription(Generic[DepsT]):
    """Which handler hears which event, and as what. `pattern` may begin with `*.` for any publisher.

    `refused` answers the sender of a message that can't be accepted, which then is no dead letter; without it, it is
    one. `older` are earlier versions of the event: the queue is not bound to them, but what failed, is replayed or
    comes from the trail may still be one. `once`: what it asks for was done for good, so that a re-delivery of what was
    handled before does nothing. `opened` returns what an encrypted part says, before it is handled; it raises
    BrokenMessageError.
    """

    pattern: str
    view: type[BaseModel]
    handler: Callable[[Received[Any], DepsT], Awaitable[Outcome[None]]]
    refused: Answer[DepsT] | None = None
    older: Mapping[str, Upcast] = field(default_factory=dict)
    once: bool = False
    opened: Callable[[Received[Any], DepsT], Received[Any]] | None = None

    def read(
        self, envelope: Envelope, *, is_redelivered: bool = False, edited_by: EditedBy | None = None
    ) -> Received[Any]:
        """Look at the data through the narrow view. Raises BrokenMessageError with the path and the rule.

        A rule of the view's own (PydanticCustomError) may name another `reason` in its context.
        """
        try:
            data = self.view.model_validate(self._upcast(envelope))
        except ValidationError as error:
            raise broken(error) from error
        except Exception as error:  # the view's own code broke: there is no better answer than what it broke with
            raise BrokenMessageError("wrong-schema", "/data", type(error).__name__) from error
        return Received(
            envelope.id,
            envelope.type,
            envelope.source,
            envelope.case,
            envelope.time,
            data,
            envelope.cause,
            envelope.traceparent,
            envelope.wants_receipt,
            is_redelivered,
            edited_by=edited_by,
        )

    def _upcast(self, envelope: Envelope) -> object:
        upcast = self.older.get(envelope.type)
        return upcast(dict(envelope.data)) if upcast and isinstance(envelope.data, dict) else envelope.data


def broken(error: ValidationError) -> BrokenMessageError:
    """Return the first fault of data that does not fit a view, with its place and its rule."""
    fault = error.errors(include_url=False, include_input=False)[0]
    path = "/".join(("/data", *map(str, fault["loc"])))
    context = {name: said for name, said in fault.get("ctx", {}).items() if isinstance(said, str | int)}
    reason, rule = str(context.get("reason", "wrong-schema")), f"{fault['type']}: {fault['msg']}"
    return BrokenMessageError(reason, path, rule, {**context, "fault": fault["type"]})


@dataclass(slots=True)
class Delivery(Generic[DepsT]):
    """A message that could be read, who handles it, and how often that has failed."""

    message: AbstractIncomingMessage
    event: Received[Any]
    subscription: Subscription[DepsT]
    handled: Handled
    failures: int = 0


class MessageReader(Generic[DepsT]):
    """Reads what arrives in one service's queue. `digest` is how the inbox knows a body again.

    `account` is the broker's account of this service: what comes back through the retry exchange was put there by it,
    or by operations.
    """

    def __init__(
        self,
        service: str,
        topology: Topology,
        subscriptions: Sequence[Subscription[DepsT]],
        digest: Callable[[bytes], str],
        keys: EventKeys,
        account: str,
    ) -> None:
        self._keys = keys
        self._topology = topology
        self._senders = {account, OPERATIONS}
        self._digest = digest
        self._service = service
        self._first_hops = {topology.exchange, *topology.senders}
        self._subscriptions = {
            type_: subscription
            for subscription in subscriptions
            for type_ in (subscription.pattern, *subscription.older)
        }

    def read(self, message: AbstractIncomingMessage) -> Delivery[DepsT]:
        """Read a message. Raises BrokenMessageError saying what is wrong with it and where.

        Nothing is believed of it, and no older version is turned into a newer one, before its signature was checked.
        """
        if message.exchange == RETRY_EXCHANGE and message.user_id not in self._senders:
            raise BrokenMessageError(WRONG_SENDER, "", f"sent back by {' or '.join(sorted(self._senders))}")
        envelope = decode_event(message.body)
        subscription = self._find(envelope.type)
        if subscription is None:
            raise BrokenMessageError("unknown-type", "/type", f"{self._service} does not act on {envelope.type!r}")
        if message.exchange in self._first_hops and message.routing_key != envelope.type:
            raise BrokenMessageError(
                "wrong-routing-key", "/type", f"{message.routing_key!r}, as it was published under"
            )
        edited_by = self._keys.check(message.body, envelope)
        envelope = self._keys.cipher.decrypted(envelope)
        if subscription.refused is not None:
            _check_names(message.body)
        redelivery = redelivery_of(message)
        if redelivery is None:
            self._check_end(envelope.type)
        inbox_id = f"{envelope.id}@{redelivery}" if redelivery else envelope.id
        handled = Handled(inbox_id, self._digest(message.body), item_of(message))
        event = subscription.read(envelope, is_redelivered=redelivery is not None, edited_by=edited_by)
        return Delivery(message, event, subscription, handled)

    def answer_to(
        self, message: AbstractIncomingMessage, failure: MessageFailure
    ) -> tuple[Answer[DepsT] | None, Refused | None]:
        """Return who answers the sender of a broken message and with what, if anybody does."""
        event = _as_far_as_readable(message.body)
        key = message.routing_key if message.exchange in self._first_hops else event.get("type")
        subscription = self._find(key) if isinstance(key, str) else None
        if subscription is None or subscription.refused is None:
            return None, None
        type_ = str(key)
        refused = Refused(
            publisher=type_.partition(".")[0],
            type=type_,
            event_id=_text(event.get("id")) or _text(message.message_id),
            case=_text(event.get("correlationid")),
            reason=failure.reason,
            path=failure.path,
            rule=failure.rule,
            data=event.get("data"),
            params=failure.params,
        )
        return subscription.refused, refused

    def _check_end(self, type_: str) -> None:
        """Refuse a version whose time is over: the signature was checked, so its publisher is told."""
        last = self._topology.ended(type_, datetime.now(UTC))
        if last is not None:
            name, _, version = type_.rpartition(".v")
            newer = f"{name}.v{int(version) + 1}"
            raise BrokenMessageError(
                VERSION_ENDED, "/type", f"{newer!r}, as this one ended on {last}", {"newer": newer, "ended": str(last)}
            )

    def _find(self, type_: str) -> Subscription[DepsT] | None:
        any_publisher = "*." + type_.partition(".")[2]
        return self._subscriptions.get(type_) or self._subscriptions.get(any_publisher)


def _check_names(body: bytes) -> None:
    """Refuse what a system outside has written twice; our own publishers write from models, which can't."""
    try:
        check_names(body)
    except RepeatedNameError as error:
        raise BrokenMessageError("repeated-name", error.path, "each name once in its object") from error


def _as_far_as_readable(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}


def _text(value: object) -> str | None:
    return value[:255] if isinstance(value, str) and value else None
