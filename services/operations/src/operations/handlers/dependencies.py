"""What the handlers need: their stores, the clock, the contracts."""

from __future__ import annotations

from dataclasses import dataclass

from bus.event_encryption import EventCipher
from bus.signatures import EventKeys, EventSigner
from bus.topology import Topology
from operations.config import Settings
from operations.domain.contracts import Contracts
from operations.domain.tokens import FieldKey
from operations.store.audit import AuditDocuments
from operations.store.edits import EditDocuments
from operations.store.erased import ErasedDocuments
from operations.store.failures import FailureDocuments
from operations.store.groups import GroupDocuments
from operations.store.queues import BrokerQueues
from operations.store.replays import ReplayDocuments
from operations.store.trail import TrailStore
from privacy.own_requests import OwnRequests
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
    failures: FailureDocuments
    groups: GroupDocuments
    audit: AuditDocuments
    trail: TrailStore
    erased: ErasedDocuments
    replays: ReplayDocuments
    edits: EditDocuments
    queues: BrokerQueues
    own_requests: OwnRequests
