"""What the doors' pages read of the interface's answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from portal.frame.calls import GatewayAnswer
from portal.frame.visitors import signed_in
from portal.frame.visits import PageVisit
from web.auth import Role

Officer = Annotated[PageVisit, signed_in(Role.GRID_OFFICER)]


class DoorNamed(GatewayAnswer):
    """A code with its name in the officer's language."""

    code: str
    name: str


class DoorSlot(GatewayAnswer):
    """A time in which the officer comes."""

    begins: datetime
    text: str


class Arranged(GatewayAnswer):
    """What is agreed of a visit, in a sentence."""

    state: str
    text: str
    slot: DoorSlot | None
    offered: tuple[DoorSlot, ...]


class DoorReason(GatewayAnswer):
    """A standard reason."""

    code: str
    text: str


class DoorReasons(GatewayAnswer):
    """The standard reasons of a result."""

    approval: tuple[DoorReason, ...]
    rejection: tuple[DoorReason, ...]


class DoorRow(GatewayAnswer):
    """A door in the order of a walk."""

    task_id: str
    version: int
    applicant_name: str
    address: str
    due_text: str
    overdue: bool
    visit: Arranged | None
    photographs: int


class DoorBuilding(GatewayAnswer):
    """The doors of one building."""

    name: str
    community_name: str
    doors: tuple[DoorRow, ...]


class Doors(GatewayAnswer):
    """The doors in the officer's hand."""

    buildings: tuple[DoorBuilding, ...]
    standard_reasons: DoorReasons


class DoorQueue(GatewayAnswer):
    """What waits of one kind in a community."""

    kind: DoorNamed
    community: DoorNamed | None
    free: int
    next_due_on: date


class DoorQueues(GatewayAnswer):
    """The officer's queues."""

    queues: tuple[DoorQueue, ...]


class FreeTask(GatewayAnswer):
    """A task of which nothing but its id is read."""

    task_id: str
    claimed_by: str | None


class FreeTasks(GatewayAnswer):
    """The tasks that nobody has in hand, the most urgent first."""

    items: tuple[FreeTask, ...]


class DoorAddress(GatewayAnswer):
    """The address that is looked at; nothing of it while the task is in another hand."""

    applicant_name: str | None
    address: str | None


class DoorPhotograph(GatewayAnswer):
    """A photograph of the visit."""

    photograph_id: str
    size: int
    uploaded_at: datetime


class DoorStep(GatewayAnswer):
    """What happened."""

    at: datetime
    action: DoorNamed
    by: str | None
    note: str | None
    standard_reason: DoorNamed | None


class DoorTask(GatewayAnswer):
    """A door check with all that may be seen of it."""

    task_id: str
    version: int
    kind: DoorNamed
    status: DoorNamed
    community: DoorNamed | None
    due_text: str
    overdue: bool
    claimed_by: str | None
    visit: Arranged | None
    door: DoorAddress | None
    standard_reasons: DoorReasons
    photographs: tuple[DoorPhotograph, ...]
    steps: Annotated[tuple[DoorStep, ...], Field(default=())]
