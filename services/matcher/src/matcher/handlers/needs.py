"""What the handlers need, and the outcome in which all news of evidence ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol

from matcher.domain.evidence import Evidence
from matcher.domain.guardianship import Guardianship
from matcher.domain.holdings import settled
from matcher.domain.item import Item
from matcher.domain.rules import Rules, following_the_person
from matcher.domain.statistics import Statistics
from matcher.published import Holding, HoldingsChanged
from messaging.event import NOTHING, Change, Event, Outcome
from runtime.clock import Clock, today
from runtime.erasing import Erases
from runtime.presences import Presences
from runtime.records.persons import Opener


class EvidenceStore(Protocol):
    """Where evidence is kept, one document for each person."""

    async def get(self, id: str) -> Evidence | None:
        """Return what is held about the person behind a blind index."""

    async def of_resident(self, resident_id: str) -> Evidence | None:
        """Return what is held about a registered resident."""

    async def turning(self, day: date, limit: int) -> Sequence[Evidence]:
        """Return registered people whose records have begun or ended by `day` without any news."""

    async def statistics(self) -> Statistics:
        """Count all records."""

    def save(self, evidence: Evidence) -> Change:
        """Prepare the write."""


class ItemStore(Protocol):
    """Where the items' requirements are kept."""

    async def get(self, id: str) -> Item | None:
        """Return an item by its code."""

    def save(self, item: Item) -> Change:
        """Prepare the write."""


class GuardianshipStore(Protocol):
    """Who may act for whom."""

    async def get(self, id: str) -> Guardianship | None:
        """Return what is known between a guardian and a child."""

    def save(self, document: Guardianship) -> Change:
        """Prepare the write."""


class Tally(Protocol):
    """Counts answers."""

    def __call__(self, *, proven: bool, document_type: str, source: str | None) -> None:
        """Count one answer; `source` is that of the record that proves or explains."""


@dataclass(frozen=True)
class Deps:
    """What handlers are given besides the message or request."""

    evidence: EvidenceStore
    items: ItemStore
    guardianships: GuardianshipStore
    presences: Presences
    rules: Rules
    opener: Opener
    clock: Clock
    eraser: Erases
    tally: Tally

    @property
    def today(self) -> date:
        """The day that it is in Shenzhen."""
        return today(self.clock())

    @cached_property
    def follows_person(self) -> frozenset[str]:
        """Document types that prove nothing while their holder is suspended."""
        return following_the_person(self.rules)


def outcome(before: Evidence, after: Evidence, deps: Deps) -> Outcome[None]:
    """Save what has changed and announce changed holdings; nothing for old news."""
    if after is before:
        return NOTHING
    after = settled(after, deps.today, deps.rules)
    return Outcome(changes=[deps.evidence.save(after)], events=announcement(before, after), case=None)


def announcement(before: Evidence, after: Evidence) -> list[Event]:
    """Return the event that says what a registered resident holds now, if that has changed."""
    if after.resident_id is None or after.holdings_sequence == before.holdings_sequence:
        return []
    holdings = [Holding.model_validate(holding.model_dump()) for holding in after.holdings]
    changed = HoldingsChanged(
        resident_id=after.resident_id,
        holder_index=after.id,
        holdings=holdings,
        sequence=after.holdings_sequence,
    )
    return [changed]
