"""What the handlers need, and what they announce."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bus.event import Event
from credential_store.domain.credential import LAPSED, SUSPENDED, VALID, Credential
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.grants import Grants
from credential_store.domain.identifiers import CredentialIds, Ids
from credential_store.domain.proof import DocumentProof
from credential_store.domain.signed import Issuer
from credential_store.domain.status import reason_of
from credential_store.domain.status_list import Purpose
from credential_store.domain.submission import KnownSubmission
from credential_store.domain.verdict import Trusted
from credential_store.events import (
    CredentialExpired,
    CredentialRevoked,
    CredentialStatusChanged,
    CredentialStored,
    CredentialSuspended,
    Holder,
)
from credential_store.store import (
    CredentialDocuments,
    HandOverDocuments,
    HandOverFiles,
    HeldCredentialDocuments,
    PlaceDocuments,
    SignedDocuments,
)
from privacy.erasure import Eraser
from privacy.guardianships import Guardianships
from privacy.own_requests import OwnRequests
from records.persons import Opener
from runtime.clock import Clock
from store.repository import Repository
from web.reviewers import Reviewers
from web.signed_requests import SignedRequests


@dataclass(frozen=True, slots=True)
class ListedCredential:
    """A status list as it was signed at a moment."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deps:
    """What handlers are given besides the message or request.

    `listed` are the status lists that were signed lately; `decoy` is something signed that a verification checks when
    there is nothing to check.
    """

    credentials: CredentialDocuments
    holdings: HeldCredentialDocuments
    signed: SignedDocuments
    places: PlaceDocuments
    issuer: Issuer
    trusted: Trusted
    decoy: str
    listed: dict[tuple[Purpose, int], ListedCredential]
    guardianships: Guardianships
    submissions: Repository[KnownSubmission]
    proofs: Repository[DocumentProof]
    hand_overs: HandOverDocuments
    files: HandOverFiles
    types: DocumentTypes
    grants: Grants
    reviewers: Reviewers
    signed_requests: SignedRequests
    opener: Opener
    ids: CredentialIds
    clock: Clock
    eraser: Eraser
    own_requests: OwnRequests


async def kept_under(ids: Ids, deps: Deps) -> Credential | None:
    """Return the document that these ids lead to."""
    return next((each for each in await deps.credentials.many(ids) if each is not None), None)


def announcements(before: Credential, after: Credential, deps: Deps) -> list[Event]:
    """Return the event that says where the credential stands now, if that is news."""
    return [_announcement(after, deps.types)] if after.sequence > before.sequence else []


_GONE: dict[str | None, type[CredentialStatusChanged]] = {SUSPENDED: CredentialSuspended, LAPSED: CredentialExpired}


def _announcement(credential: Credential, types: DocumentTypes) -> Event:
    issue = credential.current
    assert issue is not None  # noqa: S101 - only versions are announced
    holder = Holder(resident_id=credential.holder.resident_id, index=credential.holder.index)
    if credential.status != VALID:
        return _GONE.get(credential.status, CredentialRevoked)(
            credential_id=credential.id,
            identifier=issue.identifier,
            document_type=credential.document_type,
            holder=holder,
            reason=reason_of(credential),
            status_code=credential.status,
            sequence=credential.sequence,
        )
    return CredentialStored(
        credential_id=credential.id,
        identifier=issue.identifier,
        document_type=credential.document_type,
        holder=holder,
        fields=issue.content.fields,
        origin=issue.content.origin,
        issuer=types.numbering(credential.document_type).issuer_code,
        application_id=issue.content.application_id,
        predecessor=issue.predecessor,
        valid_from=issue.content.valid_from,
        valid_until=issue.content.valid_until,
        sequence=credential.sequence,
    )
