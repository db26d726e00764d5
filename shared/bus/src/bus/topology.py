"""The topology as data: every exchange, queue and binding. `declare.py` makes them.

Work queues are quorum queues that dead-letter at least once; one delay queue for each waiting time; one queue of dead
letters for each service; a stream that keeps the trail of all events. Each department system has an exchange that it
alone writes to, with one bounded queue behind it, and a queue of replies; what was accepted of all of them, and what
they were answered, is kept in a stream of its own, the correspondence.
All exchanges are topic exchanges, also where a key is one name only: there RabbitMQ holds an account to its own keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from standards.moments import SHENZHEN

RETRY_EXCHANGE = "retry"
DEAD_LETTER_EXCHANGE = "dead-letters"
RECEIPT_EXCHANGE = "receipts"
DECLARED = "declared"
"""The exchange that is declared last: whoever finds it on a broker finds everything else there, and permissions."""
OPERATIONS = "operations"
"""The service that takes in dead letters and the receipts for what was sent back."""
RECEIPTS = f"{OPERATIONS}.receipts"
"""Its queue of receipts."""
_WORDS = 3
"""Words that name an event: publisher, event, version; one more names whom it answers."""
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


_MOST_BYTES = 50_000_000
"""That one system outside may have waiting; beyond, or beyond `most_waiting`, the broker refuses more, at once."""


@dataclass(frozen=True, slots=True)
class Department:
    """A system outside, of a department or the city: what it may say, and where it is answered.

    `names` are by language. `events` are the events that it may publish, without publisher and version. `per_hour` is
    how many messages are handled at full speed, `most_waiting` how many may wait.
    """

    code: str
    names: Mapping[str, str]
    events: tuple[str, ...]
    per_hour: int = 10_000
    most_waiting: int = 10_000

    @property
    def source(self) -> str:
        """The CloudEvents source that its events must have."""
        return f"/yizheng/{self.code}"

    @property
    def messages(self) -> str:
        """The exchange that it writes to. No queue has this name: a right to read one is a right to bind the other."""
        return f"{self.code}.messages"

    @property
    def waiting(self) -> str:
        """The one queue behind it."""
        return f"{self.code}.waiting"

    @property
    def record_heads(self) -> str:
        """The queue from which it reads where the record of accesses ends."""
        return f"{self.code}.record-heads"

    @property
    def replies(self) -> str:
        """The queue from which it reads its answers."""
        return f"{self.code}.replies"


@dataclass(frozen=True, slots=True)
class Trail:
    """A stream that keeps events for `max_age` or until it holds `max_bytes`, and the services that read it.

    `exchange` is the one whose events it keeps, by default the topology's; `keys` are those of what it keeps.
    """

    queue: str
    max_age: str
    max_bytes: int
    readers: tuple[str, ...] = ()
    exchange: str = ""
    keys: tuple[str, ...] = (EVERYTHING,)


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue: its arguments, the exchanges and keys that are bound to it, and the accounts that read it."""

    name: str
    arguments: Mapping[str, Any]
    bindings: tuple[tuple[str, str], ...]
    readers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topology:
    """Which service acts on which event, and how long a failed message waits (seconds)."""

    exchange: str
    trail: Trail
    delays: tuple[float, ...]
    subscriptions: Mapping[str, tuple[str, ...]] = field(repr=False)
    declared: str = DECLARED
    departments: Mapping[str, Department] = field(default_factory=dict, repr=False)
    correspondence: Trail | None = None
    extracts: Mapping[str, Trail] = field(default_factory=dict, repr=False)
    """What a service may read again of the events that it acts on, by its name."""
    outside: tuple[str, ...] = ()
    """Keys of the events that every department gets, to keep what nobody inside can then change."""
    edits: tuple[str, ...] = ()
    """The events that operators may correct: `<publisher>.<event>`, `*` for any publisher, without a version."""
    ends: Mapping[str, date] = field(default_factory=dict, repr=False)
    """The last day, in Shenzhen, on which an older version is read, by its key."""
    signed: Mapping[str, date] = field(default_factory=dict, repr=False)
    """The first day, in Shenzhen, on which `<publisher>.<event>` counts only with a person's signed request."""

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
        outside = (department.messages for department in self.departments.values())
        kept = (self.correspondence.exchange,) if self.correspondence else ()
        return (self.exchange, RETRY_EXCHANGE, DEAD_LETTER_EXCHANGE, RECEIPT_EXCHANGE, *waiting, *kept, *outside)

    @cached_property
    def queues(self) -> tuple[Queue, ...]:
        """Every queue."""
        return (
            *(self._stream(trail) for trail in self.streams),
            *(self._letters(service) for service in self.services),
            *(self._work(service) for service in self.services),
            Queue(RECEIPTS, {**_QUORUM, **_NEVER_DROP}, self._from_services(RECEIPT_EXCHANGE), (OPERATIONS,)),
            *(self._messages(department) for department in self.departments.values()),
            *(self._replies(department) for department in self.departments.values()),
            *(self._heads(department) for department in self.departments.values() if self.outside),
            *(Queue(delay_name(each), _delay(each), self._from_services(delay_name(each))) for each in self.delays),
        )

    @property
    def senders(self) -> Mapping[str, Department]:
        """The departments by the exchange that each writes to."""
        return {department.messages: department for department in self.departments.values()}

    def sender_of(self, event_type: str) -> Department | None:
        """The system outside that an event is of, if it is one's."""
        return self.departments.get(event_type.partition(".")[0])

    def senders_to(self, service: str) -> tuple[Department, ...]:
        """The systems outside that a service hears."""
        return tuple(each for each in self.departments.values() if self._hearer(each) == service)

    def exchange_of(self, routing_key: str) -> str:
        """The exchange through which a service of ours publishes under a key.

        What a system outside has said, and what it is answered, goes to the correspondence.
        """
        words = routing_key.split(".")
        outside = words[0] in self.departments or (len(words) > _WORDS and words[-1] in self.departments)
        return self.correspondence.exchange if outside and self.correspondence else self.exchange

    def keys_from(self, department: Department) -> tuple[str, ...]:
        """The routing keys that are a department's own: its events, in every version that a service acts on."""
        return tuple(sorted({f"{department.code}.{key.partition('.')[2]}" for key in self._patterns_of(department)}))

    def key_of(self, event_type: str) -> str:
        """The key that brings an event of a type; `other` when none does. However many senders, few labels."""
        any_publisher = "*." + event_type.partition(".")[2]
        return next((key for key in (event_type, any_publisher) if key in self.subscriptions), "other")

    def ended(self, event_type: str, now: datetime) -> date | None:
        """Return the day on which the version of an event ended, if it has."""
        last = self.ends.get(self.key_of(event_type))
        return last if last is not None and last < now.astimezone(SHENZHEN).date() else None

    @property
    def audiences(self) -> Mapping[str, frozenset[str]]:
        """The services that may read what is encrypted, by the name of its key.

        An event (`<publisher>.<event>`, in whatever version): its publisher, who acts on it, and operations. Why a
        service gave a message up (`<service>.dead-letters`): that service and operations.
        """
        found: dict[str, frozenset[str]] = {}
        for key, services in self.subscriptions.items():
            name, publisher = key.rpartition(".v")[0], key.partition(".")[0]
            if publisher != "*" and publisher not in self.departments:
                found[name] = found.get(name, frozenset()) | {publisher, OPERATIONS, *services}
        return found | {dead_letters_of(each): frozenset((each, OPERATIONS)) for each in self.services}

    def is_editable(self, event_type: str) -> bool:
        """Tell whether operators may correct an event of a type."""
        publisher, event = (*event_type.split("."), "")[:2]
        return not {f"{publisher}.{event}", f"*.{event}"}.isdisjoint(self.edits)

    def keys_of(self, service: str) -> tuple[str, ...]:
        """The routing keys (`*` for one word) that a service acts on."""
        return tuple(key for key, services in self.subscriptions.items() if service in services)

    @property
    def streams(self) -> tuple[Trail, ...]:
        """Every stream: the trail, what services may read again of it, and the correspondence."""
        return (self.trail, *self.extracts.values(), *filter(None, [self.correspondence]))

    def _stream(self, trail: Trail) -> Queue:
        bindings = tuple((trail.exchange or self.exchange, key) for key in trail.keys)
        return Queue(trail.queue, _stream(trail), bindings, trail.readers)

    def _patterns_of(self, department: Department) -> tuple[str, ...]:
        return tuple(
            key
            for key in self.subscriptions
            if key.split(".")[0] in ("*", department.code) and key.split(".")[1] in department.events
        )

    def _hearer(self, department: Department) -> str:
        """The one service that reads what a department sends. Raises ValueError when it is not one."""
        hearers = {service for key in self._patterns_of(department) for service in self.subscriptions[key]}
        if len(hearers) != 1:
            raise ValueError(f"{department.code}: its messages are read by one service, not by {sorted(hearers)}")
        return hearers.pop()

    def _work(self, service: str) -> Queue:
        outside = {key for department in self.departments.values() for key in self._patterns_of(department)}
        events = ((self.exchange, key) for key in self.keys_of(service) if key not in outside)
        return Queue(service, _work(service), ((RETRY_EXCHANGE, service), *events), (service,))

    def _messages(self, department: Department) -> Queue:
        hearer = self._hearer(department)
        bindings = tuple((department.messages, key) for key in self.keys_from(department))
        bounds = {"x-max-length": department.most_waiting, "x-max-length-bytes": _MOST_BYTES}
        return Queue(department.waiting, {**_work(hearer), **bounds}, bindings, (hearer,))

    def _letters(self, service: str) -> Queue:
        bindings = ((DEAD_LETTER_EXCHANGE, service),)
        return Queue(dead_letters_of(service), {**_QUORUM, **_NEVER_DROP}, bindings, (OPERATIONS,))

    def _replies(self, department: Department) -> Queue:
        answers = self.correspondence.exchange if self.correspondence else self.exchange
        return Queue(department.replies, _REPLIES, ((answers, f"*.*.*.{department.code}"),), (department.code,))

    def _heads(self, department: Department) -> Queue:
        bindings = tuple((self.exchange, key) for key in self.outside)
        return Queue(department.record_heads, _REPLIES, bindings, (department.code,))

    def _from_services(self, exchange: str) -> tuple[tuple[str, str], ...]:
        return tuple((exchange, service) for service in self.services)


def load(path: Path) -> Topology:
    """Read `shared/contracts/topology.toml`. Raises KeyError or TOMLDecodeError for a file that is not one."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Topology(
        exchange=data["exchange"],
        trail=_trail(data["trail"]),
        delays=tuple(data["retry"]["delays"]),
        subscriptions={key: tuple(services) for key, services in data["subscriptions"].items()},
        outside=tuple(data.get("outside", ())),
        departments={code: _department(code, said) for code, said in data.get("departments", {}).items()},
        correspondence=_trail(data["correspondence"]) if "correspondence" in data else None,
        extracts={name: _trail({**said, "readers": [name]}) for name, said in data.get("extracts", {}).items()},
        edits=tuple(data.get("edits", {}).get("events", ())),
        ends=dict(data.get("ends", {})),
        signed=dict(data.get("signed", {})),
    )


def _trail(said: Mapping[str, Any]) -> Trail:
    lists = {name: tuple(said[name]) for name in ("readers", "keys") if name in said}
    return Trail(**{**said, **lists})


def _department(code: str, said: Mapping[str, Any]) -> Department:
    return Department(code, said["names"], tuple(said["events"]), said["per_hour"])


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
