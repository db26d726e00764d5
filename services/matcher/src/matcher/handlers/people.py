"""What identity says: who is behind an index, and whether they are suspended."""

from __future__ import annotations

from matcher.consumed import PersonHeldUp, PersonKnown
from matcher.domain.evidence import Evidence, Identity
from matcher.handlers.needs import Deps, outcome
from messaging.event import Outcome, Received


async def learn_person(event: Received[PersonKnown], deps: Deps) -> Outcome[None]:
    """Link an index to its resident; what is held already becomes the resident's."""
    said = event.data
    before = await _known(said.holder_index, deps)
    identity = Identity(**said.model_dump(exclude={"holder_index"}))
    return outcome(before, before.with_identity(identity), deps)


async def suspend_person(event: Received[PersonHeldUp], deps: Deps) -> Outcome[None]:
    """Let nothing that follows the person prove anything until reinstated."""
    return await _hold_up(event.data, deps, suspended=True)


async def reinstate_person(event: Received[PersonHeldUp], deps: Deps) -> Outcome[None]:
    """Lift a suspension."""
    return await _hold_up(event.data, deps, suspended=False)


async def _hold_up(said: PersonHeldUp, deps: Deps, *, suspended: bool) -> Outcome[None]:
    before = await _known(said.holder_index, deps)
    return outcome(before, before.with_standing(said.resident_id, said.sequence, suspended=suspended), deps)


async def _known(index: str, deps: Deps) -> Evidence:
    return await deps.evidence.get(index) or Evidence(id=index)
