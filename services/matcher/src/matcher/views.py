"""The matcher's narrow views of other services' events: just what it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from bus.event import View
from records import parts
from web.signed_requests import Signed

Value = str | bool | int | list[str]
Index = Annotated[str, Field(min_length=1, max_length=128)]


class PersonKnown(View):
    """identity.id-registered, identity.id-updated: who is behind an index."""

    resident_id: str
    holder_index: Index
    name: str
    birth_date: date
    address: str
    sequence: int


class SuspensionChanged(View):
    """identity.id-suspended, identity.id-reinstated."""

    resident_id: str
    holder_index: Index
    sequence: int
    signed_request: Signed | None = None


class CityRecord(View):
    """city.city-record-published, and a line of a bulk load: a record of the city mirror."""

    record_id: parts.RecordId
    document_type: parts.Code
    holder_index: parts.Index
    fields: parts.Fields
    valid_from: parts.Day | None
    valid_until: parts.Day | None
    sequence: parts.Sequence


class CityRecordGone(View):
    """city.city-record-withdrawn."""

    record_id: parts.RecordId
    document_type: parts.Code
    holder_index: parts.Index
    sequence: parts.Sequence


class Holder(View):
    """Whose credential or document it is."""

    index: Index


class StoredCredential(View):
    """credential-store.credential-stored."""

    credential_id: str
    document_type: str
    holder: Holder
    fields: dict[str, Value]
    origin: Literal["identity", "review", "grant", "department"]
    valid_from: date
    valid_until: date | None
    sequence: int


class CredentialGone(View):
    """credential-store.credential-suspended, -revoked, -expired."""

    credential_id: str
    document_type: str
    holder: Holder
    sequence: int


class Requirement(View):
    """One document that an item needs."""

    key: str
    document_types: list[str]
    holder: Literal["applicant", "subject", "second-party"]
    claims: dict[str, Value]


class ItemPublished(View):
    """applications.item-published."""

    item: str
    requirements: list[Requirement]
    defaults: Mapping[str, list[str]] = {}


class SubmittedHolder(View):
    """Whose document an application needs."""

    resident_id: str
    index: Index


class Scan(View):
    """A scan by reference, passed on as it came."""

    scan_id: str
    document_type: str
    media_type: str
    size: int
    sha256: str


class FormAnswer(View):
    """An answer of the form that a field of the document is compared with."""

    field: str
    key: str
    label: dict[str, str]


class AskedDocument(View):
    """A document that is to be proven."""

    requirement: str
    attempt: int
    document_types: Annotated[list[str], Field(min_length=1)]
    holder: SubmittedHolder
    claims: dict[str, Value]
    scans: list[Scan]
    reviewable: bool
    answers: list[FormAnswer] | None = None
    declined: Sequence[str] = ()
    """Records and credentials, by their keepers' ids, that the applicant will not have compared."""


class DocumentSubmitted(View):
    """applications.document-submitted, and of our own match-postponed: what is to be proven."""

    application_id: str
    item: str
    documents: Annotated[list[AskedDocument], Field(min_length=1)]
    community: str | None
    due_on: date | None = None
