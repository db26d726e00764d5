"""The events that data-rights owns: where the record of accesses ends, and what residents ask for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bus.event import PERSONAL, Event
from standards.field_kinds import Value
from web.signed_requests import MaybeSigned, SignedByEach


class Holder(BaseModel):
    """Whose record it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    resident_id: Annotated[str, Field(description="The resident, by the opaque id that identity gave")]
    index: Annotated[
        str,
        Field(
            description="Blind index of the identity number, by which records are joined", json_schema_extra=PERSONAL
        ),
    ]


class HeadPublished(Event):
    """The record of accesses is sealed up to `block`; whoever keeps this can tell when that is changed later."""

    type: ClassVar[str] = "data-rights.head-published.v1"
    block: Annotated[int, Field(description="The last block; blocks count up from 1 without a gap")]
    hash: Annotated[str, Field(description="Its hash (SHA-256, hex), which follows from everything before it")]
    at: Annotated[datetime, Field(description="When it was published")]
    signed: Annotated[
        str | None, Field(description="block, hash and at, signed (compact JWS, ES256, typ record-head+jwt)")
    ] = None


class AccessDisputed(Event):
    """A resident says that an entry of their record should not have been; whoever looked is to explain it."""

    type: ClassVar[str] = "data-rights.access-disputed.v1"
    dispute_id: Annotated[str, Field(description="The dispute; its answer repeats it")]
    access_id: Annotated[str, Field(description="The entry of the record")]
    holder: Annotated[Holder, Field(description="Whose record it is")]
    department: Annotated[str | None, Field(description="Code of the department that looked; null: none was named")]
    by: Annotated[str, Field(description="Who looked, by the account")]
    role: Annotated[str, Field(description="What that account is; `system`: without a person")]
    how: Annotated[str, Field(description="What was done, as in data-accessed; `matched`: compared without a person")]
    what: Annotated[str, Field(description="What it was done with, as in data-accessed")]
    document_types: Annotated[list[str], Field(description="The documents that were seen or asked for")]
    application_id: Annotated[str | None, Field(description="The application that it was for; null: none")]
    item: Annotated[str | None, Field(description="Code of that application's service item; null: not known")]
    purpose: Annotated[
        str | None, Field(description="What for, as it was stated; null: it was not", json_schema_extra=PERSONAL)
    ]
    accessed_at: Annotated[datetime, Field(description="When it was")]
    reason: Annotated[
        str, Field(description="Why it is disputed, as the resident wrote it", json_schema_extra=PERSONAL)
    ]
    raised_at: Annotated[datetime, Field(description="When it was disputed")]


class CorrectionRequested(Event):
    """A resident says that a value is wrong; the department that keeps the document is to answer."""

    type: ClassVar[str] = "data-rights.correction-requested.v1"
    correction_id: Annotated[str, Field(description="The request; its answer repeats it")]
    holder: Annotated[Holder, Field(description="Whose data it is")]
    document_type: Annotated[str, Field(description="The document type; `registration`: the registration itself")]
    credential_id: Annotated[str | None, Field(description="The credential, the same for all its versions; null: none")]
    identifier: Annotated[str | None, Field(description="The identifier of its newest version; null: no credential")]
    origin: Annotated[str | None, Field(description="Who vouches for it, as in credential-stored; null: no credential")]
    field: Annotated[str, Field(description="The field, by its name in the document type")]
    says: Annotated[
        Value | None, Field(description="What it says, as the resident quotes it", json_schema_extra=PERSONAL)
    ]
    should_say: Annotated[Value, Field(description="What it should say", json_schema_extra=PERSONAL)]
    reason: Annotated[str, Field(description="Why, as the resident wrote it", json_schema_extra=PERSONAL)]
    department: Annotated[str, Field(description="Code of the department that keeps the document")]
    requested_at: Annotated[datetime, Field(description="When it was asked for")]


class CorrectionPermitted(Event):
    """The department approved a correction of the registration: it may be made at a window, once, with the card.

    Nothing but that changes: who a person is, a card says that is read in person.
    """

    type: ClassVar[str] = "data-rights.correction-permitted.v1"
    correction_id: Annotated[str, Field(description="The request that was approved")]
    holder: Annotated[Holder, Field(description="Whose registration it is")]
    field: Annotated[str, Field(description="The field of the registration")]
    value: Annotated[str, Field(description="What is right; the card must say the same", json_schema_extra=PERSONAL)]
    until: Annotated[date, Field(description="The last day on which it can be made")]
    department: Annotated[str, Field(description="Code of the department that approved")]
    officers: Annotated[list[str], Field(description="Who approved, by the account, in order")]
    signed_requests: SignedByEach = None


class ExportRequested(Event):
    """A resident asks for everything that is held about them: every service answers, sealed to `key`."""

    type: ClassVar[str] = "data-rights.export-requested.v1"
    export_id: Annotated[str, Field(description="The export; every answer repeats it")]
    holder: Annotated[Holder, Field(description="Whose data is asked for")]
    key: Annotated[dict[str, str], Field(description="A public key (JWK, P-256) made for this export alone")]
    signed_request: MaybeSigned = None


class ErasurePreviewRequested(Event):
    """A resident wants to know what would be erased: every service says what would go and what would stay."""

    type: ClassVar[str] = "data-rights.erasure-preview-requested.v1"
    erasure_id: Annotated[str, Field(description="The erasure, not confirmed yet; every answer repeats it")]
    holder: Annotated[Holder, Field(description="Whose data would be erased")]


class ErasureRequested(Event):
    """A resident asks that what is held about them be erased: every service erases what may go, and says what stays."""

    type: ClassVar[str] = "data-rights.erasure-requested.v1"
    erasure_id: Annotated[str, Field(description="The erasure; every answer repeats it")]
    holder: Annotated[Holder, Field(description="Whose data is to be erased")]
    only: Annotated[
        list[str] | None, Field(description="The cases that were shown before and may go; null: any that may")
    ] = None
    signed_request: MaybeSigned = None
