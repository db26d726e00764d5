"""What stands for parts of the bus where the others are measured alone, and what tells when everything was handled."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from hashlib import sha256

from bus.envelope import EncodedEvent
from bus.publisher import Publisher
from bus.relay import Relay
from bus.topology import Topology
from store.commit import Committer, Handled, OutboxEntry
from store.heartbeat import Heartbeat
from store.repository import Database, Write

_DIGEST_KEY = b"k" * 32


class Countdown:
    """Tells when everything was handled."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._done = asyncio.Event()

    def count(self, handled: int) -> None:
        """Note that so many were handled."""
        self._left -= handled
        if self._left <= 0:
            self._done.set()

    async def wait(self) -> None:
        """Wait for the last one, two minutes at most."""
        await asyncio.wait_for(self._done.wait(), 120)


class Unstored(Committer):
    """A committer that keeps nothing: for the bus alone."""

    def __init__(self) -> None:
        pass

    async def commit(
        self, writes: Sequence[Write], events: Sequence[EncodedEvent] = (), handled: Handled | None = None
    ) -> OutboxEntry:
        """Say that it is done."""
        return OutboxEntry("", len(events))

    def digest_of(self, body: bytes) -> str:
        """Hash a body as a vault does."""
        return hmac.new(_DIGEST_KEY, body, sha256).hexdigest()


class Counting(Relay):
    """The relay, with a count of what was confirmed."""

    def __init__(
        self, database: Database, publisher: Publisher, topology: Topology, heartbeat: Heartbeat, *, done: Countdown
    ) -> None:
        super().__init__(database, publisher, topology, heartbeat)
        self._done = done

    async def dispatch(self, events: Sequence[EncodedEvent], entry: OutboxEntry) -> None:
        """Publish, and count."""
        await super().dispatch(events, entry)
        self._done.count(len(events))


class Direct(Relay):
    """A relay without an outbox, for the bus alone."""

    def __init__(self, publisher: Publisher, topology: Topology, done: Countdown) -> None:
        self._publisher = publisher
        self._topology = topology
        self._done = done

    async def dispatch(self, events: Sequence[EncodedEvent], entry: OutboxEntry) -> None:
        """Publish at once, and count."""
        for event in events:
            await self._publish(event)
        self._done.count(len(events))
