"""New keys while the system runs: data keys are wrapped anew, and what they sealed is sealed anew, value by value.

A rotation can be killed at any moment and goes on when it is started again: it finds what is still sealed with an
older data key by the head of each value. It changes nothing else of a document, its version neither, and only a value
that is still the one that was read. Running services see a new data key within seconds; what they were about to write
with the one before is found by the last passes, after which the old data keys go.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Protocol

import structlog
from bson.binary import Binary
from pymongo import ASCENDING, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from store.commit import TRANSACTION_TIMEOUT
from store.field_encryption import FRESH, KEYS, NUMBER, Vault, data_key_of
from store.repository import Database, Document
from store.sealed_fields import SEALED

ROTATION = "rotation"
"""The collection with the one document that says that a rotation is under way, and to which data key."""

QUIET = FRESH + TRANSACTION_TIMEOUT + 10.0
"""Seconds after which nobody seals with the data key before: what is known of the keys is that fresh, and a commit
that was begun with it has succeeded or failed."""

_PATHS = (SEALED, f"metadata.{SEALED}")
_AT_ONCE = 200
_PAUSE = 0.5
_WRITE_CONFLICT = 112
_ENCRYPTED = 6
"""The subtype of a binary value that field encryption made."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RotationProgress:
    """How far a rotation is: documents looked at of how many (estimated), and values sealed anew."""

    looked_at: int = 0
    total: int = 0
    sealed: int = 0
    is_waiting: bool = False


class Tell(Protocol):
    """Is told how far it is."""

    def __call__(self, progress: RotationProgress, /) -> None:
        """Show it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a rotation did: data keys wrapped anew, values sealed anew, and master keys that nothing needs any more."""

    wrapped: int
    sealed: int
    idle: Sequence[str]


async def rotate(database: Database, vault: Vault, tell: Tell, *, quiet: float = QUIET) -> Done:
    """Change the keys of one service's database. Raises KeyMissingError when a master key in use is not here."""
    await vault.refresh()
    wrapped = await _wrap(vault)
    await _begin(database, vault)
    begun = monotonic()
    progress = await _pass(database, vault, RotationProgress(), tell)
    while monotonic() < begun + quiet:
        tell(replace(progress, is_waiting=True))
        await asyncio.sleep(_PAUSE)
    clean = False
    while not clean:
        before = progress.sealed
        progress = await _pass(database, vault, replace(progress, looked_at=0), tell)
        clean = progress.sealed == before
    newest = await vault.refresh()
    await vault.keys.delete_many({"_id": {"$ne": newest}})
    await database[ROTATION].delete_one({"_id": ROTATION})
    log.info("keys_rotated", wrapped=wrapped, sealed=progress.sealed)
    return Done(wrapped, progress.sealed, sorted(set(vault.master_keys.providers) - {vault.master_keys.newest}))


async def _wrap(vault: Vault) -> int:
    """Wrap the data keys that an older master key wraps by the newest."""
    wanted = vault.master_keys
    older = [row["_id"] async for row in vault.keys.find({}) if not wanted.wraps(row)]
    if older:
        await vault.encryption.rewrap_many_data_key({"_id": {"$in": older}}, wanted.newest, wanted.master_key)
    return len(older)


async def _begin(database: Database, vault: Vault) -> None:
    """Make a data key and have this process use it, or go on with that of a rotation that was killed."""
    under_way = await database[ROTATION].find_one({"_id": ROTATION})
    if under_way is None:
        numbers = [int(row[NUMBER][0]) async for row in vault.keys.find({}, {NUMBER: 1})]
        under_way = {"_id": ROTATION, "to": max(numbers) + 1}
        await database[ROTATION].insert_one(under_way)
    await vault.add(under_way["to"])
    await vault.refresh()


async def _pass(database: Database, vault: Vault, progress: RotationProgress, tell: Tell) -> RotationProgress:
    """Go through all collections once."""
    names = [name for name in sorted(await database.list_collection_names()) if _is_ours(name)]
    collections = [database[name] for name in names]
    total = sum([await each.estimated_document_count() for each in collections])
    progress = replace(progress, total=total)
    for collection in collections:
        async for rows in _pages(collection):
            sealed = await _seal_anew(collection, rows, vault)
            progress = replace(progress, looked_at=progress.looked_at + len(rows), sealed=progress.sealed + sealed)
            tell(progress)
    return progress


def _is_ours(name: str) -> bool:
    return name not in {KEYS, ROTATION} and not name.startswith("system.") and not name.endswith(".chunks")


async def _pages(collection: AsyncCollection[Document]) -> AsyncIterator[list[Document]]:
    shown = dict.fromkeys(_PATHS, 1)
    behind: Document = {}
    while rows := await collection.find(behind, shown, sort=[("_id", ASCENDING)], limit=_AT_ONCE).to_list():
        yield rows
        behind = {"_id": {"$gt": rows[-1]["_id"]}}


async def _seal_anew(collection: AsyncCollection[Document], rows: Sequence[Document], vault: Vault) -> int:
    """Seal anew what an older key sealed, unless it has changed since; return how many there were."""
    newest = bytes(await vault.newest())
    changes = []
    for row in rows:
        for path in _PATHS:
            value = _at(row, path)
            if isinstance(value, Binary) and value.subtype == _ENCRYPTED and data_key_of(value) != newest:
                change = {"$set": {path: await vault.encrypt_again(value)}}
                changes.append(UpdateOne({"_id": row["_id"], path: value}, change))
    if changes:
        try:
            await collection.bulk_write(changes, ordered=False)
        except BulkWriteError as error:  # somebody is just changing one of them: the next pass finds what is left
            if any(fault.get("code") != _WRITE_CONFLICT for fault in (error.details or {}).get("writeErrors", ())):
                raise
    return len(changes)


def _at(row: Document, path: str) -> Any:  # noqa: ANN401 - documents hold anything
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
