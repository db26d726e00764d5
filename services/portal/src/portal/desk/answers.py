"""What the desk's pages read of the interface's answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from portal.frame.calls import Answer

Value = str | bool | int | tuple[str, ...] | None


class Named(Answer):
    """A code with its name in the reviewer's language."""

    code: str
    name: str


class TakenOver(Answer):
    """Who took the task over last, and from whom."""

    by: str
    taken_from: str
    at: datetime


class TaskSummary(Answer):
    """A task in a queue."""

    task_id: str
    version: int
    kind: Named
    status: Named
    application_id: str
    item: str
    document_type: Named | None
    department: Named
    community: Named | None
    requested_at: datetime
    due_on: date
    due_text: str
    overdue: bool
    escalated: bool
    claimed_by: str | None
    claimed_at: datetime | None
    taken_over: TakenOver | None
    needs_second_reviewer: bool


class Tasks(Answer):
    """One page of a queue."""

    items: tuple[TaskSummary, ...]
    next: str | None = None


class Compared(Answer):
    """One field, claimed and held."""

    field: Named
    result: Named
    reason: Named | None
    source: Named | None
    claimed: Value
    held: Value


class Scan(Answer):
    """A scan by reference."""

    scan_id: str
    document_type: Named
    media_type: str
    size: int


class Returnable(Answer):
    """What the applicant can be asked to correct."""

    field: str
    name: str


class Enterable(Named):
    """A field that an approval may correct or fill in, and what the applicant claims of it."""

    kind: str
    claimed: Value


class Document(Answer):
    """The document that is reviewed."""

    document_types: tuple[Named, ...]
    comparison: tuple[Compared, ...]
    scans: tuple[Scan, ...]
    enterable: tuple[Enterable, ...]
    returnable: tuple[Returnable, ...]
    valid_until: str


class Door(Answer):
    """The address that is looked at."""

    applicant_name: str | None
    address: str | None


class Proof(Answer):
    """A requirement that is proven."""

    document_type: Named
    source: Named


class Decision(Answer):
    """The application that is decided."""

    subject_name: str | None
    proven: tuple[Proof, ...]


class Dispute(Answer):
    """The look that is disputed."""

    by: str
    role: str
    how: str
    what: str
    document_types: tuple[Named, ...]
    purpose: str | None
    accessed_at: datetime
    reason: str | None


class Correction(Answer):
    """The value that is said to be wrong."""

    document_type: Named
    identifier: str | None
    origin: Named | None
    field: Named
    says: Value
    should_say: Value
    reason: str | None


class FieldValue(Named):
    """A field and what it says."""

    value: Value


class Held(Answer):
    """A credential that the document may be."""

    credential_id: str
    origin: Named
    valid_from: date
    valid_until: date | None
    fields: tuple[FieldValue, ...]


class Duplicate(Answer):
    """The question whether a document is one that is held."""

    question: str
    fields: tuple[FieldValue, ...]
    held: tuple[Held, ...]


class Reason(Answer):
    """A standard reason."""

    code: str
    text: str
    field: str | None


class Reasons(Answer):
    """The standard reasons of each decision."""

    approval: tuple[Reason, ...]
    rejection: tuple[Reason, ...]
    to_return: Annotated[tuple[Reason, ...], Field(alias="return")]


class Approval(Answer):
    """One person's approval."""

    by: str
    at: datetime
    valid_until: date | None


class Step(Answer):
    """What happened."""

    at: datetime
    action: Named
    by: str | None
    department: Named
    field: Named | None
    note: str | None
    standard_reason: Named | None
    taken_from: str | None


class Task(TaskSummary):
    """A task with all that may be seen of it."""

    values_hidden: bool
    document: Document | None
    door: Door | None
    decision: Decision | None
    dispute: Dispute | None
    correction: Correction | None
    duplicate: Duplicate | None
    standard_reasons: Reasons
    approvals: tuple[Approval, ...]
    steps: tuple[Step, ...]


class Queue(Answer):
    """What waits of one kind, department and document type."""

    kind: Named
    department: Named | None
    community: Named | None
    document_type: Named | None
    waiting: int
    free: int
    mine: int
    overdue: int
    due_today: int
    next_due_on: date


class InHand(Answer):
    """How much one person has in hand."""

    claimed_by: str
    places: tuple[Named, ...]
    tasks: int
    overdue: int


class Queues(Answer):
    """The reviewer's queues."""

    queues: tuple[Queue, ...]
    in_hand: tuple[InHand, ...]


class NotTaken(Answer):
    """A task that was not taken over, and why."""

    task_id: str
    text: str


class Takeover(Answer):
    """What was taken over, and what was not."""

    taken: tuple[TaskSummary, ...]
    not_taken: tuple[NotTaken, ...]


class News(Answer):
    """What has just happened to a task."""

    what: str
    text: str
    task: TaskSummary


class Item(Answer):
    """An item by its name."""

    name: str
