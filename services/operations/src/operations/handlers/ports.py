"""What handlers need of the stores of failures, their groups and the record of actions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from messaging.event import Change
from operations.domain.audit import Asked, Detail, Entry, Head
from operations.domain.erased import ErasedCase
from operations.domain.failure import Failure, State, Summary
from operations.domain.group import FailureGroup, Move, Note
from operations.domain.letter import Letter
from operations.domain.search import Criteria, Place


class Failures(Protocol):
    """Where failures are kept."""

    async def get(self, id: str) -> Failure | None:
        """Return one failure with its message."""

    async def many(self, ids: Sequence[str]) -> Mapping[str, Failure]:
        """Return those of these failures that exist, with their messages."""

    async def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        """Return those of these failures that exist, without their messages."""

    async def search(
        self, criteria: Criteria, words: Sequence[str], *, after: Place | None = None, limit: int
    ) -> Sequence[Summary]:
        """Return the failures that meet all criteria and have all words, the latest first."""

    async def of_event(self, event_id: str) -> Sequence[Summary]:
        """Return the failures of one event, in whatever service."""

    async def around(self, event_id: str, caused_by: str, limit: int) -> Sequence[Summary]:
        """Return failures of these two events and of what they caused, the latest first; empty ids find nothing."""

    async def of_case(self, case: str) -> Sequence[Failure]:
        """Return the failures of a case that can still be found by it, with their messages."""

    async def settled_before(self, moment: datetime, limit: int) -> Sequence[Summary]:
        """Return failures that were resolved or discarded, and seen last, before a moment."""

    async def put_away_before(self, moment: datetime, limit: int) -> Sequence[Failure]:
        """Return discarded failures whose message is still there though their term ended before a moment."""

    def moved(self, moves: Sequence[Move], letters: Iterable[Letter] = ()) -> Sequence[Change]:
        """Prepare what became of failures (before, after), with what their groups count of it.

        Refused at the commit if somebody changed one of them meanwhile. Each failure stands in at most one move.
        """


class Erased(Protocol):
    """The cases whose data was erased."""

    async def among(self, cases: Collection[str]) -> frozenset[str]:
        """Return those of these cases that were erased."""

    async def unsettled(self, before: datetime, limit: int) -> Sequence[ErasedCase]:
        """Return those that were erased before a moment and not looked through again since."""

    def save(self, case: ErasedCase) -> Change:
        """Prepare the write."""


class Groups(Protocol):
    """Where groups are kept."""

    async def get(self, id: str) -> FailureGroup | None:
        """Return one group."""

    async def page(
        self,
        *,
        service: str | None = None,
        event_type: str | None = None,
        state: State | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Sequence[FailureGroup]:
        """Return groups, the latest seen first; with a state, those that have failures in it."""

    async def all(self) -> Sequence[FailureGroup]:
        """Return all groups."""

    def note(self, group: FailureGroup, note: Note) -> Sequence[Change]:
        """Prepare one more note; refused at the commit if somebody else noted something meanwhile."""

    async def fold(self) -> Sequence[Change]:
        """Prepare that groups count all that is still to be added; refused at the commit if somebody else did it."""

    def forget_hours(self, id: str, hours: Sequence[str]) -> Change:
        """Prepare that counts of these hours go."""

    def remove(self, group: FailureGroup) -> Change:
        """Prepare that a group goes that counts no failure; should it fail again meanwhile, it begins anew."""


class Audit(Protocol):
    """Where the record of operators' actions is kept."""

    async def entry(
        self, *, by: str, action: str, target: str, reason: str = "", details: Mapping[str, Detail] | None = None
    ) -> Sequence[Change]:
        """Prepare the next entry, at most one for each commit; refused there if another one was faster."""

    async def head(self) -> Head:
        """Return where the record ends."""

    async def get(self, number: int) -> Entry | None:
        """Return one entry."""

    async def page(self, asked: Asked, *, before: int | None, limit: int) -> Sequence[Entry]:
        """Return entries that are asked for, the latest first."""

    async def after(self, number: int, limit: int) -> Sequence[Entry]:
        """Return the entries that follow a number, in order."""
