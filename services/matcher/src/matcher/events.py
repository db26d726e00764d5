"""The events that the matcher owns: what a comparison with the evidence found."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from bus.event import PERSONAL, Event
from privacy import access_log, erasure, exports
from records import replies

Value = str | bool | int | list[str]
Source = Literal["city-mirror", "district-store", "department-record"]
ApplicationId = Annotated[str, Field(description="The application; also the case of its events")]
Item = Annotated[str, Field(description="The code of the service item")]
RequirementKey = Annotated[str, Field(description="The item's key of the document that it needs")]
Attempt = Annotated[int, Field(description="The applicant's attempt that this answers")]
DocumentType = Annotated[str, Field(description="A code of the list of document types")]


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


class Scan(Part):
    """A scan by reference, passed on from the submitted document."""

    scan_id: Annotated[str, Field(description="By which applications gives the scan out")]
    document_type: DocumentType
    media_type: Annotated[str, Field(description="Such as image/jpeg")]
    size: Annotated[int, Field(description="In bytes")]
    sha256: Annotated[str, Field(description="Digest of its content")]


DocumentHolder = Annotated[Holder, Field(description="Whose document it is")]
AnyOf = Annotated[list[str], Field(description="Any of these proves it, in the item's order")]
Claims = Annotated[
    dict[str, Value],
    Field(description="Everything that the applicant claims, dates as ISO 8601", json_schema_extra=PERSONAL),
]
Scans = Annotated[list[Scan], Field(description="What was handed in, by reference")]
Community = Annotated[str | None, Field(description="Code of the community where the applicant lives")]
PromisedOn = Annotated[
    date | None, Field(description="By when the whole application is promised; null: not yet, or at once")
]


class Compared(Part):
    """One field: the result, and for `close` and `different` the reason's message key."""

    field: Annotated[str, Field(description="A field name of the document type")]
    result: Annotated[
        Literal["equal", "close", "different", "missing", "expired", "revoked"],
        Field(description="How the claimed value compares with the held one"),
    ]
    reason: Annotated[str | None, Field(description="A key of the message catalogues, for close and different")] = None


class ComparedValues(Compared):
    """One field with what was claimed and what is held, side by side, for the reviewer."""

    claimed: Annotated[Value | None, Field(description="What the applicant claims", json_schema_extra=PERSONAL)] = None
    held: Annotated[Value | None, Field(description="What government holds", json_schema_extra=PERSONAL)] = None
    source: Annotated[Source | None, Field(description="Who holds it")] = None


class Holding(Part):
    """A document that government already holds, and that agrees with who its holder is."""

    document_type: DocumentType
    source: Annotated[Source, Field(description="Who holds it")]
    evidence_id: Annotated[
        str | None, Field(description="The record or credential, by its keeper's id; null: it was not said")
    ] = None
    valid_until: Annotated[date | None, Field(description="The last day on which it proves; null: no end")]
    says: Annotated[
        dict[str, Value],
        Field(
            description="What it says in the fields that forms are filled with, or of which items ask for a number",
            json_schema_extra=PERSONAL,
        ),
    ] = {}


class ProvenDocument(Part):
    """A requirement that is proven by `document_type`, from the first source that proves it, field by field."""

    requirement: RequirementKey
    attempt: Attempt
    document_type: Annotated[str, Field(description="The document type that proves it")]
    holder: DocumentHolder
    source: Annotated[Source, Field(description="The first source that proves it")]
    evidence_id: Annotated[str, Field(description="The record or credential that proves it, by its keeper's id")]
    valid_until: Annotated[date | None, Field(description="How long the evidence holds; null: no end")]
    fields: Annotated[list[Compared], Field(description="Every field that was compared")]


class MatchSucceeded(Event):
    """Requirements are proven: of what was submitted together, all that is."""

    type: ClassVar[str] = "matcher.match-succeeded.v2"
    application_id: ApplicationId
    item: Item
    documents: Annotated[list[ProvenDocument], Field(description="What is proven, each by itself", min_length=1)]


