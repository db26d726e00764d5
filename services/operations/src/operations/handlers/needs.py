"""What the handlers need: their stores, the clock, the contracts."""

from __future__ import annotations

from dataclasses import dataclass

from messaging.event_encryption import EventCipher
from messaging.signatures import EventKeys, EventSigner
from messaging.topology import Topology
from operations.config import Settings
from operations.domain.contracts import Contracts
from operations.domain.tokens import FieldKey
from operations.handlers.ports import Audit, Erased, Failures, Groups
from operations.handlers.replay_ports import Edits, Queues, Replays
from operations.handlers.trail_port import Trail
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Deps:
    """What the composition root hands to every handler."""

    clock: Clock
    topology: Topology
    signer: EventSigner
    """Signs what operators have edited."""
    keys: EventKeys
    """By which it is known who published an event."""
    cipher: EventCipher
    """By which it is read what events say of people: to be masked, or shown to who stated a reason."""
    settings: Settings
    contracts: Contracts
    words_key: FieldKey
    """The key under which values of fields can be searched for."""
    failures: Failures
    groups: Groups
    audit: Audit
    trail: Trail
    erased: Erased
    replays: Replays
    edits: Edits
    queues: Queues
