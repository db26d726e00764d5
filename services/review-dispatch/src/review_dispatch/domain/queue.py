"""Queues: which tasks somebody asks for, and how many wait."""

from __future__ import annotations

from datetime import date

from review_dispatch.domain.record import Record
from review_dispatch.domain.task import WAITING, Kind, Status


class Wanted(Record):
    """What a queue shows. None means that it does not matter; an empty set that nothing is shown."""

    departments: frozenset[str] | None = None
    communities: frozenset[str] | None = None
    kind: Kind | None = None
    statuses: frozenset[Status] = WAITING
    document_type: str | None = None
    application_id: str | None = None
    due_before: date | None = None
    claimed_by: str | None = None


class Waiting(Record):
    """How many tasks of one kind wait in a department, and how many of them are overdue."""

    kind: Kind
    department: str
    waiting: int
    overdue: int
