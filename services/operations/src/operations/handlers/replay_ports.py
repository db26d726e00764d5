"""What replaying and editing need of stores, trail and broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from messaging.event import Change
from operations.domain.edit import Edit
from operations.domain.fate import FailedAgain, Fate
from operations.domain.items import Block, Known, Rank
from operations.domain.preview import Queue
from operations.domain.replay import Progress, Replay
from operations.domain.trail import Recorded


class Replays(Protocol):
    """Where replays are kept, with their items and their progress."""

    async def get(self, id: str) -> Replay | None:
        """Return one replay."""

    async def page(self, *, state: str | None, before: tuple[datetime, str] | None, limit: int) -> Sequence[Replay]:
        """Return replays, the latest first, behind a place."""

    def save(self, replay: Replay) -> Change:
        """Prepare the write of a replay."""

    def freeze(self, blocks: Iterable[Block]) -> Sequence[Change]:
        """Prepare that the items of a new replay are kept."""

    async def blocks(self, replay: str, numbers: Iterable[int]) -> Sequence[Block]:
        """Return the blocks that hold these items, in order, as they were frozen."""

    async def known(self, replay: str, numbers: Iterable[int]) -> Sequence[Block]:
        """Return the blocks that hold these items, in order, with what is known of them by now."""

    async def items(self, ids: Iterable[str]) -> Known:
        """Return those of these items that exist, each with its block."""

    async def ranks(self, replay: str, numbers: Iterable[int], least: Rank = Rank.PENDING) -> Mapping[int, int]:
        """Return what is known of the items of the blocks that hold these, by number; nothing less than `least`."""

    def learn(self, replay: str, ranks: Mapping[int, Rank], at: datetime) -> Sequence[Change]:
        """Prepare that something is known of items; what is known already and greater goes on holding."""

    async def failed_again(self, replay: str, numbers: Iterable[int]) -> Mapping[int, FailedAgain]:
        """Return why items have failed, by number; nothing for what failed before that was kept."""

    def forget(self, failures: Sequence[str]) -> Sequence[Change]:
        """Prepare that what was said while these failed goes; that they failed, and of what, stays."""

    def met(self, fates: Iterable[Fate], known: Known) -> Sequence[Change]:
        """Prepare that known items met their fate; that it is told already changes nothing."""

    async def progress(self, ids: Sequence[str]) -> Mapping[str, Progress]:
        """Return how far replays are."""

    def begin(self, progress: Progress) -> Change:
        """Prepare the progress of a new replay."""

    def activate(self, id: str, runs: int) -> Change:
        """Prepare that a driver takes the replay up."""

    async def active(self) -> Sequence[str]:
        """Return the replays that need a driver."""

    async def lease(self, id: str, driver: str, until: datetime) -> bool:
        """Take or keep the lease, and tell whether that was possible."""

    async def release(self, id: str, driver: str) -> None:
        """Give the lease back."""

    async def note(self, id: str, driver: str, values: Mapping[str, object]) -> bool:
        """Note progress, and tell whether this driver still has the lease."""

    async def rest(self, id: str, driver: str, runs: int) -> bool:
        """Note that there is nothing to do for now, unless it was started or resumed meanwhile."""


class Edits(Protocol):
    """Where edits are kept."""

    async def get(self, id: str) -> Edit | None:
        """Return one edit."""

    async def page(
        self, *, state: str | None, failure: str | None, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Edit]:
        """Return edits, the latest first, behind a place."""

    def save(self, edit: Edit) -> Change:
        """Prepare the write of an edit."""


class Queues(Protocol):
    """What the broker knows of the services' queues."""

    async def look(self, services: Sequence[str]) -> Sequence[Queue]:
        """Tell of each whether it exists, who consumes it and how much waits in it."""


class TrailEvents(Protocol):
    """The trail, as far as events are sent again from it."""

    def between(self, first: int, last: int) -> AsyncIterator[Recorded]:
        """Return every event from one place to before another, in order of arrival."""

    async def named(self, ids: Sequence[str]) -> Mapping[str, Recorded]:
        """Return those of these events that are kept."""


class Send(Protocol):
    """Sends one message back to one service; returns when the broker has confirmed."""

    async def __call__(self, body: bytes, *, service: str, item: str, redelivery: str | None, patience: bool) -> None:
        """Raise UnroutableError when the queue is gone, BrokerUnavailableError when the broker is."""
