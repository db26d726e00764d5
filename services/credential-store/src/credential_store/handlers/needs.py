"""What the handlers need, and what they announce."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from credential_store.domain.credential import LAPSED, SUSPENDED, VALID, Credential, Place
from credential_store.domain.document_types import DocumentTypes
from credential_store.domain.grants import Grants
from credential_store.domain.guardianship import Guardianship
from credential_store.domain.hand_over import HandOver, RefusedLine
from credential_store.domain.holding import Holding
from credential_store.domain.proof import Proof
from credential_store.domain.signed import Issuer, SignedVersion
from credential_store.domain.standing import reason_of
from credential_store.domain.status_list import Purpose
from credential_store.domain.submission import Submission
from credential_store.domain.verdict import Trusted
from credential_store.published import (
    CredentialExpired,
    CredentialRevoked,
    CredentialStatusChanged,
    CredentialStored,
    CredentialSuspended,
    Holder,
)
from messaging.event import Change, Event
from runtime.clock import Clock
from runtime.erasing import Erases
from runtime.records.persons import Opener

NotedT = TypeVar("NotedT")


class Credentials(Protocol):
    """Where credentials are kept."""

    async def get(self, id: str) -> Credential | None:
        """Return a credential by its id."""

    async def many(self, ids: Sequence[str]) -> Sequence[Credential | None]:
        """Return several by their ids, None for each that there is none of."""

    async def index_of(self, resident_id: str) -> str | None:
        """Return a registered person's blind index."""

    async def of_holder(self, index: str, *, after: str | None = None, limit: int = 0) -> Sequence[Credential]:
        """Return what a person holds, by id; all, or a page."""

    async def ids_of(self, indexes: Sequence[str], document_types: Sequence[str]) -> Mapping[str, set[str]]:
        """Return, by index, the ids of all that is kept of some people in these types."""

    async def due(self, day: date, limit: int) -> Sequence[Credential]:
        """Return valid and suspended ones whose last day was before `day`, the longest overdue first."""

    def save(self, credential: Credential) -> Change:
        """Prepare the write."""


class Holdings(Protocol):
    """Which credentials each person has: read before the credentials, and saved with what follows from them."""

    async def of(self, index: str, document_type: str) -> Holding:
        """Return a person's of one type."""

    async def many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Holding]:
        """Return those of several people (by index) and types."""

    def save(self, holding: Holding) -> Change:
        """Prepare the write; refused at the commit if one of these credentials was changed meanwhile."""


class SignedVersions(Protocol):
    """Where the signed forms are kept, each at its place, with what the status lists say of it."""

    async def get(self, id: str) -> SignedVersion | None:
        """Return the one at a place."""

    def save(self, version: SignedVersion) -> Change:
        """Prepare the write."""

    def mark(self, place: Place, marks: Sequence[Purpose]) -> Change:
        """Prepare to set the bits of a place anew."""

    async def marked(self, number: int, purpose: Purpose) -> Sequence[int]:
        """Return the places of a list whose bits are set."""


class Places(Protocol):
    """Who gives out places."""

    async def next(self) -> Place:
        """Return one that nobody else gets."""

    async def has(self, number: int) -> bool:
        """Tell whether there is such a list."""


class Guardianships(Protocol):
    """Who may act for a child."""

    async def get(self, id: str) -> Guardianship | None:
        """Return what is known between two people."""

    def save(self, document: Guardianship) -> Change:
        """Prepare the write."""


class Noted(Protocol[NotedT]):
    """What others have said of applications, found by its id alone: what was submitted, and what is proven."""

    async def get(self, id: str) -> NotedT | None:
        """Return what is noted under an id."""

    def save(self, document: NotedT) -> Change:
        """Prepare the write."""


class HandOvers(Protocol):
    """Where hand-overs and their refused lines are kept."""

    async def get(self, id: str) -> HandOver | None:
        """Return a hand-over by its id."""

    async def of_department(self, department: str, before: str | None, limit: int) -> Sequence[HandOver]:
        """Return a page of a department's, the latest first."""

    async def kept(self) -> Sequence[HandOver]:
        """Return those whose content is still kept."""

    def refused(self, id: str) -> AsyncIterator[RefusedLine]:
        """Return the refused lines of one, in their order."""

    def save(self, hand_over: HandOver) -> Change:
        """Prepare the write."""

    def refuse(self, line: RefusedLine) -> Change:
        """Prepare the write of a refused line."""


class Files(Protocol):
    """Where the contents of handed-over files are kept."""

    def arriving(self, file: str) -> AbstractAsyncContextManager[Callable[[bytes], Awaitable[None]]]:
        """Write a file as it comes; nothing of it stays when that fails."""

    def arrived(self, file: str) -> Change:
        """Prepare to forget that it was on its way."""

    async def read(self, file: str, offset: int, size: int) -> bytes:
        """Return up to so many bytes from an offset on."""

    async def remove(self, file: str) -> None:
        """Remove a content."""

    async def sweep(self, before: datetime) -> None:
        """Remove what began to arrive before a moment and never became a hand-over."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A status list as it was signed at a moment."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deps:
    """What handlers are given besides the message or request.

    `listed` are the status lists that were signed lately; `decoy` is something signed that a verification checks when
    there is nothing to check.
    """

    credentials: Credentials
    holdings: Holdings
    signed: SignedVersions
    places: Places
    issuer: Issuer
    trusted: Trusted
    decoy: str
    listed: dict[tuple[Purpose, int], Listed]
    guardianships: Guardianships
    submissions: Noted[Submission]
    proofs: Noted[Proof]
    hand_overs: HandOvers
    files: Files
    types: DocumentTypes
    grants: Grants
    opener: Opener
    clock: Clock
    eraser: Erases


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
