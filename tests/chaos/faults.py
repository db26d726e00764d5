"""Which faults there are, and in which order a seed brings them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Literal

Layer = Literal["services", "brokers", "members"]


class Kind(StrEnum):
    """What goes wrong."""

    KILL_SERVICE = "kill-service"
    KILL_BROKER = "kill-broker"
    KILL_PRIMARY = "kill-primary"
    FREEZE_SERVICE = "freeze-service"
    FREEZE_BROKER = "freeze-broker"
    FREEZE_MEMBER = "freeze-member"
    MEMORY_ALARM = "memory-alarm"
    DISK_ALARM = "disk-alarm"
    STEP_DOWN = "step-down"
    CLOCK = "clock"


LAYER: Mapping[Kind, Layer] = {
    Kind.KILL_SERVICE: "services",
    Kind.FREEZE_SERVICE: "services",
    Kind.CLOCK: "services",
    Kind.KILL_BROKER: "brokers",
    Kind.FREEZE_BROKER: "brokers",
    Kind.MEMORY_ALARM: "brokers",
    Kind.DISK_ALARM: "brokers",
    Kind.KILL_PRIMARY: "members",
    Kind.FREEZE_MEMBER: "members",
    Kind.STEP_DOWN: "members",
}

HOLD: Mapping[Kind, float] = {
    Kind.KILL_SERVICE: 3.0,
    Kind.KILL_BROKER: 10.0,
    Kind.KILL_PRIMARY: 10.0,
    Kind.FREEZE_SERVICE: 20.0,
    Kind.FREEZE_BROKER: 20.0,
    Kind.FREEZE_MEMBER: 20.0,
    Kind.MEMORY_ALARM: 8.0,
    Kind.DISK_ALARM: 8.0,
    Kind.STEP_DOWN: 0.0,
    Kind.CLOCK: 20.0,
}
"""Seconds from the fault until it is put right, as a supervisor, an operator or the network would."""

PRIMARY = "primary"
"""Stands for the member that is the primary when the fault comes."""

TOGETHER = 0.25
"""The share of the rounds in which two layers fail at once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and which part it befalls."""

    kind: Kind
    target: str

    @property
    def layer(self) -> Layer:
        """Where it happens."""
        return LAYER[self.kind]


@dataclass(frozen=True, slots=True)
class Parts:
    """The names of all processes that may fail: the services', the broker's nodes, the store's members."""

    services: tuple[str, ...]
    brokers: tuple[str, ...]
    members: tuple[str, ...]


def rounds(dice: Random, parts: Parts, kinds: Sequence[Kind] = tuple(Kind)) -> Iterator[tuple[Fault, ...]]:
    """Draw rounds without end: one fault, now and then two of different layers at once.

    Every kind comes once before any comes again. Two parts of one layer never fail at once: of three, two must stand.
    """
    waiting: list[Kind] = []
    while True:
        waiting = waiting or dice.sample(kinds, len(kinds))
        drawn = [waiting.pop()]
        others = [kind for kind in waiting if LAYER[kind] != LAYER[drawn[0]]]
        if others and dice.random() < TOGETHER:
            drawn.append(others[-1])
            waiting.remove(others[-1])
        yield tuple(Fault(kind, _target(kind, dice, parts)) for kind in drawn)


def _target(kind: Kind, dice: Random, parts: Parts) -> str:
    if kind in {Kind.KILL_PRIMARY, Kind.STEP_DOWN}:
        return PRIMARY
    names: Mapping[Layer, tuple[str, ...]] = {
        "services": parts.services,
        "brokers": parts.brokers,
        "members": parts.members,
    }
    return dice.choice(names[LAYER[kind]])
