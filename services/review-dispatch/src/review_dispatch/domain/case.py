"""What is known of one application: which tasks it has, and whether it has ended.

It is what makes requests and cancellations hold in any order: a cancellation that comes first is remembered here.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from review_dispatch.domain.cancellation import cancel
from review_dispatch.domain.record import DispatchModel
from review_dispatch.domain.task import Cause, Task


class CaseEntry(DispatchModel):
    """A task of the application."""

    task_id: str
    requirement: str | None
    attempt: int
    requested_at: datetime


class Closing(DispatchModel):
    """When and how the application ended."""

    because: Cause
    at: datetime


class Case(BaseModel):
    """One application, by its id."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int = 0
    entries: tuple[CaseEntry, ...] = ()
    closing: Closing | None = None
    is_erased: bool = False
    """Its data is gone at the resident's request: nothing is kept of it any more but that it was."""

    def has(self, task_id: str) -> bool:
        """Tell whether the task was created before."""
        return any(entry.task_id == task_id for entry in self.entries)

    def with_task(self, task: Task) -> Case:
        entry = CaseEntry(
            task_id=task.id, requirement=task.requirement, attempt=task.attempt, requested_at=task.requested_at
        )
        return self.model_copy(update={"entries": (*self.entries, entry)})

    def closed(self, because: Cause, at: datetime) -> Case:
        """Remember that the application ended."""
        return self.model_copy(update={"closing": Closing(because=because, at=at)})

    def emptied(self, at: datetime) -> Case:
        """Forget its tasks for good; whoever has not heard of its end counts it as withdrawn."""
        closing = self.closing or Closing(because="withdrawn", at=at)
        return self.model_copy(update={"entries": (), "closing": closing, "is_erased": True})

    def older(self, task: Task) -> tuple[str, ...]:
        """Return the tasks about the same requirement that a newer attempt replaces."""
        return tuple(entry.task_id for entry in self._about(task) if entry.attempt < task.attempt)

    def admit(self, task: Task) -> Task:
        """Return the task as it is born: cancelled when the application has ended or a newer attempt is here."""
        newer = [entry for entry in self._about(task) if entry.attempt > task.attempt]
        if newer:
            return cancel(task, "superseded", min(newer, key=lambda entry: entry.attempt).requested_at)
        if self.closing is not None:
            return cancel(task, self.closing.because, self.closing.at)
        return task

    def _about(self, task: Task) -> list[CaseEntry]:
        if task.requirement is None:
            return []
        return [entry for entry in self.entries if entry.requirement == task.requirement]
