"""What the desk's pages read of the interface's answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from portal.frame.calls import GatewayAnswer

Value = str | bool | int | tuple[str, ...] | None


class DeskNamed(GatewayAnswer):
    """A code with its name in the reviewer's language."""

    code: str
    name: str


class TakenOver(GatewayAnswer):
    """Who took the task over last, and from whom."""

    by: str
    taken_from: str
    at: datetime


class DeskTaskSummary(GatewayAnswer):
    """A task in a queue."""

    task_id: str
    version: int
    kind: DeskNamed
    status: DeskNamed
    application_id: str
    item: str
    document_type: DeskNamed | None
    department: DeskNamed
    community: DeskNamed | None
    requested_at: datetime
    due_on: date
    due_text: str
    overdue: bool
    escalated: bool
    claimed_by: str | None
    taken_over: TakenOver | None
    needs_second_reviewer: bool


class DeskTasks(GatewayAnswer):
    """One page of a queue."""

    items: tuple[DeskTaskSummary, ...]
    next: str | None = None


class DeskCompared(GatewayAnswer):
    """One field, claimed and held."""

    field: DeskNamed
    result: DeskNamed
    reason: DeskNamed | None
    source: DeskNamed | None
    claimed: Value
    held: Value


class DeskScan(GatewayAnswer):
    """A scan by reference."""

    scan_id: str
    document_type: DeskNamed
    media_type: str
    size: int


class Returnable(GatewayAnswer):
    """What the applicant can be asked to correct."""

    field: str
    name: str


class Enterable(DeskNamed):
    """A field that an approval may correct or fill in, and what the applicant claims of it."""

    kind: str
    claimed: Value


class DeskDocument(GatewayAnswer):
    """The document that is reviewed."""

    document_types: tuple[DeskNamed, ...]
    comparison: tuple[DeskCompared, ...]
    scans: tuple[DeskScan, ...]
    enterable: tuple[Enterable, ...]
    returnable: tuple[Returnable, ...]
    valid_until: str


class Door(GatewayAnswer):
    """The address that is looked at."""

    applicant_name: str | None
    address: str | None


class DeskProof(GatewayAnswer):
    """A requirement that is proven."""

    document_type: DeskNamed
    source: DeskNamed


class Decision(GatewayAnswer):
    """The application that is decided."""

    subject_name: str | None
    proven: tuple[DeskProof, ...]


class DeskDispute(GatewayAnswer):
    """The look that is disputed."""

    by: str
    role: str
    how: str
    what: str
    document_types: tuple[DeskNamed, ...]
    purpose: str | None
    accessed_at: datetime
    reason: str | None


class DeskCorrection(GatewayAnswer):
    """The value that is said to be wrong."""

    document_type: DeskNamed
    identifier: str | None
    origin: DeskNamed | None
    field: DeskNamed
    says: Value
    should_say: Value
    reason: str | None


class FieldValue(DeskNamed):
    """A field and what it says."""

    value: Value


class DeskHeld(GatewayAnswer):
    """A credential that the document may be."""

    credential_id: str
    origin: DeskNamed
    valid_from: date
    valid_until: date | None
    fields: tuple[FieldValue, ...]


class Duplicate(GatewayAnswer):
    """The question whether a document is one that is held."""

    question: str
    fields: tuple[FieldValue, ...]
    held: tuple[DeskHeld, ...]


class DeskReason(GatewayAnswer):
    """A standard reason."""

    code: str
    text: str
    field: str | None


class DeskReasons(GatewayAnswer):
    """The standard reasons of each decision."""

    approval: tuple[DeskReason, ...]
    rejection: tuple[DeskReason, ...]
    to_return: Annotated[tuple[DeskReason, ...], Field(alias="return")]


class DeskStep(GatewayAnswer):
    """What happened."""

    at: datetime
    action: DeskNamed
    by: str | None
    department: DeskNamed
    field: DeskNamed | None
    note: str | None
    standard_reason: DeskNamed | None
    taken_from: str | None


class DeskTask(DeskTaskSummary):
    """A task with all that may be seen of it."""

    values_hidden: bool
    document: DeskDocument | None
    door: Door | None
    decision: Decision | None
    dispute: DeskDispute | None
    correction: DeskCorrection | None
    duplicate: Duplicate | None
    standard_reasons: DeskReasons
    steps: tuple[DeskStep, ...]


class DeskQueue(GatewayAnswer):
    """What waits of one kind, department and document type."""

    kind: DeskNamed
    department: DeskNamed | None
    community: DeskNamed | None
    document_type: DeskNamed | None
    waiting: int
    free: int
    mine: int
    overdue: int
    due_today: int
    next_due_on: date


class DeskInHand(GatewayAnswer):
    """How much one person has in hand."""

    claimed_by: str
    places: tuple[DeskNamed, ...]
    tasks: int
    overdue: int


class DeskQueues(GatewayAnswer):
    """The reviewer's queues."""

    queues: tuple[DeskQueue, ...]
    in_hand: tuple[DeskInHand, ...]


class NotTaken(GatewayAnswer):
    """A task that was not taken over, and why."""

    task_id: str
    text: str


class Takeover(GatewayAnswer):
    """What was taken over, and what was not."""

    taken: tuple[DeskTaskSummary, ...]
    not_taken: tuple[NotTaken, ...]


class DeskNews(GatewayAnswer):
    """What has just happened to a task."""

    what: str
    text: str
    task: DeskTaskSummary


class DeskItem(GatewayAnswer):
    """An item by its name."""

    name: str
