"""What the use cases need: the stores as they see them, the district, the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from messaging.event import Change
from review_dispatch.domain.case import Case
from review_dispatch.domain.news import Scope
from review_dispatch.domain.queue import Counted, Waiting, Wanted
from review_dispatch.domain.routes import District
from review_dispatch.domain.task import Task
from runtime.clock import Clock
from runtime.erasing import Erases
from runtime.scans.cleaner import Cleans
from runtime.scans.files import Files
from runtime.server_sent_events import Watch


class Tasks(Protocol):
    """The tasks. `after` is the place of the last one on the page before."""

    async def get(self, id: str) -> Task | None:
        """Read one."""

    async def queue(self, wanted: Wanted, *, after: str | None, limit: int) -> Sequence[Task]:
        """Read those that are wanted, the most urgent first."""

    async def in_hand_of(self, person: str, limit: int) -> Sequence[Task]:
        """Read those that a person has in hand, the most urgent first."""

    async def doors_of(self, resident_id: str) -> Sequence[Task]:
        """Read the door checks that wait and show a resident's data, the most urgent first."""

    async def moved(self, scope: Scope, since: datetime) -> Sequence[tuple[str, int]]:
        """Read ids and versions of what was stored after a moment and is or was in these queues."""

    async def many(self, ids: Sequence[str]) -> Mapping[str, Task]:
        """Read those that there are of these ids."""

    async def about(self, resident_id: str, *, after: str | None, limit: int) -> Sequence[Task]:
        """Read those about a resident's documents, in the same order."""

    async def to_escalate(self, today: date, limit: int) -> Sequence[Task]:
        """Read those whose deadline has passed and that somebody above can take, the longest overdue first."""

    def save(self, task: Task) -> Change:
        """Prepare the write."""

    def remove(self, task: Task) -> Change:
        """Prepare the removal."""


class Cases(Protocol):
    """What is known of each application."""

    async def get(self, id: str) -> Case | None:
        """Read one."""

    def save(self, document: Case) -> Change:
        """Prepare the write."""


class Counting(Protocol):
    """The count of what waits."""

    async def on(self, today: date) -> Sequence[Waiting]:
        """Count by kind and department."""

    async def of(self, wanted: Wanted, today: date) -> Sequence[Counted]:
        """Count what is wanted by kind, place, document type and who has it."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What every use case is given."""

    tasks: Tasks
    cases: Cases
    waiting: Counting
    district: District
    clock: Clock
    eraser: Erases
    watch: Watch
    photographs: Files
    cleaner: Cleans
