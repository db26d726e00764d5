"""What the doors' pages read of the interface's answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from portal.frame.calls import Answer
from portal.frame.visits import Visit, signed_in
from runtime.access import Role

Officer = Annotated[Visit, signed_in(Role.GRID_OFFICER)]


class Named(Answer):
    """A code with its name in the officer's language."""

    code: str
    name: str


class Slot(Answer):
    """A time in which the officer comes."""

    begins: datetime
    text: str


class Arranged(Answer):
    """What is agreed of a visit, in a sentence."""

    state: str
    text: str
    slot: Slot | None
    offered: tuple[Slot, ...]


class Reason(Answer):
    """A standard reason."""

    code: str
    text: str


class Reasons(Answer):
    """The standard reasons of a result."""

    approval: tuple[Reason, ...]
    rejection: tuple[Reason, ...]


class DoorRow(Answer):
    """A door in the order of a walk."""

    task_id: str
    version: int
    applicant_name: str
    address: str
    due_text: str
    overdue: bool
    visit: Arranged | None
    photographs: int


class Building(Answer):
    """The doors of one building."""

    name: str
    community_name: str
    doors: tuple[DoorRow, ...]


class Doors(Answer):
    """The doors in the officer's hand."""

    buildings: tuple[Building, ...]
    standard_reasons: Reasons


class Queue(Answer):
    """What waits of one kind in a community."""

    kind: Named
    community: Named | None
    free: int
    next_due_on: date


class Queues(Answer):
    """The officer's queues."""

    queues: tuple[Queue, ...]


class FreeTask(Answer):
    """A task of which nothing but its id is read."""

    task_id: str
    claimed_by: str | None


class FreeTasks(Answer):
    """The tasks that nobody has in hand, the most urgent first."""

    items: tuple[FreeTask, ...]


class Address(Answer):
    """The address that is looked at; nothing of it while the task is in another hand."""

    applicant_name: str | None
    address: str | None


class Photograph(Answer):
    """A photograph of the visit."""

    photograph_id: str
    size: int
    uploaded_at: datetime


class Step(Answer):
    """What happened."""

    at: datetime
    action: Named
    by: str | None
    note: str | None
    standard_reason: Named | None


class Task(Answer):
    """A door check with all that may be seen of it."""

    task_id: str
    version: int
    kind: Named
    status: Named
    community: Named | None
    due_text: str
    overdue: bool
    claimed_by: str | None
    visit: Arranged | None
    door: Address | None
    standard_reasons: Reasons
    photographs: tuple[Photograph, ...]
    steps: Annotated[tuple[Step, ...], Field(default=())]
