"""Idempotency keys: the answer to a request, kept in the transaction of what the request did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel, InsertOne
from pymongo.asynchronous.database import AsyncDatabase
from starlette.responses import Response

from messaging.documents import Write
from runtime.refusal import Clash

COLLECTION = "idempotency"
KEPT_SECONDS = 7 * 24 * 3600
INDEXES = [IndexModel("at", expireAfterSeconds=KEPT_SECONDS)]


@dataclass(frozen=True, slots=True)
class Repeated:
    """What may be repeated: `scope` hashes caller, method, path and key; `body` is the body's digest."""

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
    entry = {
        "_id": repeated.scope,
        "digest": repeated.body,
        "status": answer.status,
        "body": answer.body,
        "etag": answer.etag,
        "at": datetime.now(UTC),
    }
    return Write(COLLECTION, InsertOne(entry))


class Idempotency:
    """Looks up what was answered before."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._records = database[COLLECTION]

    async def find(self, repeated: Repeated) -> Answer | None:
        """Return the earlier answer. Raises Clash when the key was used with another body."""
        found = await self._records.find_one({"_id": repeated.scope})
        if found is None:
            return None
        if found["digest"] != repeated.body:
            raise Clash("idempotency-key-reused")
        return Answer(found["status"], bytes(found["body"]), found["etag"])
