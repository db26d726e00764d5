"""Where an event enters the bus: systems outside have an exchange each, our services share one."""

from __future__ import annotations

from bus import topology
from testkit.fixtures import TOPOLOGY

_DEPLOYED = topology.load(TOPOLOGY)


def entrance_of(routing_key: str) -> str:
    """Return the exchange to which its publisher publishes an event."""
    sender = _DEPLOYED.sender_of(routing_key)
    return sender.messages if sender else _DEPLOYED.exchange
