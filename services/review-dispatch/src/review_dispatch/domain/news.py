"""What has just happened to a task, as somebody with that queue is told."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from review_dispatch.domain.task import Task

What = Literal["new", "late", "taken-away", "cancelled", "moved"]
"""New in the queue; its deadline passed and it went up; taken over from the reader; void; anything else."""


class Scope(NamedTuple):
    """Whose queues are followed: those of departments, or the doors of communities."""

    by: Literal["department", "community"]
    codes: tuple[str, ...]

    @classmethod
    def of(cls, departments: Collection[str], communities: Collection[str]) -> Scope:
        """Return that of somebody who works for these."""
        if communities:
            return cls("community", tuple(sorted(communities)))
        return cls("department", tuple(sorted(departments)))

    @property
    def key(self) -> str:
        """It as a text."""
        return f"{self.by}:{','.join(self.codes)}"

    @classmethod
    def read(cls, key: str) -> Scope:
        by, _, codes = key.partition(":")
        found = tuple(each for each in codes.split(",") if each)
        return cls("community" if by == "community" else "department", found)


def what_happened(task: Task, reader: str) -> What:
    """Name what happened last, for a reader by the account."""
    last = task.steps[-1]
    match last.action:
        case "requested":
            return "new"
        case "escalated":
            return "late"
        case "cancelled":
            return "cancelled"
        case "taken-over":
            return "taken-away" if last.taken_from == reader else "moved"
        case _:
            return "moved"
