"""An application ended: what still waits for it is void, and what comes later is born so."""

from __future__ import annotations

from bus.event import NOTHING, Outcome, Received
from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.case import Case
from review_dispatch.domain.task import Cause
from review_dispatch.handlers import task_claims
from review_dispatch.handlers.dependencies import Deps
from review_dispatch.views import ApplicationEnded


async def close_withdrawn(event: Received[ApplicationEnded], deps: Deps) -> Outcome[None]:
    """The applicant withdrew."""
    return await _close(event, "withdrawn", deps)


async def close_rejected(event: Received[ApplicationEnded], deps: Deps) -> Outcome[None]:
    return await _close(event, "rejected", deps)


async def _close(event: Received[ApplicationEnded], because: Cause, deps: Deps) -> Outcome[None]:
    case = await deps.cases.get(event.data.application_id) or Case(id=event.data.application_id)
    if case.closing is not None:
        return NOTHING
    tasks = [await deps.tasks.get(entry.task_id) for entry in case.entries]
    waiting = [task for task in tasks if task is not None and task.is_waiting and task.serves_application]
    void = [(task, cancel(task, because, event.time)) for task in waiting]
    closed = deps.cases.save(case.closed(because, event.time))
    return Outcome(
        changes=[closed, *(deps.tasks.save(after) for _, after in void)],
        events=[told for before, after in void for told in task_claims.in_hand(before, after)],
    )
