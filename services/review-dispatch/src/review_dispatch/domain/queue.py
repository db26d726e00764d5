"""Queues: which tasks are asked for, how many wait, and who has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from review_dispatch.domain.record import DispatchModel
from review_dispatch.domain.task import WAITING, Kind, Status


class QueueQuery(DispatchModel):
    """What a queue shows. None means that it does not matter; an empty set that nothing is shown."""

    departments: frozenset[str] | None = None
    communities: frozenset[str] | None = None
    kind: Kind | None = None
    statuses: frozenset[Status] = WAITING
    document_type: str | None = None
    application_id: str | None = None
    due_before: date | None = None
    claimed_by: str | None = None
    taken_from: str | None = None
    """Only those that a colleague took over from this person."""


class Waiting(DispatchModel):
    """How many tasks of one kind wait in a department, and how many of them are overdue."""

    kind: Kind
    department: str
    waiting: int
    overdue: int


class QueueCount(DispatchModel):
    """Tasks of one queue that are alike: as many of a kind, a place and a document type as one person has, or nobody.

    `place` is the department, of door checks the community.
    """

    kind: Kind
    place: str
    document_type: str | None
    claimed_by: str | None
    waiting: int
    overdue: int
    due_today: int
    next_due_on: date


class TaskQueue(DispatchModel):
    """What waits of one kind, place and document type; `free` is what nobody has in hand."""

    kind: Kind
    place: str
    document_type: str | None
    waiting: int
    free: int
    mine: int
    overdue: int
    due_today: int
    next_due_on: date


class InHand(DispatchModel):
    """How much one person has in hand, of which departments, or communities for doors."""

    claimed_by: str
    departments: tuple[str, ...]
    communities: tuple[str, ...]
    tasks: int
    overdue: int


def queues_of(counted: Sequence[QueueCount], by: str) -> list[TaskQueue]:
    """Add up what waits, the most urgent queue first; `by` is who asks."""
    alike: dict[tuple[Kind, str, str | None], list[QueueCount]] = {}
    for each in counted:
        alike.setdefault((each.kind, each.place, each.document_type), []).append(each)
    queues = [
        TaskQueue(
            kind=kind,
            place=place,
            document_type=document_type,
            waiting=sum(each.waiting for each in parts),
            free=sum(each.waiting for each in parts if each.claimed_by is None),
            mine=sum(each.waiting for each in parts if each.claimed_by == by),
            overdue=sum(each.overdue for each in parts),
            due_today=sum(each.due_today for each in parts),
            next_due_on=min(each.next_due_on for each in parts),
        )
        for (kind, place, document_type), parts in alike.items()
    ]
    return sorted(queues, key=lambda each: (each.next_due_on, each.kind, each.place, each.document_type or ""))


def in_hand(counted: Sequence[QueueCount]) -> list[InHand]:
    """Add up who has how much, the most first."""
    hands: dict[str, list[QueueCount]] = {}
    for each in counted:
        if each.claimed_by is not None:
            hands.setdefault(each.claimed_by, []).append(each)
    held = [
        InHand(
            claimed_by=person,
            departments=tuple(sorted({each.place for each in parts if each.kind != "field-check"})),
            communities=tuple(sorted({each.place for each in parts if each.kind == "field-check"})),
            tasks=sum(each.waiting for each in parts),
            overdue=sum(each.overdue for each in parts),
        )
        for person, parts in hands.items()
    ]
    return sorted(held, key=lambda each: (-each.tasks, each.claimed_by))