class FormAnswer(Part):
    """An answer of the form that a field of the document is compared with: what its applicant can correct."""

    field: Annotated[str, Field(description="The field of the document")]
    key: Annotated[str, Field(description="The form's own field")]
    label: Annotated[dict[str, str], Field(description="Its name in the form, by language (zh-CN, en)")]


FormAnswers = Annotated[
    list[FormAnswer] | None,
    Field(description="Which claims the applicant answered in the form, passed on; null: it was not said"),
]


class UnprovenDocument(Part):
    """A requirement that is not proven: why, field by field, for the nearest evidence of `document_type`."""

    requirement: RequirementKey
    attempt: Attempt
    document_type: Annotated[str, Field(description="The document type that was looked at: the nearest to a proof")]
    document_types: AnyOf
    holder: DocumentHolder
    fields: Annotated[list[ComparedValues], Field(description="Every field that was compared, with both values")]
    claims: Claims
    scans: Scans
    reviewable: Annotated[bool, Field(description="Whether people may look at it")]
    answers: FormAnswers = None
    evidence_id: Annotated[
        str | None, Field(description="The record or credential it was compared with, by its keeper's id; null: none")
    ] = None


class MatchFailed(Event):
    """Requirements are not proven: of what was submitted together, all that is not."""

    type: ClassVar[str] = "matcher.match-failed.v2"
    application_id: ApplicationId
    item: Item
    documents: Annotated[list[UnprovenDocument], Field(description="What is not proven, each by itself", min_length=1)]
    community: Community
    due_on: PromisedOn = None


class PostponedDocument(Part):
    """A document that is to be proven, passed on as it was submitted."""

    requirement: RequirementKey
    attempt: Attempt
    document_types: AnyOf
    holder: DocumentHolder
    claims: Claims
    scans: Scans
    reviewable: Annotated[bool, Field(description="Whether people may look at it when it fails to match")]
    answers: FormAnswers = None
    declined: Annotated[
        tuple[str, ...],
        Field(description="Records and credentials, by their keepers' ids, that the applicant will not have compared"),
    ] = ()


class MatchPostponed(Event):
    """Of what was submitted together, what can't be answered yet: its holder, or the holder's card, is not known here.

    The matcher's own, so that the others don't wait for these.
    """

    type: ClassVar[str] = "matcher.match-postponed.v1"
    application_id: ApplicationId
    item: Item
    documents: Annotated[list[PostponedDocument], Field(description="What waits, each by itself", min_length=1)]
    community: Community
    due_on: PromisedOn = None


class HoldingsChanged(Event):
    """Which documents government holds for a registered resident: those that need not be brought.

    `sequence` counts up for each holder; only the newest counts.
    """

    type: ClassVar[str] = "matcher.holdings-changed.v1"
    resident_id: Annotated[str, Field(description="The resident, by the opaque id that identity gave")]
    holder_index: Annotated[str, Field(description="Blind index of the identity number", json_schema_extra=PERSONAL)]
    holdings: Annotated[list[Holding], Field(description="All of them, not only what is new")]
    sequence: Annotated[int, Field(description="Counts up for each holder; only the newest counts")]


class RecordRefused(replies.RecordRefused):
    """To the city resource centre: its record was not stored, and nothing of it; why, where, and what to do."""

    type: ClassVar[str] = "matcher.record-refused.v1"


class RecordAccepted(replies.RecordAccepted):
    """To the city resource centre, when it asked to be told: its record is stored, or was held already as it is."""

    type: ClassVar[str] = "matcher.record-accepted.v1"


class DataAccessed(access_log.DataAccessed):
    """An official tried what would match for a resident, or somebody saw what is held of them: also they themselves."""

    type: ClassVar[str] = "matcher.data-accessed.v1"


class DataExported(exports.DataExported):
    """What the matcher holds of a resident: the evidence with its sources."""

    type: ClassVar[str] = "matcher.data-exported.v1"


class DataErased(erasure.DataErased):
    """What the matcher has erased of what it held of a resident, and what stays."""

    type: ClassVar[str] = "matcher.data-erased.v1"


class ErasurePreviewed(erasure.ErasurePreviewed):
    """What the matcher would erase of a resident, and what would stay."""

    type: ClassVar[str] = "matcher.erasure-previewed.v1"
