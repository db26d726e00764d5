"""Idempotency keys: the answer to a request, kept in the transaction of what the request did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel, InsertOne
from starlette.responses import Response

from messaging.documents import Database, Write
from messaging.sealing import SEALED, Clear, name_of, opened
from runtime.refusal import Clash

COLLECTION = "idempotency"
KEPT_SECONDS = 7 * 24 * 3600
INDEXES = [IndexModel("at", expireAfterSeconds=KEPT_SECONDS)]


@dataclass(frozen=True, slots=True)
class Repeated:
    """What may be repeated, by keyed hashes: `scope` of caller, method, path and key; `body` of the body."""

    scope: str
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
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


def entry_of(repeated: Repeated, answer: Answer) -> Write:
    """Prepare the record that goes into the same transaction."""
    entry: dict[str, Any] = {
        "_id": repeated.scope,
        "digest": repeated.body,
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

    def repeated(self, scope: str, body: bytes) -> Repeated:
        """Name what may be repeated, so that neither a caller's key nor a short body can be guessed from the store."""
        return Repeated(self._vault.digest(scope.encode()), self._vault.digest(body))

    async def find(self, repeated: Repeated) -> Answer | None:
        """Return the earlier answer. Raises Clash when the key was used with another body."""
        found = await self._records.find_one({"_id": repeated.scope})
        if found is None:
            return None
        if found["digest"] != repeated.body:
            raise Clash("idempotency-key-reused")
        found = await opened(self._vault, COLLECTION, found)
        return Answer(found["status"], bytes(found["body"]), found["etag"])
