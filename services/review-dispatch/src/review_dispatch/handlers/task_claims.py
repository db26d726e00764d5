"""Telling who has a task in hand: both ends of each claim, whatever ended it.

A claim that a colleague took over is told as the new one alone: the newest says who has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bus.event import Event
from review_dispatch import events
from review_dispatch.domain.task import Action, Claim, Task

_Work = Literal["review", "field-check", "decision"]
_Because = Literal["released", "first-approval", "decided", "cancelled", "escalated"]
_BECAUSE: Mapping[Action, _Because] = {
    "released": "released",
    "approved-first": "first-approval",
    "approved": "decided",
    "rejected": "decided",
    "returned": "decided",
    "answered": "decided",
    "cancelled": "cancelled",
    "escalated": "escalated",
}
"""Why a task is in nobody's hand any more, by its last step."""


def in_hand(before: Task, after: Task) -> list[Event]:
    """Tell that somebody took a task in hand, or has it no longer; nothing when that did not change.

    Nor of anything else that no application waits for.
    """
    work = _work(after)
    if before.claim == after.claim or work is None:
        return []
    if after.claim is not None:
        return [_claimed(after, work, after.claim)]
    return [_released(after, work, before.claim)] if before.claim is not None else []


def _work(task: Task) -> _Work | None:
    match task.kind:
        case "dispute" | "correction" | "duplicate-check":
            return None
        case kind:
            return kind


def _claimed(task: Task, work: _Work, claim: Claim) -> Event:
    return events.TaskClaimed(
        task_id=task.id,
        kind=work,
        application_id=task.application_id,
        requirement=task.requirement,
        department=task.department,
        claimed_by=claim.by,
        claimed_at=claim.at,
        taken_from=task.steps[-1].taken_from,
        sequence=task.version + 1,
    )


def _released(task: Task, work: _Work, claim: Claim) -> Event:
    last = task.steps[-1]
    return events.TaskReleased(
        task_id=task.id,
        kind=work,
        application_id=task.application_id,
        requirement=task.requirement,
        claimed_by=claim.by,
        because=_BECAUSE[last.action],
        released_at=last.at,
        sequence=task.version + 1,
    )
