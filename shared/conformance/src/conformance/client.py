"""The department's side of the bus: publishes with its account, and hears how each message is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, NackError, UnroutableError
from pika.spec import Basic, BasicProperties

from bus.signatures import EventSigner
from conformance.contract import Contract
from conformance.messages import DepartmentMessage

STORED = "stored"
UNCHANGED = "unchanged"
SILENCE = "silence"
BROKER_REFUSES = "broker-refuses"
UNROUTABLE = "unroutable"
NO_ANSWER = "no-answer"

CONTENT_TYPE = "application/cloudevents+json"
PERSISTENT = 2
_ACCESS_REFUSED = 403
_ANSWERS = ("record-accepted", "record-refused")
_ANSWERING = ("credential-store", "matcher")


def refused(reason: str) -> str:
    """Return the name of the answer that refuses for a reason."""
    return f"refused:{reason}"


class NoSystemError(Exception):
    """Nothing can be tried out; `why` is the name of the text that says what to do."""

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """How a message was answered: `kind` is one of the names above; `path` and `rule` say why it was refused.

    `expected` is the rule in both languages, by their tags.
    """

    kind: str
    path: str = ""
    rule: str = ""
    expected: Mapping[str, str] | None = None

    def rule_in(self, language: str) -> str:
        return (self.expected or {}).get(language, self.rule)


@dataclass(slots=True)
class SystemClient:
    """One connection of a department: a channel for sending, one for answers. It takes no answers but its own."""

    contract: Contract
    connection: pika.BlockingConnection
    patience: float
    signer: EventSigner
    _answers: dict[str, list[ClientAnswer]] = field(default_factory=dict)
    _ours: set[str] = field(default_factory=set)
    _sending: BlockingChannel | None = None

    def listen(self) -> None:
        """Begin to hear answers. Raises NoSystemError when the queue of replies is not there."""
        try:
            self.connection.channel().basic_consume(self.contract.replies, self._hear)
        except ChannelClosedByBroker as error:
            raise NoSystemError("never-started", error.reply_text) from error

    def send(self, message: DepartmentMessage) -> ClientAnswer | None:
        """Sign and publish, confirmed; return how the broker itself answered if it did not take it."""
        self._ours.add(message.id)
        body = self.signer.sign(message.body) if message.is_to_be_signed else message.body
        properties = BasicProperties(content_type=CONTENT_TYPE, delivery_mode=PERSISTENT, message_id=message.id)
        try:
            self._channel().basic_publish(self.contract.exchange, message.routing_key, body, properties, mandatory=True)
        except ChannelClosedByBroker as error:
            self._sending = None
            return ClientAnswer(
                BROKER_REFUSES if error.reply_code == _ACCESS_REFUSED else NO_ANSWER, "", error.reply_text
            )
        except UnroutableError:
            return ClientAnswer(UNROUTABLE)
        except NackError:
            return ClientAnswer(NO_ANSWER, "", "nack")
        return None

    def ask(self, message: DepartmentMessage) -> ClientAnswer:
        """Publish and wait for the answer that is meant for this message, and comes after what was heard before."""
        heard = self.answers(message.id)
        turned_down = self.send(message)
        if turned_down is not None:
            return turned_down
        deadline = time.monotonic() + self.patience
        while self.answers(message.id) == heard and time.monotonic() < deadline:
            self.connection.process_data_events(time_limit=0.1)
        return self._answers[message.id][-1] if self.answers(message.id) > heard else ClientAnswer(NO_ANSWER)

    def answers(self, event_id: str) -> int:
        """Return how many answers to a message have come so far."""
        return len(self._answers.get(event_id, ()))

    def _channel(self) -> BlockingChannel:
        if self._sending is None:
            self._sending = self.connection.channel()
            self._sending.confirm_delivery()
        return self._sending

    def _hear(self, channel: BlockingChannel, method: Basic.Deliver, _: BasicProperties, body: bytes) -> None:
        """Take an answer of ours. Others are left alone: they go back to the queue when the connection closes."""
        found = read(str(method.routing_key), body, self.contract.department)
        if found is not None and found[0] in self._ours:
            self._answers.setdefault(found[0], []).append(found[1])
            channel.basic_ack(method.delivery_tag or 0)


@contextmanager
def connected(url: str, contract: Contract, patience: float, signer: EventSigner) -> Iterator[SystemClient]:
    """Connect with the department's account; `signer` has its key. Raises NoSystemError when that does not succeed."""
    try:
        connection = pika.BlockingConnection(pika.URLParameters(url))
    except (AMQPConnectionError, OSError, ValueError) as error:
        refusal = any(word in repr(error) for word in ("ACCESS_REFUSED", "Denied", "Authentication"))
        raise NoSystemError("not-let-in" if refusal else "not-up", repr(error)) from error
    try:
        client = SystemClient(contract, connection, patience, signer)
        client.listen()
        yield client
    finally:
        if connection.is_open:
            connection.close()


def read(routing_key: str, body: bytes, department: str) -> tuple[str, ClientAnswer] | None:
    """Read an answer: to which event, and what it says; None when it is none.

    The key under which it was published tells a genuine one: nobody outside may write it.
    """
    parts = routing_key.split(".")
    if len(parts) != 4 or parts[0] not in _ANSWERING:  # noqa: PLR2004 - publisher.event.version.whom
        return None
    if parts[1] not in _ANSWERS or parts[3] != department:
        return None
    data = orjson.loads(body)["data"]
    if parts[1] == "record-accepted":
        return data["event_id"], ClientAnswer(data["result"])
    return data["event_id"] or "", ClientAnswer(
        refused(data["reason"]), data["path"], data["rule"], data.get("expected")
    )
