"""The events that applications owns: what residents applied for, what it needs, how it ended."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from messaging.event import PERSONAL, Event, PersonalStr

ClaimValue = str | bool | int | list[str]


class Part(BaseModel):
    """A piece of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Holder(Part):
    """Whose document it is. `index` is the blind index of the identity number, by which records are joined."""

    resident_id: str
    index: str


class Scan(Part):
    """A scan by reference; its content stays in the applications service."""

    scan_id: str
    document_type: str
    media_type: str
    size: int
    sha256: str


class Reason(Part):
    """Why something was refused: a message key, the requirement and field concerned, and what people wrote."""

    code: str
    requirement: str | None = None
    document_type: str | None = None
    field: str | None = None
    text: str | None = None


class Grant(Part):
    """The credential that an approval grants."""

    document_type: str
    holder: Holder
    fields: Annotated[dict[str, ClaimValue], Field(json_schema_extra=PERSONAL)]
    valid_from: date
    valid_until: date | None


class RequirementPublished(Part):
    """One document that an item needs: any of `document_types`, held by that role, with claims drawn from these paths.

    A path is `holder.name`, `form.address` and the like; anything else is the claimed value itself.
    """

    key: str
    document_types: list[str]
    holder: Literal["applicant", "subject", "second-party"]
    claims: dict[str, ClaimValue]


class ItemPublished(Event):
    """What an item of the catalogue needs, published when its content changed. `digest` names that content."""

    type: ClassVar[str] = "applications.item-published.v1"
    item: str
    digest: str
    requirements: list[RequirementPublished]


class ApplicationSubmitted(Event):
    """A resident applied. `applicant` acts, `subject` is whom it is for (a child, or the applicant)."""

    type: ClassVar[str] = "applications.application-submitted.v1"
    application_id: str
    item: str
    applicant: Holder
    subject: Holder
    submitted_at: datetime
    due_on: date
    attempt: int


class DocumentSubmitted(Event):
    """An application needs a document of one of `document_types`, held by `holder`, with these claimed values.

    `requirement` is the item's key for it; `attempt` counts up when it is corrected after a return. Dates in claims
    are ISO 8601. `reviewable`: whether people may look at it when it fails to match. `community` is where the
    applicant lives, by which work in communities is routed.
    """

    type: ClassVar[str] = "applications.document-submitted.v1"
    application_id: str
    item: str
    requirement: str
    attempt: int
    document_types: list[str]
    holder: Holder
    claims: Annotated[dict[str, ClaimValue], Field(json_schema_extra=PERSONAL)]
    scans: list[Scan]
    reviewable: bool
    community: str | None


class FieldCheckRequested(Event):
    """Someone must look at the address; `due_on` is the last working day for it."""

    type: ClassVar[str] = "applications.field-check-requested.v1"
    application_id: str
    item: str
    applicant_name: PersonalStr
    address: PersonalStr
    community: str
    due_on: date


class Proven(Part):
    """A requirement that has been proven, and by what."""

    requirement: str
    document_type: str
    source: str


class DecisionRequested(Event):
    """Everything is proven; an officer of `department` decides by `due_on`."""

    type: ClassVar[str] = "applications.decision-requested.v1"
    application_id: str
    item: str
    department: str
    subject_name: PersonalStr
    proven: list[Proven]
    due_on: date


class ApplicationApproved(Event):
    """The outcome: approved, automatically or by an officer; `grant` is the credential that it grants."""

    type: ClassVar[str] = "applications.application-approved.v1"
    application_id: str
    item: str
    applicant: Holder
    subject: Holder
    decided_by: Literal["automatic", "officer"]
    decided_at: datetime
    grant: Grant | None


class ApplicationRejected(Event):
    """The outcome: rejected, with reasons."""

    type: ClassVar[str] = "applications.application-rejected.v1"
    application_id: str
    item: str
    applicant: Holder
    decided_by: Literal["automatic", "officer"]
    decided_at: datetime
    reasons: list[Reason]


class ApplicationReturned(Event):
    """The applicant must correct `field` of `requirement`; `message` is what the reviewer wrote."""

    type: ClassVar[str] = "applications.application-returned.v1"
    application_id: str
    item: str
    applicant: Holder
    requirement: str
    field: str
    message: str


class ApplicationWithdrawn(Event):
    """The applicant withdrew; whatever is still under way for it is void."""

    type: ClassVar[str] = "applications.application-withdrawn.v1"
    application_id: str
    item: str
    applicant: Holder
    reason: str | None
