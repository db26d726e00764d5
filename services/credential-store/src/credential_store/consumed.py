"""What the credential store reads of other services' events."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from credential_store.domain.credential import Value
from messaging.event import View


class Holder(View):
    """Whose document it is."""

    resident_id: str
    index: str


class CardRead(View):
    """`identity.id-registered.v1` and `identity.id-updated.v1`: an identity card was read in person."""

    resident_id: str
    holder_index: str
    name: str
    birth_date: date
    issuing_authority: str
    valid_from: date
    valid_until: date | None
    sequence: int


class PersonHeld(View):
    """`identity.id-suspended.v1` and `identity.id-reinstated.v1`: a suspension was set or lifted."""

    resident_id: str
    holder_index: str
    reason: str
    sequence: int


class ReviewApproved(View):
    """`review-dispatch.review-approved.v1`: a person approved a document."""

    task_id: str
    application_id: str
    document_type: str
    holder: Holder
    fields: dict[str, Value]
    valid_until: date | None
    reviewer: str
    note: str | None
    approved_at: datetime


class Grant(View):
    """The credential that an approval grants."""

    document_type: str
    holder: Holder
    fields: dict[str, Value]
    valid_from: date
    valid_until: date | None


class ApplicationApproved(View):
    """`applications.application-approved.v1`: an application was approved and may grant a credential."""

    application_id: str
    decided_by: str
    decided_at: datetime
    grant: Grant | None


Code = Annotated[str, Field(min_length=1, max_length=200)]
Index = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Sequence = Annotated[int, Field(ge=1)]


class RecordPublished(View):
    """`<department>.department-record-published.v1`: a record of a department, new or changed."""

    department: Code
    record_id: Code
    document_type: Code
    holder_index: Index
    fields: dict[str, Value]
    valid_from: date | None
    valid_until: date | None
    sequence: Sequence


class RecordWithdrawn(View):
    """`<department>.department-record-withdrawn.v1`: a department took a record back."""

    department: Code
    record_id: Code
    document_type: Code
    holder_index: Index
    reason: str
    sequence: Sequence
