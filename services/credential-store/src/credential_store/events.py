"""The events that the credential store owns: credentials and their validity."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from bus.event import PERSONAL, Event
from privacy import access_log, erasure, exports
from records import replies

Value = str | bool | int | list[str]
CredentialId = Annotated[str, Field(description="The credential, the same for all its versions")]
Identifier = Annotated[
    str, Field(description="The electronic credential identifier (GB/T 36904) of this version, its number inside")
]
DocumentType = Annotated[str, Field(description="A code of the list of document types")]
Sequence = Annotated[int, Field(description="Counts up with every change of the credential; only the newest counts")]


class Holder(BaseModel):
    """Whose credential it is. `resident_id` is null for a department's record of somebody not registered yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    resident_id: Annotated[str | None, Field(description="The resident; null: not registered, as far as is known")]
    index: Annotated[
        str,
        Field(
            description="Blind index of the identity number, by which records are joined", json_schema_extra=PERSONAL
        ),
    ]


class CredentialStored(Event):
    """A credential is valid in the store: new, re-issued (`predecessor`), changed by its department, or reinstated.

    `identifier` is the electronic credential identifier (GB/T 36904), its version inside. `origin` says who vouches:
    the identity card as read, a person's review, an application's grant, or a department's own record. `sequence`
    counts up with every change of the credential; only the newest counts.
    """

    type: ClassVar[str] = "credential-store.credential-stored.v1"
    credential_id: CredentialId
    identifier: Identifier
    document_type: DocumentType
    holder: Annotated[Holder, Field(description="Whose credential it is")]
    fields: Annotated[
        dict[str, Value],
        Field(description="Its values, by the field names of its type; dates are ISO 8601", json_schema_extra=PERSONAL),
    ]
    origin: Annotated[
        Literal["identity", "review", "grant", "department"],
        Field(description="Who vouches: the card as read, a person's review, a grant, a department's own record"),
    ]
    issuer: Annotated[str, Field(description="Unified social credit code of the issuing body")]
    application_id: Annotated[str | None, Field(description="The application that it came from; null: none")]
    predecessor: Annotated[str | None, Field(description="The identifier of the version that it replaces; null: none")]
    valid_from: Annotated[date, Field(description="Its first day")]
    valid_until: Annotated[date | None, Field(description="Its last day; null: no end")]
    sequence: Sequence


class CredentialStatusChanged(Event):
    """What the three events about a credential that no longer proves anything have in common."""

    credential_id: CredentialId
    identifier: Identifier
    document_type: DocumentType
    holder: Annotated[Holder, Field(description="Whose credential it is")]
    reason: Annotated[
        str | None, Field(description="Why, as it was given; null: no reason was", json_schema_extra=PERSONAL)
    ]
    status_code: Annotated[
        str | None, Field(description="The status code of GB/T 36904; null: an earlier release did not say")
    ] = None
    sequence: Sequence


class CredentialSuspended(CredentialStatusChanged):
    """Status 02: suspended until stored again with a higher sequence."""

    type: ClassVar[str] = "credential-store.credential-suspended.v1"


class CredentialRevoked(CredentialStatusChanged):
    """Status 07: revoked for good, or replaced by its successor."""

    type: ClassVar[str] = "credential-store.credential-revoked.v1"


class CredentialExpired(CredentialStatusChanged):
    """Status 05: its validity has ended."""

    type: ClassVar[str] = "credential-store.credential-expired.v1"


class Resident(BaseModel):
    """Whose document it is: a registered person."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    resident_id: Annotated[str, Field(description="The resident, by the opaque id that identity gave")]
    index: Annotated[
        str,
        Field(
            description="Blind index of the identity number, by which records are joined", json_schema_extra=PERSONAL
        ),
    ]


class HeldDocument(BaseModel):
    """A valid credential that a document may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    credential_id: CredentialId
    identifier: Identifier
    fields: Annotated[
        dict[str, Value],
        Field(description="Its values, by the field names of its type; dates are ISO 8601", json_schema_extra=PERSONAL),
    ]
    origin: Annotated[
        Literal["identity", "review", "grant", "department"],
        Field(description="Who vouches: the card as read, a person's review, a grant, a department's own record"),
    ]
    valid_from: Annotated[date, Field(description="Its first day", json_schema_extra=PERSONAL)]
    valid_until: Annotated[date | None, Field(description="Its last day; null: no end", json_schema_extra=PERSONAL)]


class DuplicateSuspected(Event):
    """A document may be one that is held already, and only a person can tell: one document is one valid credential.

    Of an approval (`task_id`) nothing is stored until that is answered; what was granted, or published by a department,
    is stored as `credential_id`.
    """

    type: ClassVar[str] = "credential-store.duplicate-suspected.v1"
    task_id: Annotated[str | None, Field(description="The review whose approval waits; null: it is stored")]
    application_id: Annotated[str | None, Field(description="The application that it came from; null: none")]
    credential_id: Annotated[str | None, Field(description="The credential that it is stored as; null: not yet")]
    document_type: DocumentType
    holder: Annotated[Resident, Field(description="Whose document it is")]
    fields: Annotated[
        dict[str, Value],
        Field(description="What it says, by the field names of its type", json_schema_extra=PERSONAL),
    ]
    held: Annotated[list[HeldDocument], Field(min_length=1, description="What it may be: every valid credential left")]
    other_than: Annotated[list[str], Field(description="Held credentials that it is not, as people said before")]


class RecordRefused(replies.RecordRefused):
    """To a department: its record was not stored, and nothing of it; why, where, and what to do."""

    type: ClassVar[str] = "credential-store.record-refused.v1"


class RecordAccepted(replies.RecordAccepted):
    """To a department that asked to be told: its record is stored, or was held already as it is."""

    type: ClassVar[str] = "credential-store.record-accepted.v1"


class DataAccessed(access_log.DataAccessed):
    """A department searched for a resident's credentials, or looked at one that it keeps."""

    type: ClassVar[str] = "credential-store.data-accessed.v1"


class DataExported(exports.DataExported):
    """What the credential store holds of a resident: the credentials with all versions."""

    type: ClassVar[str] = "credential-store.data-exported.v1"


class DataErased(erasure.DataErased):
    """What the credential store has erased of what it held of a resident, and what stays."""

    type: ClassVar[str] = "credential-store.data-erased.v1"


class ErasurePreviewed(erasure.ErasurePreviewed):
    """What the credential store would erase of a resident, and what would stay."""

    type: ClassVar[str] = "credential-store.erasure-previewed.v1"
