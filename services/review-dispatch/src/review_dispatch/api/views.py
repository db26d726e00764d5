"""What callers get to see."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from review_dispatch.api.duplicate_views import DuplicateView
from review_dispatch.api.reader import Coded
from review_dispatch.api.reason_views import StandardReasonsView
from review_dispatch.api.visit_views import PhotographView, VisitView
from review_dispatch.domain.news import What
from review_dispatch.domain.record import Value


class TakenOverView(BaseModel):
    """Who took the task over last, from whom, and when."""

    by: str
    taken_from: str
    at: datetime


class TaskSummary(BaseModel):
    """A task in a queue. It says nothing about the person that it is about."""

    task_id: str
    version: int
    kind: Coded
    status: Coded
    application_id: str
    item: str
    requirement: str | None
    attempt: int
    document_type: Coded | None
    department: Coded
    community: Coded | None
    requested_at: datetime
    due_on: date
    due_text: str
    """The deadline in words; provisional while the holidays of its year are not published."""
    overdue: bool
    escalated: bool
    claimed_by: str | None
    claimed_at: datetime | None
    taken_over: TakenOverView | None
    visit: VisitView | None
    needs_second_reviewer: bool


class ComparedView(BaseModel):
    """One field: what was claimed and what is held, side by side, and why they were not taken as equal."""

    field: Coded
    result: Coded
    reason: Coded | None
    source: Coded | None
    claimed: Value | None
    held: Value | None


class TaskScanView(BaseModel):
    """A scan by reference; its content is at `href`, which asks for a `purpose`."""

    scan_id: str
    document_type: Coded
    media_type: str
    size: int
    sha256: str
    href: str


class ReturnableView(BaseModel):
    """What the applicant can be asked to correct, by the name that it has in the form; `form_field` null: the scans."""

    field: str
    form_field: str | None
    name: str


class EnterableView(Coded):
    """A field that an approval may correct or fill in: its kind, and what the applicant claims of it."""

    kind: str
    claimed: Value | None


class TaskDocumentView(BaseModel):
    """The document that could not be proven automatically.

    `may_enter` are the fields that an approval may correct, in `enterable` with their names.
    `may_return` are those that a return may name, in `returnable` with their names.
    """

    document_types: list[Coded]
    holder_id: str
    comparison: list[ComparedView]
    claims: dict[str, Value | None]
    scans: list[TaskScanView]
    may_enter: dict[str, str]
    enterable: list[EnterableView]
    may_return: list[str]
    returnable: list[ReturnableView]
    valid_until: str


class DoorView(BaseModel):
    """The address that somebody must look at."""

    applicant_name: str | None
    address: str | None


class TaskProofView(BaseModel):
    """A requirement that has been proven."""

    requirement: str
    document_type: Coded
    source: Coded


class DecisionView(BaseModel):
    """The application that an officer decides."""

    subject_name: str | None
    proven: list[TaskProofView]


class TaskDisputeView(BaseModel):
    """The look that is disputed: who looked, what was done with what, what for, and why it is disputed."""

    by: str
    role: str
    how: str
    what: str
    document_types: list[Coded]
    application_id: str | None
    purpose: str | None
    accessed_at: datetime
    reason: str | None


class TaskCorrectionView(BaseModel):
    """The value that is said to be wrong: of which document, what it says and should say, and why."""

    holder_id: str
    document_type: Coded
    credential_id: str | None
    identifier: str | None
    origin: Coded | None
    field: Coded
    says: Value | None
    should_say: Value | None
    reason: str | None


class ApprovalView(BaseModel):
    """One person's approval."""

    by: str
    at: datetime
    fields: dict[str, Value | None]
    valid_until: date | None
    note: str | None
    standard_reason: Coded | None


class TaskStepView(BaseModel):
    """What happened, when, by whom (null: by itself) and in which department."""

    at: datetime
    action: Coded
    by: str | None
    department: Coded
    field: Coded | None
    fields: list[Coded]
    note: str | None
    standard_reason: Coded | None
    taken_from: str | None


class TaskView(TaskSummary):
    """A task with everything that was compared and everything that has happened.

    Values that describe a person are null, and `values_hidden` true, until the caller has claimed the task.
    """

    values_hidden: bool
    document: TaskDocumentView | None
    door: DoorView | None
    decision: DecisionView | None
    dispute: TaskDisputeView | None
    correction: TaskCorrectionView | None
    standard_reasons: StandardReasonsView
    duplicate: DuplicateView | None
    photographs: list[PhotographView]
    approvals: list[ApprovalView]
    steps: list[TaskStepView]


class WaitingView(BaseModel):
    """How many tasks of a kind wait in a department.

    A count of fewer than five is null, and `suppressed` says so; every other is rounded down to fives.
    """

    kind: Coded
    department: Coded
    waiting: int | None
    overdue: int | None
    suppressed: bool
    text: str


class QueuesView(BaseModel):
    """What waits, by department and kind of work."""

    queues: list[WaitingView]


class QueueView(BaseModel):
    """What waits of one kind, department or community, and document type; `free`: nobody has it in hand."""

    kind: Coded
    department: Coded | None
    community: Coded | None
    document_type: Coded | None
    waiting: int
    free: int
    mine: int
    overdue: int
    due_today: int
    next_due_on: date
    next_due_text: str


class InHandView(BaseModel):
    """How much one person has in hand, and the departments or communities whose tasks these are."""

    claimed_by: str
    places: list[Coded]
    tasks: int
    overdue: int


class OwnQueuesView(BaseModel):
    """The caller's queues, the most urgent first, and who has how much in hand."""

    queues: list[QueueView]
    in_hand: list[InHandView]


class NewsView(BaseModel):
    """What has just happened to a task: what (the event's name), in a sentence, and the task as a queue shows it."""

    what: What
    text: str
    task: TaskSummary


class NotTakenView(BaseModel):
    """A task that stays where it is, and why."""

    task_id: str
    code: str
    text: str


class TakeoverView(BaseModel):
    """What was taken over from a colleague, and what could not be."""

    taken: list[TaskSummary]
    not_taken: list[NotTakenView]
