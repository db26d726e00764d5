"""The events that applications owns: what residents applied for, what it needs, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from bus.event import PERSONAL, Event
from privacy import access_log, erasure, exports

ClaimValue = str | bool | int | list[str]
Claims = Annotated[
    dict[str, ClaimValue],
    Field(
        description="What the applicant claims, by the field names of the document type; dates are ISO 8601",
        json_schema_extra=PERSONAL,
    ),
]
ApplicationId = Annotated[str, Field(description="The application; also the case of its events")]
Item = Annotated[str, Field(description="The code of the service item")]
RequirementKey = Annotated[str, Field(description="The item's key of the document that it needs")]
DocumentType = Annotated[str, Field(description="A code of the list of document types")]
DecidedBy = Annotated[
    Literal["automatic", "officer"], Field(description="Whether the rules of the item decided, or an officer")
]
Texts = Annotated[
    dict[str, str] | None,
    Field(
        description="What that person said, by language, where it names a standard reason; null: as it was written",
        json_schema_extra=PERSONAL,
    ),
]
DecidedAt = Annotated[datetime, Field(description="When it was decided")]


class Part(BaseModel):
    """A piece of an event."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Holder(Part):
    """Whose document it is. `index` is the blind index of the identity number, by which records are joined."""

    resident_id: Annotated[str, Field(description="The resident, by the opaque id that identity gave")]
    index: Annotated[str, Field(description="Blind index of the identity number", json_schema_extra=PERSONAL)]


Applicant = Annotated[Holder, Field(description="Who acts")]
Concerns = Annotated[tuple[Holder, ...], Field(description="Whose data the work shows; empty: it was not said yet")]
Subject = Annotated[Holder, Field(description="Whom it is for: a child, or the applicant")]


class Scan(Part):
    """A scan by reference; its content stays in the applications service."""

    scan_id: Annotated[str, Field(description="By which applications gives the scan out")]
    document_type: DocumentType
    media_type: Annotated[str, Field(description="Such as image/jpeg")]
    size: Annotated[int, Field(description="In bytes")]
    sha256: Annotated[str, Field(description="Digest of its content")]


class Reason(Part):
    """Why something was refused: a message key, the requirement and field concerned, and what people wrote."""

    code: Annotated[str, Field(description="A key of the message catalogues")]
    requirement: Annotated[str | None, Field(description="The requirement concerned")] = None
    document_type: Annotated[str | None, Field(description="The document type concerned")] = None
    field: Annotated[str | None, Field(description="The field of the document concerned")] = None
    text: Annotated[str | None, Field(description="What a person wrote", json_schema_extra=PERSONAL)] = None
    texts: Texts = None


class Grant(Part):
    """The credential that an approval grants."""

    document_type: DocumentType
    holder: Annotated[Holder, Field(description="Who gets it")]
    fields: Annotated[
        dict[str, ClaimValue],
        Field(description="Its values, by the field names of its type", json_schema_extra=PERSONAL),
    ]
    valid_from: Annotated[date, Field(description="Its first day")]
    valid_until: Annotated[date | None, Field(description="Its last day; null: no end")]


class RequirementPublished(Part):
    """One document that an item needs: any of `document_types`, held by that role, with claims drawn from these paths.

    A path is `holder.name`, `form.address` and the like; anything else is the claimed value itself.
    """

    key: RequirementKey
    document_types: Annotated[list[str], Field(description="Any of these proves it, in the item's order")]
    holder: Annotated[Literal["applicant", "subject", "second-party"], Field(description="Whose document")]
    claims: Annotated[dict[str, ClaimValue], Field(description="For each field: where its value stands, or the value")]


class ItemPublished(Event):
    """What an item of the catalogue needs, published when its content changed. `digest` names that content."""

    type: ClassVar[str] = "applications.item-published.v1"
    item: Item
    digest: Annotated[str, Field(description="Names the content, so that the same is not published twice")]
    requirements: Annotated[list[RequirementPublished], Field(description="Every document that the item needs")]
    defaults: Annotated[
        Mapping[str, list[str]],
        Field(
            description="For fields of the form: where the answer stands if the applicant gives none, in this order; "
            "`document.` and a requirement's key: in the document that is asked first for it"
        ),
    ] = {}


class ApplicationSubmitted(Event):
    """A resident applied. `applicant` acts, `subject` is whom it is for (a child, or the applicant)."""

    type: ClassVar[str] = "applications.application-submitted.v1"
    application_id: ApplicationId
    item: Item
    applicant: Applicant
    subject: Subject
    submitted_at: Annotated[datetime, Field(description="When it was submitted")]
    due_on: Annotated[date, Field(description="The day by which the district has promised an outcome")]
    attempt: Annotated[int, Field(description="1; one more each time that it was corrected and submitted again")]


class FormAnswer(Part):
    """An answer of the form that a field of the document is compared with: what its applicant can correct."""

    field: Annotated[str, Field(description="The field of the document")]
    key: Annotated[str, Field(description="The form's own field")]
    label: Annotated[dict[str, str], Field(description="Its name in the form, by language (zh-CN, en)")]


class SubmittedDocument(Part):
    """A document of one of `document_types`, held by `holder`, with these claimed values.

    `requirement` is the item's key for it; `attempt` counts up when it is corrected after a return. Dates in claims
    are ISO 8601. `reviewable`: whether people may look at it when it fails to match.
    """

    requirement: RequirementKey
    attempt: Annotated[int, Field(description="Counts up when the requirement is corrected after a return")]
    document_types: Annotated[list[str], Field(description="Any of these proves it, in the item's order")]
    holder: Annotated[Holder, Field(description="Whose document it is")]
    claims: Claims
    scans: Annotated[list[Scan], Field(description="What was handed in, by reference")]
    reviewable: Annotated[bool, Field(description="Whether people may look at it when it fails to match")]
    answers: Annotated[
        list[FormAnswer] | None,
        Field(description="Which claims the applicant answered in the form; null: an earlier release did not say"),
    ] = None
    declined: Annotated[
        tuple[str, ...],
        Field(description="Records and credentials, by their keepers' ids, that the applicant will not have compared"),
    ] = ()


