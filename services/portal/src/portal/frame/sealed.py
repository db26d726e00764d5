"""What the portal keeps for a browser, sealed with a key that only both together have.

The store has the hash of the browser's secret and what is sealed; the key is derived from that secret and the portal's
key (HKDF, RFC 5869). Neither a copy of the store, nor a process's memory, nor the portal's key alone opens it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Generic, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ValidationError
from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.collection import AsyncCollection

from portal.frame.kept import Kept
from runtime.clock import Clock

ContentT = TypeVar("ContentT", bound=BaseModel)

SECRET_BYTES = 32
_NONCE_BYTES = 12

INDEX = IndexModel([("at", ASCENDING)], name="ends-at", expireAfterSeconds=0)
"""The store removes what has ended; `at` is when it ends."""


def new_secret() -> str:
    """Return 256 random bits for a browser to keep."""
    return secrets.token_urlsafe(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Recalled(Generic[ContentT]):
    """What a process remembers, opened, and as it is sealed."""

    content: ContentT
    sealed: bytes


class Sealed(Generic[ContentT]):
    """One collection of sealed documents, each found by the secret that a browser holds."""

    def __init__(
        self,
        collection: AsyncCollection[dict[str, Any]],
        content: type[ContentT],
        key: bytes,
        clock: Clock,
        remembered: Kept[str, tuple[datetime, bytes]] | None = None,
    ) -> None:
        """Remember what was found or put in `remembered`, sealed as it is in the store."""
        self._collection = collection
        self._content = content
        self._key = key
        self._clock = clock
        self.remembered = remembered

    async def put(self, secret: str, content: ContentT, until: datetime) -> None:
        """Keep something until a moment, instead of what was kept under the secret."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        id_ = _id(secret)
        sealed = nonce + self._cipher(secret).encrypt(nonce, content.model_dump_json().encode(), id_.encode())
        await self._collection.replace_one({"_id": id_}, {"sealed": sealed, "at": until}, upsert=True)
        self._remember(id_, until, sealed)

    async def find(self, secret: str, recalled: Recalled[ContentT] | None = None) -> ContentT | None:
        """Return what is kept under a secret; None when it has ended, or can't be opened any more.

        What is sealed byte for byte as it was `recalled` is not opened a second time.
        """
        id_ = _id(secret)
        found = await self._collection.find_one({"_id": id_, "at": {"$gt": self._clock()}})
        if found is None:
            self._forget(id_)
            return None
        sealed = bytes(found["sealed"])
        self._remember(id_, found["at"], sealed)
        if recalled is not None and recalled.sealed == sealed:
            return recalled.content
        return self._opened(secret, sealed)

    def recall(self, secret: str) -> Recalled[ContentT] | None:
        """Return what this process remembers under a secret; in the store it may have changed or ended since."""
        found = self.remembered.find(_id(secret)) if self.remembered is not None else None
        if found is None or found[0] <= self._clock():
            return None
        content = self._opened(secret, found[1])
        return None if content is None else Recalled(content, found[1])

    async def remove(self, secret: str) -> bool:
        """Forget what is kept under a secret; tell whether it was there, so that only one of two takes it."""
        id_ = _id(secret)
        self._forget(id_)
        return (await self._collection.delete_one({"_id": id_})).deleted_count == 1

    def _remember(self, id_: str, until: datetime, sealed: bytes) -> None:
        if self.remembered is not None:
            self.remembered.put(id_, (until, sealed))

    def _forget(self, id_: str) -> None:
        if self.remembered is not None:
            self.remembered.remove(id_)

    def _opened(self, secret: str, sealed: bytes) -> ContentT | None:
        try:
            opened = self._cipher(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _id(secret).encode())
            return self._content.model_validate_json(opened)
        except (InvalidTag, ValidationError):
            return None  # another key, or an earlier release's content: the person signs in again

    def _cipher(self, secret: str) -> AESGCM:
        info = self._collection.name.encode()
        return AESGCM(HKDF(SHA256(), length=32, salt=self._key, info=info).derive(secret.encode()))


def _id(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
