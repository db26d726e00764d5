"""Vaults for tests: one whose master key every process of a test knows, and one that seals nothing.

Where a test has a service running, the keys are the service's: either can read what the other one wrote.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient

from store import master_keys
from store.field_encryption import MasterKeys, Vault
from store.repository import CODECS, Database, Document
from store.sealed_fields import opened

_MASTER_KEYS = MasterKeys({"local:tests": {"key": b"k" * 96}}, newest="local:tests")


def _master_keys() -> MasterKeys:
    folder = Path(os.environ.get("YIZHENG_KEYS", "nowhere"))
    if not (folder / master_keys.FILE).exists():
        return _MASTER_KEYS
    found = master_keys.read(folder, None)
    return MasterKeys({**_MASTER_KEYS.providers, **found.providers}, newest=found.newest)


def vaulted(client: AsyncMongoClient[Document], name: str) -> Database:
    """Return a database that only tests use, with its vault."""
    vault = Vault(client, name, master_keys=_master_keys, codecs=CODECS)
    return Database(client, name, vault)


async def whole(database: Database, collection: str, filter: Mapping[str, Any] | None = None) -> list[Document]:  # noqa: A002 - pymongo's own name
    """Return a collection's documents, opened."""
    return [await opened(database.vault, collection, row) async for row in database[collection].find(filter or {})]


class GlassVault:
    """Seals nothing: for tests of something else, and to measure what sealing costs."""

    async def prepare(self) -> None:
        """Open nothing."""

    async def encrypt(self, fields: Mapping[str, Any], of: str) -> dict[str, Any]:
        """Return the fields as they are."""
        return {"of": of, "is": dict(fields)}

    async def decrypt(self, sealed: Any, of: str) -> dict[str, Any]:  # noqa: ANN401 - whatever the store gave
        """Return the fields. Raises ValueError for those of another document."""
        if sealed["of"] != of:
            raise ValueError(f"{of} holds what belongs to {sealed['of']}")
        return dict(sealed["is"])

    def digest(self, content: bytes) -> str:
        """Return a hash that anybody can make."""
        return sha256(content).hexdigest()

    def encrypt_index(self, index: str) -> bytes:
        return index.encode()

    def decrypt_index(self, stored: bytes) -> str:
        return stored.decode()
