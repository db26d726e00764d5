"""The topology as data: every exchange, queue and binding. `declare.py` makes them.

Work queues are quorum queues that dead-letter at least once; one delay queue for each waiting time; one queue of dead
letters for each service; one queue of replies for each department system; a stream that keeps the trail of all events.
All exchanges are topic exchanges, also where a key is one name only: there RabbitMQ holds an account to its own keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RETRY_EXCHANGE = "retry"
DEAD_LETTER_EXCHANGE = "dead-letters"
RECEIPT_EXCHANGE = "receipts"
DECLARED = "declared"
"""The exchange that is declared last: whoever finds it on a broker finds everything else there, and permissions."""
OPERATIONS = "operations"
"""The service that takes in dead letters and the receipts for what was sent back."""
RECEIPTS = f"{OPERATIONS}.receipts"
"""Its queue of receipts."""
EVERYTHING = "#"
"""The key that stands for every key."""

_QUORUM = {"x-queue-type": "quorum", "x-overflow": "reject-publish"}
_AT_LEAST_ONCE = {"x-dead-letter-strategy": "at-least-once"}
# The broker's own limit only catches what kills the process again and again; attempts are counted in our headers.
_DELIVERY_LIMIT = {"x-delivery-limit": 100}
# A dead letter is looked at many times and must never be dropped for it (RabbitMQ 4 drops after 20 by default).
_NEVER_DROP = {"x-delivery-limit": 1_000_000}


# A sender that never looks at its answers must not fill the broker: the oldest go first.
_REPLIES: dict[str, Any] = {
    "x-queue-type": "quorum",
    "x-max-length": 100_000,
    "x-message-ttl": 30 * 24 * 3600 * 1000,
    **_NEVER_DROP,  # nor one that its reader takes and gives back
}


@dataclass(frozen=True, slots=True)
class Department:
    """A system outside, of a department or the city: what it may say, of which documents, and where it is answered.

    `names` are by language. `events` are the events that it may publish, without publisher and version.
    """

    code: str
    names: Mapping[str, str]
    events: tuple[str, ...]
    keeps: tuple[str, ...]

    @property
    def source(self) -> str:
        """The CloudEvents source that its events must have."""
        return f"/yizheng/{self.code}"

    @property
    def replies(self) -> str:
        """The queue from which it reads its answers."""
        return f"{self.code}.replies"


@dataclass(frozen=True, slots=True)
class Trail:
    """The stream that keeps every event for `max_age` or until it holds `max_bytes`, and the services that read it."""

    queue: str
    max_age: str
    max_bytes: int
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue: its arguments, the exchanges and keys that are bound to it, and the accounts that read it."""

    name: str
    arguments: Mapping[str, Any]
    bindings: tuple[tuple[str, str], ...]
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topology:
    """Which service acts on which event, and how long a failed message waits (seconds)."""

    exchange: str
    trail: Trail
    delays: tuple[float, ...]
    subscriptions: Mapping[str, tuple[str, ...]] = field(repr=False)
    declared: str = DECLARED
    departments: Mapping[str, Department] = field(default_factory=dict, repr=False)

    @property
    def services(self) -> tuple[str, ...]:
        """Every service that acts on an event."""
        return tuple(sorted({service for services in self.subscriptions.values() for service in services}))

    @property
    def parties(self) -> tuple[str, ...]:
        """Every service of ours: who publishes an event, who acts on one, and operations."""
        publishers = {key.partition(".")[0] for key in self.subscriptions} - {"*", *self.departments}
        return tuple(sorted(publishers | set(self.services) | {OPERATIONS}))

    @property
    def exchanges(self) -> tuple[str, ...]:
        """Every exchange; events leave through the first, failed messages wait behind those named after a time."""
        waiting = map(delay_name, self.delays)
        return (self.exchange, RETRY_EXCHANGE, DEAD_LETTER_EXCHANGE, RECEIPT_EXCHANGE, *waiting)

    @property
    def queues(self) -> tuple[Queue, ...]:
        """Every queue."""
        every_event = ((self.exchange, EVERYTHING),)
        return (
            Queue(self.trail.queue, _stream(self.trail), every_event, self.trail.readers),
            *(self._letters(service) for service in self.services),
            *(self._work(service) for service in self.services),
            Queue(RECEIPTS, {**_QUORUM, **_NEVER_DROP}, self._from_services(RECEIPT_EXCHANGE), (OPERATIONS,)),
            *(self._replies(department) for department in self.departments.values()),
            *(Queue(delay_name(each), _delay(each), self._from_services(delay_name(each))) for each in self.delays),
        )

    def key_of(self, event_type: str) -> str:
        """The key that brings an event of a type; `other` when none does. However many senders, few labels."""
        any_publisher = "*." + event_type.partition(".")[2]
        return next((key for key in (event_type, any_publisher) if key in self.subscriptions), "other")

    def keys_of(self, service: str) -> tuple[str, ...]:
        """The routing keys (`*` for one word) that a service acts on."""
        return tuple(key for key, services in self.subscriptions.items() if service in services)

    def _work(self, service: str) -> Queue:
        events = ((self.exchange, key) for key in self.keys_of(service))
        return Queue(service, _work(service), ((RETRY_EXCHANGE, service), *events), (service,))

    def _letters(self, service: str) -> Queue:
        bindings = ((DEAD_LETTER_EXCHANGE, service),)
        return Queue(dead_letters_of(service), {**_QUORUM, **_NEVER_DROP}, bindings, (OPERATIONS,))

    def _replies(self, department: Department) -> Queue:
        return Queue(department.replies, _REPLIES, ((self.exchange, f"*.*.*.{department.code}"),), (department.code,))

    def _from_services(self, exchange: str) -> tuple[tuple[str, str], ...]:
        return tuple((exchange, service) for service in self.services)


