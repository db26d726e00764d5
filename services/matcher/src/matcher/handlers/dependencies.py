"""What the handlers need, and the outcome in which all news of evidence ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from bus.event import NOTHING, Event, Outcome
from matcher.domain.evidence import Evidence
from matcher.domain.holdings import settled
from matcher.domain.item import Item
from matcher.domain.rules import Rules, following_the_person
from matcher.events import Holding, HoldingsChanged
from matcher.store import EvidenceStore
from privacy.erasure import Eraser
from privacy.guardianships import Guardianships
from privacy.own_requests import OwnRequests
from records.persons import Opener
from runtime.clock import Clock, today
from store.repository import Repository
from web.presences import KnownPresence
from web.signed_requests import SignedRequests


@dataclass(frozen=True)
class Deps:
    """What handlers are given besides the message or request."""

    evidence: EvidenceStore
    items: Repository[Item]
    guardianships: Guardianships
    presences: Repository[KnownPresence]
    rules: Rules
    opener: Opener
    signed_requests: SignedRequests
    clock: Clock
    eraser: Eraser
    own_requests: OwnRequests

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
