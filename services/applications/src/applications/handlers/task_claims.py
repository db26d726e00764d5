"""Learning who has which task in hand."""

from __future__ import annotations

from applications.domain.task_claims import ClaimedBy, TaskClaim
from applications.handlers.dependencies import Deps
from applications.views import TaskClaimed, TaskReleased
from bus.event import NOTHING, Outcome, Received


async def note_claimed(event: Received[TaskClaimed], deps: Deps) -> Outcome[None]:
    """Somebody has taken a task in hand."""
    return await _hear(event.data, ClaimedBy(by=event.data.claimed_by, since=event.data.claimed_at), deps)


async def note_released(event: Received[TaskReleased], deps: Deps) -> Outcome[None]:
    """Nobody has it in hand any more; that is kept, so that a claim of before that comes late changes nothing."""
    return await _hear(event.data, None, deps)


async def _hear(said: TaskClaimed | TaskReleased, held: ClaimedBy | None, deps: Deps) -> Outcome[None]:
    known = await deps.hands.get(said.task_id)
    if known is None:
        return await _begin(said, held, deps)
    heard = known.heard(held, said.sequence)
    return NOTHING if heard is known else Outcome(changes=[deps.hands.save(heard)])


async def _begin(said: TaskClaimed | TaskReleased, held: ClaimedBy | None, deps: Deps) -> Outcome[None]:
    """Keep the first news of a task, while its application is open: what has ended may be gone with all about it."""
    if not await _is_open(said.application_id, deps):
        return NOTHING
    new = TaskClaim(id=said.task_id, application_id=said.application_id, kind=said.kind, requirement=said.requirement)
    kept = deps.hands.save(new.heard(held, said.sequence))
    return Outcome(changes=[kept, deps.applications.if_open(said.application_id)])


async def _is_open(application_id: str, deps: Deps) -> bool:
    """Tell whether it matters who has a task of it in hand: not once it has ended, or is gone with all about it."""
    application = await deps.applications.get(application_id)
    return application is not None and not application.is_final
