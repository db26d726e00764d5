"""What time brings: overdue tasks go to the next level, and the gauges are read."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Gauge

from bus.event import Outcome
from review_dispatch.domain.escalation import escalate, is_due
from review_dispatch.domain.task import Task
from review_dispatch.handlers import event_map, task_claims
from review_dispatch.handlers.dependencies import Deps
from runtime.clock import today

AT_ONCE = 200
"""How many tasks are escalated in one go; the rest follows in the next."""

WAITING = Gauge("yizheng_reviews_waiting", "Tasks that wait for a person", ["kind", "department"])
OVERDUE = Gauge("yizheng_reviews_overdue", "Tasks whose deadline has passed", ["kind", "department"])


async def escalate_overdue(deps: Deps) -> Sequence[Outcome[None]]:
    """Move every overdue task one level up and tell who has it now."""
    day = today(deps.clock())
    found = await deps.tasks.to_escalate(day, AT_ONCE)
    return [_escalated(task, deps) for task in found if is_due(task, day)]


async def count_waiting(deps: Deps) -> Sequence[Outcome[None]]:
    """Set the gauges; changes nothing."""
    counted = await deps.waiting.on(today(deps.clock()))
    WAITING.clear()
    OVERDUE.clear()
    for each in counted:
        WAITING.labels(each.kind, each.department).set(each.waiting)
        OVERDUE.labels(each.kind, each.department).set(each.overdue)
    return ()


def _escalated(task: Task, deps: Deps) -> Outcome[None]:
    now = deps.clock()
    moved = escalate(task, deps.district, today=today(now), at=now)
    told = [event_map.escalated(task, moved)] if task.serves_application else []
    told += task_claims.in_hand(task, moved)
    return Outcome(changes=[deps.tasks.save(moved)], events=told, case=task.application_id)
