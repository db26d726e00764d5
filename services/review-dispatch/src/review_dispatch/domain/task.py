"""A task: one piece of work for a person, about one document, door, decision or complaint, with all its steps."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from review_dispatch.domain.duplicate_check import DuplicateCheck
from review_dispatch.domain.record import DispatchModel, DocumentHolder, Value
from review_dispatch.domain.routes import Level
from review_dispatch.domain.standard_reasons import ReasonText
from review_dispatch.domain.visit import Photograph, Visit
from runtime.derived import derived
from runtime.sign_in import SignedRequest

Kind = Literal["review", "field-check", "decision", "dispute", "correction", "duplicate-check"]
Status = Literal["open", "claimed", "awaiting-second", "approved", "rejected", "returned", "answered", "cancelled"]
Cause = Literal["withdrawn", "rejected", "superseded"]
Action = Literal[
    "requested",
    "claimed",
    "released",
    "approved-first",
    "approved",
    "rejected",
    "returned",
    "answered",
    "cancelled",
    "escalated",
    "noted",
    "taken-over",
    "visit-offered",
    "visit-chosen",
    "visit-proposed",
    "visit-accepted",
    "visit-declined",
    "visit-declined-by-applicant",
]

EVERY_STATUS: frozenset[Status] = frozenset(get_args(Status))
WAITING: frozenset[Status] = frozenset({"open", "claimed", "awaiting-second"})
"""The states in which a task still waits for somebody."""


class TaskScan(DispatchModel):
    """A scan by reference; its content stays where it was uploaded."""

    scan_id: str
    document_type: str
    media_type: str
    size: int
    sha256: str


class Comparison(DispatchModel):
    """One field with what was claimed and what government holds, side by side; `reason` is a message key."""

    field: str
    result: str
    reason: str | None = None
    claimed: Value | None = None
    held: Value | None = None
    source: str | None = None


class TaskFormAnswer(DispatchModel):
    """An answer of the form that a field of the document is compared with; `label` is its name there, by language."""

    field: str
    key: str
    label: dict[str, str]


class DocumentReview(DispatchModel):
    """A document that could not be proven automatically. `document_type` is the one that is looked at.

    `evidence_id` is the record or credential that it was compared with, None where nothing was held. `answers` are the
    fields that the applicant answered in the form, None where an earlier release did not say.
    """

    kind: Literal["review"] = "review"
    requirement: str
    attempt: int
    document_type: str
    document_types: tuple[str, ...]
    holder: DocumentHolder
    comparison: tuple[Comparison, ...]
    claims: dict[str, Value]
    scans: tuple[TaskScan, ...]
    evidence_id: str | None = None
    answers: tuple[TaskFormAnswer, ...] | None = None

    def answer_of(self, field: str) -> TaskFormAnswer | None:
        """Return the answer of the form behind a field, by the field's name in the document or in the form."""
        return next((each for each in self.answers or () if field in {each.field, each.key}), None)


class DoorCheck(DispatchModel):
    """An address that somebody must look at. `concerns` are those whose data it shows."""

    kind: Literal["field-check"] = "field-check"
    applicant_name: str
    address: str
    community: str
    concerns: tuple[DocumentHolder, ...] = ()


class TaskProof(DispatchModel):
    """A requirement that has been proven, and by what."""

    requirement: str
    document_type: str
    source: str


class OfficerDecision(DispatchModel):
    """An application of which everything is proven; an officer decides. `concerns` are those whose data it shows."""

    kind: Literal["decision"] = "decision"
    subject_name: str
    proven: tuple[TaskProof, ...]
    concerns: tuple[DocumentHolder, ...] = ()


class DisputedAccess(DispatchModel):
    """A look at somebody's data that the person disputes: who looked (`by`), how, at what, what for, and the reason."""

    kind: Literal["dispute"] = "dispute"
    dispute_id: str
    holder: DocumentHolder
    by: str
    role: str
    how: str
    what: str
    document_types: tuple[str, ...]
    disputed_application: str | None
    purpose: str | None
    accessed_at: datetime
    reason: str


class AskedCorrection(DispatchModel):
    """A value that a resident says is wrong: of which document or credential, which field, what is right, and why.

    `origin` says who vouches for the credential, None where none was named (data-rights).
    """

    kind: Literal["correction"] = "correction"
    correction_id: str
    holder: DocumentHolder
    document_type: str
    credential_id: str | None
    identifier: str | None
    origin: str | None
    field: str
    says: Value | None
    should_say: Value
    reason: str


Subject = Annotated[
    DocumentReview | DoorCheck | OfficerDecision | DisputedAccess | AskedCorrection | DuplicateCheck,
    Field(discriminator="kind"),
]


