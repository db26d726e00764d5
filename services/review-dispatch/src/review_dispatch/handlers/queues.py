"""Looking: the queue, and one task."""

from __future__ import annotations

from collections.abc import Sequence

from bus.event import Outcome
from review_dispatch.domain.queue import QueueCount, QueueQuery
from review_dispatch.domain.task import Task
from review_dispatch.handlers.access import may_see, may_see_values, narrowed
from review_dispatch.handlers.access_events import accessed
from review_dispatch.handlers.dependencies import Deps
from runtime.clock import today
from runtime.errors import NotAllowed, NotFound
from web.auth import Principal

MOST_DOORS = 200
"""Doors that one officer is shown at once."""


async def show_queue(wanted: QueueQuery, by: Principal, deps: Deps, *, after: str | None, limit: int) -> Sequence[Task]:
    """Return the caller's tasks that are wanted, the most urgent first."""
    return await deps.tasks.queue(narrowed(wanted, by, deps.district.routes), after=after, limit=limit)


async def count_queues(wanted: QueueQuery, by: Principal, deps: Deps) -> Sequence[QueueCount]:
    """Count what waits in the caller's queues, and who has it."""
    return await deps.waiting.of(narrowed(wanted, by, deps.district.routes), today(deps.clock()))


async def show_doors(by: Principal, deps: Deps) -> Sequence[Task]:
    """Return the door checks that the caller has in hand; of each look at one `see_door` tells."""
    found = await deps.tasks.in_hand_of(by.subject, MOST_DOORS)
    return [task for task in found if task.kind == "field-check" and may_see_values(task, by)]


async def see_door(task: Task, by: Principal, deps: Deps) -> Outcome[Task]:
    """Tell that the address of a door was shown."""
    return Outcome(accesses=accessed(task, by, deps), case=task.application_id, result=task)


async def show_task(task_id: str, by: Principal, deps: Deps) -> Outcome[Task]:
    """Show one task, and tell of it. Raises NotFound, or NotAllowed when it is none of the caller's."""
    task = await deps.tasks.get(task_id)
    if task is None:
        raise NotFound("no-such-task", id=task_id)
    if not may_see(task, by):
        raise NotAllowed("task-of-others", department=task.department)
    return Outcome(accesses=accessed(task, by, deps), case=task.application_id, result=task)
