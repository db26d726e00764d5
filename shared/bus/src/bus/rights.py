"""What each account may do on the broker, from the topology: its own routing keys, its own queues, nothing else.

No account here may configure anything: what there is, the administrator's account declares (`bus/declare.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bus.topology import (
    DEAD_LETTER_EXCHANGE,
    OPERATIONS,
    RECEIPT_EXCHANGE,
    RETRY_EXCHANGE,
    Department,
    Topology,
    dead_letters_of,
    delay_name,
)

NOTHING = "^$"
"""A pattern that no name matches."""

# A department's system needs two connections; ten leave room for a restart, and one that leaks cannot take all.
LIMITS = {"max-connections": 10, "max-channels": 50}


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """One account: the queues that it may read, all given in full.

    `writes` are the exchanges that it may write to, with the pattern of the routing keys that it may use there. `looks`
    are exchanges and queues at which it may only look: from RabbitMQ 4.3 a passive declaration asks for some right, and
    the right to write is the one with which nothing can be done there without another (no binding, no message read).
    """

    name: str
    reads: tuple[str, ...] = ()
    writes: Mapping[str, str] = field(default_factory=dict)
    looks: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)


def every_account(topology: Topology) -> Iterator[BrokerAccount]:
    """Yield the accounts of all systems outside, then those of all services."""
    yield from department_accounts(topology)
    yield from service_accounts(topology)


def department_accounts(topology: Topology) -> Iterator[BrokerAccount]:
    """Yield the account of every system outside, by code."""
    for code, department in sorted(topology.departments.items()):
        keys = any_of(topology.keys_from(department))
        yield BrokerAccount(code, _read_by(code, topology), {department.messages: keys}, limits=LIMITS)


def service_accounts(topology: Topology) -> Iterator[BrokerAccount]:
    """Yield the account of every service of ours, by name."""
    for service in topology.parties:
        looks = tuple(_looked_at_by(service, topology))
        yield BrokerAccount(service, _read_by(service, topology), dict(_written_by(service, topology)), looks)


def _read_by(name: str, topology: Topology) -> tuple[str, ...]:
    return tuple(queue.name for queue in topology.queues if name in queue.readers)


def _looked_at_by(service: str, topology: Topology) -> Iterator[str]:
    """Whether all is declared; how many its own dead letters are, and for operations every queue of work.

    Never an exchange to which something is bound: without a topic permission every key may be written there.
    """
    yield topology.declared
    if service in topology.services:
        yield dead_letters_of(service)
    if service == OPERATIONS:
        yield from topology.services


def _written_by(service: str, topology: Topology) -> Iterator[tuple[str, str]]:
    """Its own events, its own failures under its own name; and operations what it sends back, to whomever."""
    if any(key.startswith(f"{service}.") for key in topology.subscriptions):
        yield topology.exchange, rf"^{_literally(service)}\.[a-z0-9.-]+\z"
    if topology.correspondence and (heard := topology.senders_to(service)):
        yield topology.correspondence.exchange, _correspondence_of(service, heard, topology)
    if service in topology.services:
        for exchange in (DEAD_LETTER_EXCHANGE, RECEIPT_EXCHANGE, *map(delay_name, topology.delays)):
            yield exchange, any_of([service])
    if service == OPERATIONS:
        yield RETRY_EXCHANGE, any_of(topology.services)


def _correspondence_of(service: str, heard: Iterable[Department], topology: Topology) -> str:
    """What it accepted, under the keys of those who said it, and its answers to them.

    Those who say the same are told together: RabbitMQ 4.3 does not start with a pattern that is much longer than this.
    """
    alike: dict[str, list[str]] = {}
    for department in heard:
        events = (_literally(key.partition(".")[2]) for key in topology.keys_from(department))
        alike.setdefault("|".join(events), []).append(_literally(department.code))
    said = "|".join(rf"({'|'.join(codes)})\.({events})" for events, codes in alike.items())
    codes = "|".join(code for each in alike.values() for code in each)
    return rf"^({said}|{_literally(service)}\.[a-z0-9-]+\.v[0-9]+\.({codes}))\z"


def any_of(names: Iterable[str]) -> str:
    """Return the pattern that matches these names and no other, as the broker's regular expressions want it."""
    wanted = "|".join(map(_literally, names))
    # `$` would let through a name with a line break after it.
    return rf"^({wanted})\z" if wanted else NOTHING


def _literally(name: str) -> str:
    return re.sub(r"[^a-z0-9-]", r"\\\g<0>", name)
