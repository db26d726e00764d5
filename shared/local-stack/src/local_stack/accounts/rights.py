"""What each account may do on the broker, from the topology: its own routing keys, its own replies, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from messaging.topology import Department, Topology

NOTHING = "^$"
"""A pattern that no name matches."""

# A department's system needs two connections; ten leave room for a restart, and one that leaks cannot take all.
LIMITS = {"max-connections": 10, "max-channels": 50}


@dataclass(frozen=True, slots=True)
class Account:
    """One account: names of exchanges and queues that it may write to and read from, all given in full.

    `topics` are, for a topic exchange, the routing keys that it may write there.
    """

    name: str
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    configure: tuple[str, ...] = ()
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)


def department_accounts(topology: Topology) -> Iterator[Account]:
    """Yield the account of every system outside, by code."""
    for code, department in sorted(topology.departments.items()):
        yield Account(
            name=code,
            write=(topology.exchange,),
            read=(department.replies,),
            topics={topology.exchange: routing_keys(topology, department)},
            limits=LIMITS,
        )


def routing_keys(topology: Topology, department: Department) -> tuple[str, ...]:
    """Return the routing keys that are a department's own: its events, in every version that somebody acts on."""
    keys = set()
    for pattern in topology.subscriptions:
        publisher, event, version = pattern.split(".")
        if event in department.events and publisher in ("*", department.code):
            keys.add(f"{department.code}.{event}.{version}")
    return tuple(sorted(keys))


def any_of(names: Iterable[str]) -> str:
    """Return the pattern that matches these names and no other, as the broker's regular expressions want it."""
    wanted = "|".join(name.replace(".", r"\.") for name in names)
    # `$` would let through a name with a line break after it.
    return rf"^({wanted})\z" if wanted else NOTHING
