"""Credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from pymongo import ASCENDING

from bus.event import Change
from credential_store.domain.credential import Credential
from credential_store.domain.held_credentials import HeldCredentials, holding_ids
from credential_store.domain.proof import DocumentProof
from credential_store.domain.submission import KnownSubmission
from privacy.erasure import Held
from privacy.holders import Holder
from store.repository import Database, Repository

CREDENTIALS = "credentials"
HOLDINGS = "holdings"
GUARDIANSHIPS = "guardianships"
SUBMISSIONS = "submissions"
PROOFS = "proofs"

SEALED = {
    CREDENTIALS: (
        "record",
        "issues.content.fields",
        "issues.content.authority",
        "issues.ended.reason",
        "holds",
        "withdrawal",
        "history.reason",
    ),
}
"""What describes people: encrypted in the store."""

ENCRYPTED = {
    CREDENTIALS: ("holder.index",),
    HOLDINGS: ("index",),
    SUBMISSIONS: ("index",),
    PROOFS: ("index",),
}
"""Where blind indexes stand: encrypted in the store, the same always to the same."""


class CredentialDocuments:
    """Credentials, one document for all versions; a message reads and writes them by id alone."""

    def __init__(self, collection: Repository[Credential]) -> None:
        self._collection = collection

    async def get(self, id: str) -> Credential | None:
        return await self._collection.get(id)

    async def many(self, ids: Sequence[str]) -> Sequence[Credential | None]:
        """Return several by their ids, None for each that there is none of; one query for all."""
        return await asyncio.gather(*map(self._collection.get, ids))

    async def index_of(self, resident_id: str) -> str | None:
        """Return the blind index of a registered person, by the identity card: only identity says who has which."""
        card = {"holder.resident_id": resident_id, "document_type": "id-card"}
        found = await self._collection.find(card, limit=1)
        return found[0].holder.index if found else None

    async def of_holder(self, index: str, *, after: str | None = None, limit: int = 0) -> Sequence[Credential]:
        """Return what a person holds, by id; all, or a page. Not what only waits for something."""
        wanted: dict[str, Any] = {"holder.index": index, "status": {"$ne": None}}
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return await self._collection.find(wanted, sort=[("_id", ASCENDING)], limit=limit)

    async def ids_of(self, indexes: Sequence[str], document_types: Sequence[str]) -> Mapping[str, set[str]]:
        """Return the ids of all that is kept of some people in these types, also what only waits; one query for all."""
        wanted = {"holder.index": {"$in": list(indexes)}, "document_type": {"$in": list(document_types)}}
        found: dict[str, set[str]] = {index: set() for index in indexes}
        for row in await self._collection.rows(wanted, "holder"):
            found[row["holder"]["index"]].add(row["_id"])
        return found

    async def due(self, day: date, limit: int) -> Sequence[Credential]:
        """Return valid and suspended ones whose last day was before `day`, the longest overdue first."""
        return await self._collection.find({"expires_on": {"$lt": day}}, sort=[("expires_on", ASCENDING)], limit=limit)

    def save(self, credential: Credential) -> Change:
        return self._collection.save(credential)


class HeldCredentialDocuments:
    """Which credentials each person has of a type, one document each, by id alone.

    What an earlier release stored is looked up once, by the person's index.
    """

    def __init__(
        self, collection: Repository[HeldCredentials], credentials: CredentialDocuments, digest: Callable[[bytes], str]
    ) -> None:
        self._collection = collection
        self._credentials = credentials
        self._digest = digest

    async def of(self, index: str, document_type: str) -> HeldCredentials:
        """Return a person's of one type."""
        [holding] = await self.many([(index, document_type)])
        return holding

    async def many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[HeldCredentials]:
        """Return those of several people and types; one query, and one more for each type of which some are new."""
        ids = [holding_ids(*each, self._digest) for each in wanted]
        found = await asyncio.gather(*map(self._kept, ids))
        new: dict[str, list[str]] = {}
        for (index, document_type), holding in zip(wanted, found, strict=True):
            if holding is None:
                new.setdefault(document_type, []).append(index)
        held = {kind: await self._credentials.ids_of(indexes, [kind]) for kind, indexes in new.items()}
        return [
            holding
            or HeldCredentials(
                id=new,
                index=index,
                document_type=kind,
                credentials=tuple(sorted(held[kind][index])),
            )
            for (index, kind), (new, _), holding in zip(wanted, ids, found, strict=True)
        ]

    async def _kept(self, ids: Sequence[str]) -> HeldCredentials | None:
        return next((each for each in await asyncio.gather(*map(self._collection.get, ids)) if each is not None), None)

    def save(self, holding: HeldCredentials) -> Change:
        return self._collection.save(holding)


def credentials_in(database: Database) -> CredentialDocuments:
    return CredentialDocuments(
        Repository(database, CREDENTIALS, Credential, sealed=SEALED[CREDENTIALS], indexes=ENCRYPTED[CREDENTIALS])
    )


def holdings_in(database: Database, credentials: CredentialDocuments) -> HeldCredentialDocuments:
    """Return which credentials each person has."""
    documents = Repository(database, HOLDINGS, HeldCredentials, indexes=ENCRYPTED[HOLDINGS])
    return HeldCredentialDocuments(documents, credentials, database.vault.digest)


def submissions_in(database: Database) -> Repository[KnownSubmission]:
    """Return what was submitted and may be approved by people; found by id alone."""
    return Repository(database, SUBMISSIONS, KnownSubmission, indexes=ENCRYPTED[SUBMISSIONS])


def proofs_in(database: Database) -> Repository[DocumentProof]:
    """Return what is proven of applications; found by id alone."""
    return Repository(database, PROOFS, DocumentProof, indexes=ENCRYPTED[PROOFS])


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found."""
    by_index = {"index": holder.index}
    return {CREDENTIALS: {"holder.index": holder.index}, SUBMISSIONS: by_index, PROOFS: by_index}
