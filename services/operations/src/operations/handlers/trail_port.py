"""What handlers need of the store of the trail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from operations.domain.trail import Reading, Recorded


class Trail(Protocol):
    """Where every event of the bus is kept, once. Places are those of `operations.domain.trail.Recorded`."""

    async def record(self, entries: Sequence[Recorded]) -> None:
        """Keep these. What is there already stays as it is; another body under a known id is kept beside it."""

    async def reading(self, queue: str) -> Reading | None:
        """Tell how far the stream was read."""

    async def keep_reading(self, queue: str, reading: Reading) -> None:
        """Remember how far the stream was read."""

    async def last_place(self) -> int:
        """Tell the place of the newest event, 0 when there is none."""

    async def of_case(self, case: str, first: int, limit: int) -> Sequence[Recorded]:
        """Read the first events of a case from a place on, in order of arrival."""

    async def named(self, ids: Sequence[str]) -> Mapping[str, Recorded]:
        """Read those of these events that there are."""

    async def newest(self, wanted: Mapping[str, str], first: int, last: int, limit: int) -> Sequence[Recorded]:
        """Read the newest events from `first` to before `last` whose fields are as wanted, the newest first."""

    def between(self, first: int, last: int) -> AsyncIterator[Recorded]:
        """Read every event from `first` to before `last` in order of arrival."""

    async def count(self, case: str) -> int:
        """Tell how many events a case has."""

    async def blank(self, case: str) -> int:
        """Take out of a case's events what they say, and tell how many events it has."""

    async def forget(self, before: int, at_most: int) -> int:
        """Remove the oldest events from before a place; tell how many."""