def load(path: Path) -> Topology:
    """Read `shared/contracts/topology.toml`. Raises KeyError or TOMLDecodeError for a file that is not one."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Topology(
        exchange=data["exchange"],
        trail=Trail(**{**data["trail"], "readers": tuple(data["trail"]["readers"])}),
        delays=tuple(data["retry"]["delays"]),
        subscriptions={key: tuple(services) for key, services in data["subscriptions"].items()},
        departments={code: _department(code, said) for code, said in data.get("departments", {}).items()},
    )


def _department(code: str, said: Mapping[str, Any]) -> Department:
    return Department(code, said["names"], tuple(said["events"]), tuple(said["keeps"]))


def dead_letters_of(service: str) -> str:
    """Return the name of a service's queue of dead letters."""
    return f"{service}.dead-letters"


def delay_name(seconds: float) -> str:
    """Return the name of the exchange and queue in which a message waits that long."""
    return f"delay.{seconds:g}s"


def _work(service: str) -> dict[str, Any]:
    target = {"x-dead-letter-exchange": DEAD_LETTER_EXCHANGE, "x-dead-letter-routing-key": service}
    return {**_QUORUM, **_AT_LEAST_ONCE, **_DELIVERY_LIMIT, **target}


def _delay(seconds: float) -> dict[str, Any]:
    """A message keeps its routing key, the service's name, and comes back through the retry exchange."""
    return {
        **_QUORUM,
        **_AT_LEAST_ONCE,
        "x-message-ttl": int(seconds * 1000),
        "x-dead-letter-exchange": RETRY_EXCHANGE,
    }


def _stream(trail: Trail) -> dict[str, Any]:
    """Old events go by whole segments, so segments are small enough for the limits to mean something."""
    return {
        "x-queue-type": "stream",
        "x-max-age": trail.max_age,
        "x-max-length-bytes": trail.max_bytes,
        "x-stream-max-segment-size-bytes": trail.max_bytes // 40,
    }
