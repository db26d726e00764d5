"""Cancelling: what the applicant or the application's end makes void."""

from __future__ import annotations

from datetime import datetime

from review_dispatch.domain.claims import record
from review_dispatch.domain.task import Cause, Task


def cancel(task: Task, because: Cause, at: datetime) -> Task:
    """Cancel a task that still waits; one that is done stays as it is."""
    if not task.is_waiting:
        return task
    void = {"status": "cancelled", "cancelled_because": because, "claim": None}
    return record(task.model_copy(update=void), "cancelled", by=None, at=at, note=because)
