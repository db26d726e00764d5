"""Escalation: a task whose deadline has passed goes to the next level, once for each level."""

from __future__ import annotations

from datetime import date, datetime

from review_dispatch.domain.claims import given_back, record
from review_dispatch.domain.routes import District
from review_dispatch.domain.task import Task


def is_due(task: Task, today: date) -> bool:
    """Tell whether the task has to be escalated."""
    return task.escalates_after is not None and task.escalates_after < today


def escalate(task: Task, district: District, *, today: date, at: datetime) -> Task:
    """Hand an overdue task to the next level, with a new deadline from today.

    Whoever had claimed it has it no longer; a first approval stays. After a downtime it moves one level, not several:
    each gets the time that the route gives it.
    """
    level, *above = task.escalation
    moved = given_back(task).model_copy(
        update={
            "department": level.to,
            "due_on": district.due(today, level.working_days),
            "escalation": tuple(above),
        }
    )
    return record(moved, "escalated", by=None, at=at, note=task.department)
