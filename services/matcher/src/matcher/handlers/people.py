"""What identity says: who is behind an index, and whether they are suspended."""

from __future__ import annotations

from bus.envelope import BrokenMessageError
from bus.event import Outcome, Received
from matcher.domain.evidence import Evidence, Identity
from matcher.handlers.dependencies import Deps, outcome
from matcher.views import PersonKnown, SuspensionChanged


async def learn_person(event: Received[PersonKnown], deps: Deps) -> Outcome[None]:
    """Link an index to its resident; what is held already becomes the resident's."""
    said = event.data
    before = await _known(said, deps)
    identity = Identity(**said.model_dump(exclude={"holder_index"}))
    return outcome(before, before.with_identity(identity), deps)


async def suspend_person(event: Received[SuspensionChanged], deps: Deps) -> Outcome[None]:
    """Let nothing that follows the person prove anything until reinstated."""
    return await _hold_up(event.data, deps, suspended=True)


async def reinstate_person(event: Received[SuspensionChanged], deps: Deps) -> Outcome[None]:
    """Lift a suspension."""
    return await _hold_up(event.data, deps, suspended=False)


async def _hold_up(said: SuspensionChanged, deps: Deps, *, suspended: bool) -> Outcome[None]:
    before = await _known(said, deps)
    return outcome(before, before.with_standing(said.resident_id, said.sequence, suspended=suspended), deps)


async def _known(said: PersonKnown | SuspensionChanged, deps: Deps) -> Evidence:
    """Return what is held under the number. Raises BrokenMessageError where it, or the resident, has another."""
    known = await deps.evidence.get(said.holder_index) or Evidence(id=said.holder_index)
    is_first = known.resident_id is None and await deps.evidence.of_resident(said.resident_id) is None
    if not is_first and known.resident_id != said.resident_id:
        raise BrokenMessageError("another-holder", "/data", "the resident with that number")
    return known
