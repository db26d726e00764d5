"""Who has which task in hand: what entitles a reviewer to see a scan, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from applications.domain.record import Aggregate, ApplicationsModel

Work = Literal["review", "field-check", "decision"]


class ClaimedBy(ApplicationsModel):
    """A task is in somebody's hand: `by` the account, `since` when (UTC)."""

    by: str
    since: datetime


class TaskClaim(Aggregate):
    """The newest that is known of one task; `id` is the task's, `requirement` what it is about (None: no document)."""

    application_id: str
    kind: Work
    requirement: str | None = None
    held: ClaimedBy | None = None
    sequence: int = 0

    def heard(self, held: ClaimedBy | None, sequence: int) -> TaskClaim:
        """Take over news of the task, unless it is older than what is known."""
        return self if sequence <= self.sequence else self.model_copy(update={"held": held, "sequence": sequence})


def holds(hands: Iterable[TaskClaim], by: str, requirement: str) -> bool:
    """Tell whether somebody has a task about a document in hand."""
    return any(each.held is not None and each.held.by == by and each.requirement == requirement for each in hands)


def since(hands: Iterable[TaskClaim], work: Work, requirement: str | None) -> datetime | None:
    """Return since when (UTC) somebody has been at a piece of work; None while nobody is."""
    same = (each for each in hands if (each.kind, each.requirement) == (work, requirement))
    return min((each.held.since for each in same if each.held is not None), default=None)
