"""What the events are made of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bus.event import PERSONAL
from web.signed_requests import MaybeSigned

Value = str | bool | int | list[str]
TaskId = Annotated[str, Field(description="The task, the same for everything about one request")]
ApplicationId = Annotated[str, Field(description="The application; also the case of its events")]
Item = Annotated[str, Field(description="The code of the service item")]
RequirementKey = Annotated[str, Field(description="The item's key of the document that it needs")]
Attempt = Annotated[int, Field(description="The applicant's attempt that it belongs to")]
DocumentType = Annotated[str, Field(description="The document type that was looked at")]
Department = Annotated[str, Field(description="Code of the department that keeps the document")]
Reviewer = Annotated[str, Field(description="Who looked at it, by the account")]
Officer = Annotated[str, Field(description="Who it was, by the account")]
Community = Annotated[str, Field(description="Code of the community of the address")]
WorkKind = Annotated[Literal["review", "field-check", "decision"], Field(description="What kind of work it is")]
MaybeRequirement = Annotated[
    str | None, Field(description="The item's key of the document; null: not about a document")
]
TaskSequence = Annotated[int, Field(description="Counts up with every change of the task; only the newest counts")]
CheckedAt = Annotated[datetime, Field(description="When the grid officer entered it")]
Fields = Annotated[
    dict[str, Value],
    Field(
        description="The values that were approved, by the field names of the document type; dates are ISO 8601",
        json_schema_extra=PERSONAL,
    ),
]
Written = Annotated[
    str,
    Field(
        description="What that person wrote, behind the standard reason in Chinese where one was named",
        json_schema_extra=PERSONAL,
    ),
]
Explanation = Annotated[str, Field(description="What that person wrote", json_schema_extra=PERSONAL)]
MaybeWritten = Annotated[
    str | None,
    Field(
        description="What that person wrote, behind the standard reason in Chinese where one was named; null: nothing",
        json_schema_extra=PERSONAL,
    ),
]


StatedUntil = Annotated[
    date | None,
    Field(
        description="The end of validity that the document states; null: none, its type says how long it lasts",
        json_schema_extra=PERSONAL,
    ),
]
StandardReason = Annotated[
    str | None, Field(description="Code of the district's standard reason that was named; null: none")
]
Texts = Annotated[
    dict[str, str] | None,
    Field(
        description="The same by language (`zh-CN`, `en`), where a standard reason was named; null: as it was written",
        json_schema_extra=PERSONAL,
    ),
]


class Part(BaseModel):
    """A piece of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Holder(Part):
    """Whose document it is."""

    resident_id: Annotated[str, Field(description="The resident, by the opaque id that identity gave")]
    index: Annotated[
        str,
        Field(
            description="Blind index of the identity number, by which records are joined", json_schema_extra=PERSONAL
        ),
    ]


class Slot(Part):
    """A time in which an officer comes to the door."""

    begins: Annotated[datetime, Field(description="When it begins")]
    ends: Annotated[datetime, Field(description="When it ends")]


class Approval(Part):
    """One person's approval: who, when, and what that person wrote."""

    reviewer: Annotated[str, Field(description="Who approved, by the account")]
    approved_at: Annotated[datetime, Field(description="When this person approved")]
    note: MaybeWritten
    standard_reason: StandardReason = None
    signed_request: MaybeSigned = None


class ReviewedDocument(Part):
    """Which document is reviewed, and where."""

    task_id: TaskId
    application_id: ApplicationId
    requirement: RequirementKey
    attempt: Attempt
    document_type: DocumentType
    department: Department


class NamedField(Part):
    """A field that a decision is about."""

    field: Annotated[str, Field(description="Its name in the document, or `scans`")]
    form_field: Annotated[
        str | None, Field(description="The form's own field that it is answered in; null: none, or not known")
    ]


class Reasoned(Part):
    """What the applicant reads of a decision that may name one of the district's standard reasons."""

    standard_reason: StandardReason = None
    texts: Texts = None
