"""The stores as an earlier release kept them: with the blind indexes in clear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from functools import partial
from importlib import import_module

from pymongo import AsyncMongoClient

from local_stack.ports import SERVICES
from local_stack.stack import Stack
from store import master_keys
from store.field_encryption import Vault
from store.index_rotation import Places, encrypt_all, places_of
from store.repository import CODECS, Database, Document
from store.sealed_fields import decrypt_indexes


async def put_in_clear(stack: Stack) -> dict[str, int]:
    """Put every index in clear, in all stores at rest; return in how many documents of each service."""
    async with _kept(stack) as kept:
        return {database.name: await _put_in_clear(database, places) for database, places in kept}


async def rotate(stack: Stack) -> dict[str, int]:
    """Encrypt them again, all services at once; return in how many documents of each."""
    async with _kept(stack) as kept:
        counts = await asyncio.gather(*(encrypt_all(*each, lambda _: None) for each in kept))
        return {database.name: count for (database, _), count in zip(kept, counts, strict=True)}


@asynccontextmanager
async def _kept(stack: Stack) -> AsyncIterator[Sequence[tuple[Database, Places]]]:
    """Open every service's store, with what it says of its indexes."""
    keys = partial(master_keys.read, stack.layout.keys, None)
    async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True) as client:
        vaults = [(name, Vault(client, name, master_keys=keys, codecs=CODECS)) for name in SERVICES]
        await asyncio.gather(*(vault.prepare() for _, vault in vaults))
        yield [
            (Database(client, name, vault), places_of(import_module(f"{name.replace('-', '_')}.store")))
            for name, vault in vaults
        ]


async def _put_in_clear(database: Database, places: Places) -> int:
    done = 0
    for name, paths in places.items():
        collection = database.get_collection(name, codec_options=CODECS)
        stored = ["_id" if path == "id" else path for path in paths]
        for before in await collection.find({}).to_list():
            after = deepcopy(before)
            decrypt_indexes(after, stored, database.vault)
            if after != before:
                await collection.delete_one({"_id": before["_id"]})
                await collection.insert_one(after)
                done += 1
    return done
