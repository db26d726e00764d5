"""Credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar

from pymongo import ASCENDING

from credential_store.domain.credential import Credential
from credential_store.domain.guardianship import Guardianship
from credential_store.domain.holding import Holding, holding_id
from credential_store.domain.proof import Proof
from credential_store.domain.submission import Submission
from messaging.documents import Documents
from messaging.event import Change
from runtime.erasing import Held
from runtime.holders import Holder
from runtime.kernel import Database

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

StoredT = TypeVar("StoredT")


class Collection(Protocol[StoredT]):
    """What is needed of a collection of aggregates, the real one (`messaging.documents`) or a fake."""

    async def get(self, id: str) -> StoredT | None:
        """Read one by its id."""

    async def find(
        self,
        filter: Mapping[str, Any],  # noqa: A002 - pymongo's own name
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
    ) -> list[StoredT]:
        """Read all that match."""

    async def rows(self, filter: Mapping[str, Any], *fields: str) -> list[dict[str, Any]]:  # noqa: A002 - as above
        """Read the ids and some fields of all that match."""

    def save(self, document: StoredT) -> Change:
        """Prepare a write."""


class CredentialDocuments:
    """Credentials, one document for all versions; a message reads and writes them by id alone."""

    def __init__(self, collection: Collection[Credential]) -> None:
        self._collection = collection

    async def get(self, id: str) -> Credential | None:
        """Return a credential by its id."""
        return await self._collection.get(id)

    async def many(self, ids: Sequence[str]) -> Sequence[Credential | None]:
        """Return several by their ids, None for each that there is none of; one query for all."""
        return await asyncio.gather(*map(self._collection.get, ids))

    async def index_of(self, resident_id: str) -> str | None:
        """Return a registered person's blind index, by which everything of theirs is found."""
        found = await self._collection.find({"holder.resident_id": resident_id}, limit=1)
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
        """Prepare the write."""
        return self._collection.save(credential)


class HoldingDocuments:
    """Which credentials each person has of a type, one document each, by id alone.

    What an earlier release stored is looked up once, by the person's index.
    """

    def __init__(self, collection: Collection[Holding], credentials: CredentialDocuments) -> None:
        self._collection = collection
        self._credentials = credentials

    async def of(self, index: str, document_type: str) -> Holding:
        """Return a person's of one type."""
        [holding] = await self.many([(index, document_type)])
        return holding

    async def many(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Holding]:
        """Return those of several people and types; one query, and one more for each type of which some are new."""
        found = await asyncio.gather(*(self._collection.get(holding_id(*each)) for each in wanted))
        new: dict[str, list[str]] = {}
        for (index, document_type), holding in zip(wanted, found, strict=True):
            if holding is None:
                new.setdefault(document_type, []).append(index)
        held = {kind: await self._credentials.ids_of(indexes, [kind]) for kind, indexes in new.items()}
        return [
            holding
            or Holding(
                id=holding_id(index, kind),
                index=index,
                document_type=kind,
                credentials=tuple(sorted(held[kind][index])),
            )
            for (index, kind), holding in zip(wanted, found, strict=True)
        ]

    def save(self, holding: Holding) -> Change:
        """Prepare the write."""
        return self._collection.save(holding)


def credentials_in(database: Database) -> CredentialDocuments:
    """Return the credentials of a database."""
    return CredentialDocuments(Documents(database, CREDENTIALS, Credential, sealed=SEALED[CREDENTIALS]))


def holdings_in(database: Database, credentials: CredentialDocuments) -> HoldingDocuments:
    """Return which credentials each person has."""
    return HoldingDocuments(Documents(database, HOLDINGS, Holding), credentials)


def guardianships_in(database: Database) -> Documents[Guardianship]:
    """Return who may act for a child; found by id alone."""
    return Documents(database, GUARDIANSHIPS, Guardianship)


def submissions_in(database: Database) -> Documents[Submission]:
    """Return what was submitted and may be approved by people; found by id alone."""
    return Documents(database, SUBMISSIONS, Submission)


def proofs_in(database: Database) -> Documents[Proof]:
    """Return what is proven of applications; found by id alone."""
    return Documents(database, PROOFS, Proof)


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found."""
    by_index = {"index": holder.index}
    return {CREDENTIALS: {"holder.index": holder.index}, SUBMISSIONS: by_index, PROOFS: by_index}
