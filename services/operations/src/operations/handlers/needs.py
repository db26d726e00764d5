"""What the handlers need: their stores, the clock, the contracts."""

from __future__ import annotations

from dataclasses import dataclass

from messaging.topology import Topology
from operations.config import Settings
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Deps:
    """What the composition root hands to every handler."""

    clock: Clock
    topology: Topology
    settings: Settings