class DocumentSubmitted(Event):
    """An application needs these documents: all those of one submission that have to be proven now.

    `community` is where the applicant lives, by which work in communities is routed.
    """

    type: ClassVar[str] = "applications.document-submitted.v2"
    application_id: ApplicationId
    item: Item
    documents: Annotated[
        list[SubmittedDocument], Field(description="What has to be proven, each by itself", min_length=1)
    ]
    community: Annotated[str | None, Field(description="Code of the community where the applicant lives")]
    due_on: Annotated[
        date | None, Field(description="By when the whole application is promised; null: not yet, or at once")
    ] = None


class ReviewSwitched(Event):
    """From now on people review what fails to match of a document type, or nobody does."""

    type: ClassVar[str] = "applications.review-switched.v1"
    document_type: DocumentType
    review: Annotated[Literal["people", "automatic"], Field(description="Who looks at what does not match")]
    why: Annotated[
        Literal["proposal", "disputes", "overturned"],
        Field(description="As proposed and approved; or by itself: too many disputes, too many records corrected"),
    ]
    by: Annotated[tuple[str, ...], Field(description="Who proposed it and who approved it; none: by itself")]
    reason: Annotated[str | None, Field(description="Why, as it was proposed; null: by itself")]
    switched_at: Annotated[datetime, Field(description="When")]
    sequence: Annotated[int, Field(description="Counts up for each document type; only the newest counts")]


class FieldCheckRequested(Event):
    """Someone must look at the address; `due_on` is the last working day for it."""

    type: ClassVar[str] = "applications.field-check-requested.v1"
    application_id: ApplicationId
    item: Item
    applicant_name: Annotated[str, Field(description="Whom to ask for", json_schema_extra=PERSONAL)]
    address: Annotated[str, Field(description="Where to look", json_schema_extra=PERSONAL)]
    community: Annotated[str, Field(description="Code of the community whose grid officer goes there")]
    due_on: Annotated[date, Field(description="The last working day for it")]
    concerns: Concerns = ()


class Proven(Part):
    """A requirement that has been proven, and by what."""

    requirement: RequirementKey
    document_type: DocumentType
    source: Annotated[str, Field(description="The source that proved it, or `person`")]


class DecisionRequested(Event):
    """Everything is proven; an officer of `department` decides by `due_on`."""

    type: ClassVar[str] = "applications.decision-requested.v1"
    application_id: ApplicationId
    item: Item
    department: Annotated[str, Field(description="Code of the department that decides")]
    subject_name: Annotated[str, Field(description="Whom it is for", json_schema_extra=PERSONAL)]
    proven: Annotated[list[Proven], Field(description="What has been proven, and by what")]
    due_on: Annotated[date, Field(description="The last day for the decision")]
    concerns: Concerns = ()


class ApplicationApproved(Event):
    """The outcome: approved, automatically or by an officer; `grant` is the credential that it grants."""

    type: ClassVar[str] = "applications.application-approved.v1"
    application_id: ApplicationId
    item: Item
    applicant: Applicant
    subject: Subject
    decided_by: DecidedBy
    decided_at: DecidedAt
    grant: Annotated[Grant | None, Field(description="The credential that it grants; null: none")]


class ApplicationRejected(Event):
    """The outcome: rejected, with reasons."""

    type: ClassVar[str] = "applications.application-rejected.v1"
    application_id: ApplicationId
    item: Item
    applicant: Applicant
    decided_by: DecidedBy
    decided_at: DecidedAt
    reasons: Annotated[list[Reason], Field(description="Every reason, as the applicant reads them")]


class ApplicationReturned(Event):
    """The applicant must correct `field` of `requirement`; `message` is what the reviewer wrote."""

    type: ClassVar[str] = "applications.application-returned.v1"
    application_id: ApplicationId
    item: Item
    applicant: Applicant
    requirement: RequirementKey
    field: Annotated[str, Field(description="What is to be corrected: a field of the document, or `scans`")]
    form_field: Annotated[
        str | None, Field(description="The form's own field that it is answered in; null: none, as for the scans")
    ] = None
    message: Annotated[str, Field(description="What the reviewer wrote to the applicant", json_schema_extra=PERSONAL)]
    texts: Texts = None


class ApplicationWithdrawn(Event):
    """The applicant withdrew; whatever is still under way for it is void."""

    type: ClassVar[str] = "applications.application-withdrawn.v1"
    application_id: ApplicationId
    item: Item
    applicant: Applicant
    reason: Annotated[
        str | None, Field(description="What the applicant wrote; null: nothing", json_schema_extra=PERSONAL)
    ]


class DataAccessed(access_log.DataAccessed):
    """Somebody other than the person concerned saw an application or opened a scan of it."""

    type: ClassVar[str] = "applications.data-accessed.v1"


class DataExported(exports.DataExported):
    """What applications holds of a resident: applications, what was answered to them, scans by reference."""

    type: ClassVar[str] = "applications.data-exported.v1"


class DataErased(erasure.DataErased):
    """What applications has erased of what it held of a resident, and what stays."""

    type: ClassVar[str] = "applications.data-erased.v1"


class ErasurePreviewed(erasure.ErasurePreviewed):
    """Which applications would go, and what would stay."""

    type: ClassVar[str] = "applications.erasure-previewed.v1"
