"""Learning who may act for a child."""

from __future__ import annotations

from matcher.consumed import GuardianshipChanged
from matcher.domain.guardianship import Care, Guardianship
from matcher.handlers.needs import Deps
from messaging.event import NOTHING, Outcome, Received


async def begin(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """Learn that one person may act for another."""
    return await _hear(event.data, deps, active=True)


async def end(event: Received[GuardianshipChanged], deps: Deps) -> Outcome[None]:
    """Learn that one person may no longer act for another."""
    return await _hear(event.data, deps, active=False)


async def _hear(said: GuardianshipChanged, deps: Deps, *, active: bool) -> Outcome[None]:
    pair = Guardianship.between(said.guardian_id, said.child_id)
    known = await deps.guardianships.get(pair) or Guardianship(id=pair)
    heard = known.heard(Care(guardianship_id=said.guardianship_id, active=active, sequence=said.sequence))
    return NOTHING if heard is known else Outcome(changes=[deps.guardianships.save(heard)])
