"""The events that review-dispatch owns: who was asked, by when, and what people decided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from messaging.event import PERSONAL, Event

Value = str | bool | int | list[str]


class Part(BaseModel):
    """A piece of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Holder(Part):
    """Whose document it is."""

    resident_id: str
    index: str


class ReviewRequested(Event):
    """A document that failed to match was sent to `department`, to be reviewed by the end of `due_on`."""

    type: ClassVar[str] = "review-dispatch.review-requested.v1"
    task_id: str
    application_id: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    due_on: date


class ReviewApproved(Event):
    """A person looked and approved the document; it goes into the credential store.

    `fields` are the values that were approved. `valid_until` is set where the reviewer read a term from the document.
    `second_reviewer` is set for document types that ask for two people.
    """

    type: ClassVar[str] = "review-dispatch.review-approved.v1"
    task_id: str
    application_id: str
    item: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    holder: Holder
    fields: Annotated[dict[str, Value], Field(json_schema_extra=PERSONAL)]
    valid_until: date | None
    reviewer: str
    second_reviewer: str | None
    note: str | None
    approved_at: datetime


class ReviewRejected(Event):
    """A person looked and did not accept the document."""

    type: ClassVar[str] = "review-dispatch.review-rejected.v1"
    task_id: str
    application_id: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    reviewer: str
    reason: str
    rejected_at: datetime


class ReviewReturned(Event):
    """The applicant is asked to correct `field`; `message` says how."""

    type: ClassVar[str] = "review-dispatch.review-returned.v1"
    task_id: str
    application_id: str
    requirement: str
    attempt: int
    document_type: str
    department: str
    reviewer: str
    field: str
    message: str
    returned_at: datetime


class ReviewEscalated(Event):
    """A task of any kind was not done by its deadline and now belongs to `escalated_to`, until the new `due_on`."""

    type: ClassVar[str] = "review-dispatch.review-escalated.v1"
    task_id: str
    kind: Literal["review", "field-check", "decision"]
    application_id: str
    requirement: str | None
    department: str
    escalated_to: str
    was_due_on: date
    due_on: date


class FieldCheckPassed(Event):
    """The grid officer looked at the address and confirmed it."""

    type: ClassVar[str] = "review-dispatch.field-check-passed.v1"
    task_id: str
    application_id: str
    community: str
    officer: str
    note: str | None
    checked_at: datetime


class FieldCheckFailed(Event):
    """The grid officer could not confirm the address."""

    type: ClassVar[str] = "review-dispatch.field-check-failed.v1"
    task_id: str
    application_id: str
    community: str
    officer: str
    reason: str
    checked_at: datetime


class DecisionMade(Event):
    """An officer of the department decided the application."""

    type: ClassVar[str] = "review-dispatch.decision-made.v1"
    task_id: str
    application_id: str
    department: str
    officer: str
    approved: bool
    reason: str | None
    decided_at: datetime
