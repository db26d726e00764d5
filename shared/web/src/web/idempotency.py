"""Idempotency keys: the answer to a request, kept in the transaction of what the request did."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel, InsertOne, UpdateOne
from starlette.responses import Response

from runtime.errors import Conflict
from store.repository import Database, Write, batched
from store.sealed_fields import SEALED, Clear, name_of, opened

COLLECTION = "idempotency"
INDEXES = {COLLECTION: [IndexModel("about", name="about")]}


@dataclass(frozen=True, slots=True)
class Repeated:
    """What may be repeated, by keyed hashes: `scope` of caller, method, path and key; `body` of the body.

    `about` are those of the caller and of each id in the path: by them an answer is found when its data is erased.
    """

    scope: str
    body: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """A response as it was first given."""

    status: int
    body: bytes
    etag: str | None

    def response(self, *, repeated: bool = False) -> Response:
        """Build the response; a repeated one says so in a header."""
        headers = {"Idempotent-Replayed": "true"} if repeated else {}
        if self.etag is not None:
            headers["ETag"] = self.etag
        return Response(self.body, self.status, headers, media_type="application/json" if self.body else None)


def entry_of(repeated: Repeated, answer: StoredAnswer) -> Write:
    """Prepare the record that goes into the same transaction."""
    entry: dict[str, Any] = {
        "_id": repeated.scope,
        "digest": repeated.body,
        "about": list(repeated.about),
        "status": answer.status,
        "etag": answer.etag,
        "at": datetime.now(UTC),
        SEALED: Clear({"body": answer.body}, name_of(COLLECTION, repeated.scope)),
    }
    return Write(COLLECTION, InsertOne(entry), sealing=(entry,))


class Idempotency:
    """Looks up what was answered before."""

    def __init__(self, database: Database) -> None:
        self._records = database[COLLECTION]
        self._vault = database.vault

    def repeated(self, scope: str, body: bytes, about: Sequence[str] = ()) -> Repeated:
        """Name what may be repeated, so that neither a caller's key nor a short body can be guessed from the store."""
        digest = self._vault.digest
        return Repeated(digest(scope.encode()), digest(body), tuple(digest(each.encode()) for each in about))

    async def find(self, repeated: Repeated) -> StoredAnswer | None:
        """Return the earlier answer.

        Raises Conflict when the key was used with another body, or the answer is erased.
        """
        found = await self._records.find_one({"_id": repeated.scope})
        if found is None:
            return None
        if found["digest"] != repeated.body:
            raise Conflict("idempotency-key-reused")
        if SEALED not in found:
            raise Conflict("answer-erased")
        found = await opened(self._vault, COLLECTION, found)
        return StoredAnswer(found["status"], bytes(found["body"]), found["etag"])


async def erasing(database: Database, ids: Collection[str]) -> Sequence[Write]:
    """Prepare to erase the answers that were given to these callers or about these things.

    That there was an answer stays: the request is not done a second time.
    """
    digests = sorted({database.vault.digest(each.encode()) for each in ids})
    found = [
        answer["_id"]
        for some in batched(digests)
        async for answer in database[COLLECTION].find({"about": {"$in": some}}, {"_id": 1})
    ]
    return [Write(COLLECTION, UpdateOne({"_id": id_}, {"$unset": {SEALED: ""}})) for id_ in dict.fromkeys(found)]
