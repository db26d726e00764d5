"""The events that the credential store owns: credentials and their validity."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from messaging.event import PERSONAL, Event

Value = str | bool | int | list[str]


class Holder(BaseModel):
    """Whose credential it is. `resident_id` is null for a department's record of somebody not registered yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    resident_id: str | None
    index: str


class CredentialStored(Event):
    """A credential is valid in the store: new, re-issued (`predecessor`), changed by its department, or reinstated.

    `identifier` is the electronic credential identifier (GB/T 36904), its version inside. `origin` says who vouches:
    the identity card as read, a person's review, an application's grant, or a department's own record. `sequence`
    counts up with every change of the credential; only the newest counts.
    """

    type: ClassVar[str] = "credential-store.credential-stored.v1"
    credential_id: str
    identifier: str
    document_type: str
    holder: Holder
    fields: Annotated[dict[str, Value], Field(json_schema_extra=PERSONAL)]
    origin: Literal["identity", "review", "grant", "department"]
    issuer: str
    application_id: str | None
    predecessor: str | None
    valid_from: date
    valid_until: date | None
    sequence: int


class CredentialStatusChanged(Event):
    """What the three events about a credential that no longer proves anything have in common."""

    credential_id: str
    identifier: str
    document_type: str
    holder: Holder
    reason: str | None
    sequence: int


class CredentialSuspended(CredentialStatusChanged):
    """Status 02: suspended until stored again with a higher sequence."""

    type: ClassVar[str] = "credential-store.credential-suspended.v1"


class CredentialRevoked(CredentialStatusChanged):
    """Status 07: revoked for good, or replaced by its successor."""

    type: ClassVar[str] = "credential-store.credential-revoked.v1"


class CredentialExpired(CredentialStatusChanged):
    """Status 05: its validity has ended."""

    type: ClassVar[str] = "credential-store.credential-expired.v1"
