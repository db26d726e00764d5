"""The narrow views of other services' events: just what is read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from bus.event import View
from standards.field_kinds import Value
from web.signed_requests import Signed


class PersonRegistered(View):
    """identity.id-registered: the index by which everything about a resident is found, and how old they are."""

    resident_id: str
    holder_index: str
    birth_date: date


class GuardianshipChanged(View):
    """identity.guardianship-registered, -ended."""

    guardianship_id: str
    guardian_id: str
    child_id: str
    sequence: int
    signed_request: Signed | None = None


class Holder(View):
    """Whose data it is; at least one of the two is known."""

    resident_id: str | None
    index: str | None


class By(View):
    """Who it was."""

    subject: str
    role: str
    departments: list[str]


class PresenceBegun(View):
    """identity.presence-begun: the resident's card was read while they stood there, to apply for them."""

    holder_index: str
    by: By
    begun_at: datetime


class Document(View):
    """A document that was seen or asked for."""

    document_type: str
    identifier: str | None = None


class DataAccessed(View):
    """`*.data-accessed`: somebody looked at or used a resident's data. What is done may be something new."""

    holder: Holder
    by: By
    how: str = Field(max_length=60)
    what: str = Field(max_length=60)
    documents: list[Document]
    application_id: str | None = None
    item: str | None = None
    purpose: str | None = None
    at: datetime


class MatchedDocument(View):
    """A document that was compared without a person, and is proven."""

    requirement: str
    attempt: int
    document_type: str
    holder: Holder


class Matched(View):
    """matcher.match-succeeded: what is proven of an application."""

    application_id: str
    item: str
    documents: list[MatchedDocument]


class UnmatchedDocument(View):
    """A document that was compared without a person, and is not proven; any of `document_types` would have."""

    requirement: str
    attempt: int
    document_types: list[str]
    holder: Holder


class NotMatched(View):
    """matcher.match-failed: what is not proven of an application."""

    application_id: str
    item: str
    documents: list[UnmatchedDocument]


class DisputeAnswered(View):
    """review-dispatch.dispute-answered: a department explains an entry that was disputed."""

    dispute_id: str
    department: str
    officer: str
    explanation: str
    answered_at: datetime


class CredentialHolder(View):
    """Whose credential it is."""

    index: str


class CredentialStored(View):
    """credential-store.credential-stored: whose a credential is, and who vouches for it."""

    credential_id: str
    identifier: str
    document_type: str
    holder: CredentialHolder
    origin: str
    sequence: int


class CorrectionHolder(View):
    """Whose value it is."""

    resident_id: str
    index: str


class CorrectionAnswered(View):
    """review-dispatch.correction-answered: a department answers a request for correction."""

    correction_id: str
    holder: CorrectionHolder
    document_type: str
    field: str
    result: Literal["corrected", "refused"]
    value: Value | None
    department: str
    officers: list[str]
    explanation: str
    answered_at: datetime
    signed_requests: list[Signed] | None = None


class RegistrationCorrected(View):
    """identity.registration-corrected: an approved correction was made at a window."""

    correction_id: str
    corrected_at: datetime


class DataExported(View):
    """`*.data-exported`: a part of what a service holds of a resident, sealed."""

    export_id: str
    part: int = Field(ge=1)
    parts: int = Field(ge=1)
    sealed: str


class Gone(View):
    """A kind of data, by its name in retention.yaml, and how many there were."""

    kind: str
    count: int


class Stays(Gone):
    """A kind of data that stays; `until`: the day on which the last of it goes, None where no day is set."""

    until: date | None


class DataErased(View):
    """`*.data-erased`: what a service has erased of what it held of a resident, and what stays."""

    erasure_id: str
    erased: list[Gone]
    kept: list[Stays]


class ErasurePreviewed(DataErased):
    """`*.erasure-previewed`: what a service would erase, what would stay, and which cases would go."""

    cases: list[str]
