"""Following one's queues: what is new, late, taken away or void, whichever process brought it about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from review_dispatch.domain.news import Scope
from review_dispatch.domain.queue import QueueCount, QueueQuery
from review_dispatch.domain.task import Task
from review_dispatch.handlers import queues
from review_dispatch.handlers.dependencies import Deps
from runtime.clock import today
from web.auth import Principal

OVERLAP = timedelta(seconds=30)
"""How far each look goes back behind the one before: a change is stored a while after the moment that it carries."""
LONGEST_BACK = timedelta(hours=12)
"""How far a reader who comes back is told of what happened meanwhile."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What has moved since the last look, oldest first, and the queues as they are; None: as they were."""

    tasks: Sequence[Task]
    counted: Sequence[QueueCount] | None
    at: datetime


class Follower:
    """One reader of their queues. Tells of each version of a task once."""

    def __init__(self, by: Principal, deps: Deps) -> None:
        self.scope = Scope.of(by.departments, by.communities)
        self._by = by
        self._deps = deps
        self._known: set[tuple[str, int]] = set()
        self._last: datetime | None = None
        self._day: date | None = None

    async def look(self, since: datetime | None) -> Moves:
        """Look again. `since`: until when the reader was told by an earlier stream; None: by none."""
        now = self._deps.clock()
        is_first, began = self._last is None, self._last or since or now
        rows = await self._deps.tasks.moved(self.scope, max(began, now - LONGEST_BACK) - OVERLAP)
        fresh = [] if is_first and since is None else [each for each in rows if each not in self._known]
        self._known, self._last = set(rows), now
        found = await self._deps.tasks.many([task_id for task_id, _ in fresh])
        moved = sorted(found.values(), key=lambda task: (task.moved_at or now, task.id))
        is_other_day, self._day = today(now) != self._day, today(now)
        counted = await queues.count_queues(QueueQuery(), self._by, self._deps) if moved or is_other_day else None
        return Moves(moved, counted, now)