class Claim(DispatchModel):
    """Who is working on it, since when."""

    by: str
    at: datetime


class TaskApproval(ReasonText):
    """One person's approval: the values and the end of validity that were approved.

    `is_held` says whether the document is the one that is held; None where that was not asked or follows by itself.
    """

    by: str
    at: datetime
    fields: dict[str, Value]
    valid_until: date | None
    is_held: bool | None = None
    signed: SignedRequest | None = None
    """What that person sent; None for what was approved before that was asked for."""


class TaskStep(ReasonText):
    """What happened: `by` is null for what happened without a person; `department` is the one that has it then.

    `field` was returned, `fields` it was rejected for. `taken_from`: who had the task until `by` took it over.
    """

    at: datetime
    action: Action
    by: str | None
    department: str
    field: str | None = None
    fields: tuple[str, ...] = ()
    taken_from: str | None = None


class Task(BaseModel):
    """A task and everything that has happened to it. `home` keeps the document; `department` has the task now.

    `escalation` are the levels still ahead. `second_reviewer`: an approval needs two people.
    """

    model_config = ConfigDict(frozen=True)  # what is stored also carries the computed fields

    id: str
    version: int = 0
    application_id: str
    item: str
    about: Subject
    home: str
    department: str
    community: str | None
    status: Status = "open"
    cancelled_because: Cause | None = None
    requested_at: datetime
    due_on: date
    escalation: tuple[Level, ...]
    second_reviewer: bool = False
    claim: Claim | None = None
    approvals: tuple[TaskApproval, ...] = ()
    visit: Visit | None = None
    photographs: tuple[Photograph, ...] = ()
    steps: tuple[TaskStep, ...]
    moved_at: datetime | None = None
    """When it was stored last, by the clock of the process that did (None: by an earlier release)."""

    @derived
    def kind(self) -> Kind:
        """What kind of work it is."""
        return self.about.kind

    @derived
    def escalates_after(self) -> date | None:
        """The last day before it is escalated; None when it is done or there is nobody above."""
        return self.due_on if self.is_waiting and self.escalation else None

    @derived
    def place(self) -> str:
        """Where it stands in a queue: by deadline, then by id."""
        return f"{self.due_on}/{self.id}"

    @derived
    def waiting_in(self) -> str | None:
        """The department in whose queue it stands; None when it is done."""
        return self.department if self.is_waiting else None

    @derived
    def waiting_at(self) -> str | None:
        """The community in whose queue it stands; None when it is done."""
        return self.community if self.is_waiting else None

    @derived
    def been_in(self) -> list[str]:
        """The departments that have or had it."""
        return sorted({step.department for step in self.steps})

    @property
    def is_waiting(self) -> bool:
        """Tell whether somebody still has to do it."""
        return self.status in WAITING

    @property
    def requirement(self) -> str | None:
        """The requirement of the item that it is about; only reviews have one."""
        return self.about.requirement if isinstance(self.about, DocumentReview) else None

    @property
    def attempt(self) -> int:
        """The applicant's attempt that it belongs to."""
        return self.about.attempt if isinstance(self.about, DocumentReview) else 1

    @property
    def document_type(self) -> str | None:
        """The document that is looked at; only reviews, corrections and checks for duplicates have one."""
        about = self.about
        return about.document_type if isinstance(about, DocumentReview | AskedCorrection | DuplicateCheck) else None

    @property
    def serves_application(self) -> bool:
        """Tell whether an application waits for it; only the resident waits for the answer to a complaint."""
        return self.kind not in {"dispute", "correction", "duplicate-check"}

    @property
    def people(self) -> tuple[DocumentHolder, ...]:
        """Whose data it shows; for a door or a decision that was asked for before this was said, nobody's."""
        if isinstance(self.about, DocumentReview | DisputedAccess | AskedCorrection | DuplicateCheck):
            return (self.about.holder,)
        return self.about.concerns

    @property
    def lead(self) -> str | None:
        """The department above, which gets it when its deadline passes; None: nobody is above."""
        return self.escalation[0].to if self.escalation else None

    def is_overdue(self, today: date) -> bool:
        """Tell whether its deadline has passed while it waits."""
        return self.is_waiting and self.due_on < today


def task_id(application_id: str, kind: Kind, requirement: str = "", attempt: int = 1) -> str:
    """Derive a task's id from what it is about, so that a repeated request can't make a second one."""
    subject = "\n".join((application_id, kind, requirement, str(attempt)))
    return "task_" + sha256(subject.encode()).hexdigest()[:26]
