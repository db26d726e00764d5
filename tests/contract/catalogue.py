"""What is said about events beside their schemas: their Chinese names, who publishes and who acts, which are older."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import yaml
from pydantic import BaseModel, ConfigDict

from bus import topology
from bus.topology import Topology
from tests.contract.published import CONTRACTS, all_types, heard, subscriptions


class Named(BaseModel):
    """What an event says, in Chinese, and since when which of its versions are no longer published."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    zh: str
    retired: Mapping[str, date] = {}


class Catalogue(BaseModel):
    """`shared/contracts/catalogue.yaml`: publishers by code; events without their version."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    publishers: Mapping[str, str]
    events: Mapping[str, Named]

    def is_retired(self, event_type: str) -> bool:
        """Tell whether a version is no longer published."""
        return version_of(event_type) in self.events[name_of(event_type)].retired


@cache
def catalogue() -> Catalogue:
    """Read the catalogue."""
    path = CONTRACTS / "catalogue.yaml"
    return Catalogue.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def deployed() -> Topology:
    """Read the topology as it is deployed."""
    return topology.load(CONTRACTS / "topology.toml")


def name_of(event_type: str) -> str:
    """Return an event's name without its version: what all versions have in common."""
    return event_type.rpartition(".")[0]


def version_of(event_type: str) -> str:
    """Return the version, such as `v2`."""
    return event_type.rpartition(".")[2]


def publisher_of(event_type: str) -> str:
    """Return who publishes it; `department` stands for each of them."""
    return event_type.partition(".")[0]


def readers(event_type: str) -> list[str]:
    """Return the services whose queues get it."""
    return sorted({service for service, it in subscriptions() if heard(it.pattern) == event_type})


def readers_by_upcast(event_type: str) -> list[str]:
    """Return the services that no longer get it, but read an old one that comes back, as its successor."""
    return sorted({service for service, it in subscriptions() if event_type in it.older})


def versions(event_type: str) -> list[str]:
    """Return all versions of the same event that are published today, the oldest first."""
    same = [it for it in all_types() if name_of(it) == name_of(event_type)]
    return sorted(same, key=lambda it: int(version_of(it).removeprefix("v")))


def departments() -> dict[str, str]:
    """Return the departments whose records are read, without the city, with their English names."""
    return {code: it.names["en"] for code, it in deployed().departments.items() if code != "city"}
