"""Stores of the size that a city has, filled in bulk by the services' own stores, and asked as people ask them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import httpx
from pymongo import AsyncMongoClient, IndexModel

from local_stack.devices import Device
from local_stack.stack import Stack
from store import master_keys
from store.field_encryption import Vault
from store.repository import CODECS, Database, Document
from tests.bench.figures import Figure, p50_and_p95

LOOKS = 200
"""Pages that are asked for, each for the first time."""

_BATCH = 4_000
_AT_ONCE = 3
_FILLED = "bench-filled"
"""The collection that tells how many were kept in others."""

ItemT = TypeVar("ItemT")


@asynccontextmanager
async def filling(stack: Stack, service: str) -> AsyncIterator[Database]:
    """Give the database of a service that does not run, with its vault."""
    async with AsyncMongoClient[Document](stack.mongodb_url, tz_aware=True, w="majority") as client:
        yield await database_of(client, service, stack.layout.keys)


async def database_of(client: AsyncMongoClient[Document], name: str, keys: Path) -> Database:
    """Return a database with a vault under the master key of a folder."""
    vault = Vault(client, name, master_keys=lambda: master_keys.read(keys, None), codecs=CODECS)
    await vault.prepare()
    return Database(client, name, vault)


async def fill(
    database: Database,
    name: str,
    models: Sequence[IndexModel],
    size: int,
    items: Iterable[ItemT],
    keep: Callable[[Sequence[ItemT]], Awaitable[Any]],
) -> float:
    """Keep `size` items in an empty collection, some at a time, then build the service's indexes.

    Return the seconds that it took: none where an earlier run has kept as many.
    """
    if await is_filled(database, name, size):
        return 0.0
    begun, done = perf_counter(), database[_FILLED]
    await done.delete_one({"_id": name})
    await database.drop_collection(name)
    await database.create_collection(name)
    under_way: set[asyncio.Future[Any]] = set()
    for batch in _batches(items):
        if len(under_way) == _AT_ONCE:
            ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for each in ended:
                each.result()
        under_way.add(asyncio.ensure_future(keep(batch)))
    await asyncio.gather(*under_way)
    assert await database[name].estimated_document_count() == size, "not everything was kept"
    if models:
        await database[name].create_indexes(list(models))
    await done.insert_one({"_id": name, "size": size})
    return perf_counter() - begun


async def is_filled(database: Database, name: str, size: int) -> bool:
    """Tell whether an earlier run has kept as many in a collection."""
    return await database[_FILLED].find_one({"_id": name, "size": size}) is not None


def _batches(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    left = iter(items)
    while batch := list(islice(left, _BATCH)):
        yield batch


async def pages(
    stack: Stack, name: str, asked: Sequence[tuple[str, str]], goal: float, device: Device | None = None
) -> list[Figure]:
    """Ask the gateway for pages, each a path and a token, one after the other; median and 95th percentile (ms).

    A token that is bound to a device needs its proof. What is refused has no time, and no goal is reached then.
    """
    took: list[float] = []
    refused = 0
    async with httpx.AsyncClient(base_url=stack.gateway_url, verify=stack.trusted, timeout=120) as client:
        for path, token in [asked[0], *asked]:
            url, plain = f"{stack.gateway_url}{path}", {"Authorization": f"Bearer {token}"}
            headers = plain if device is None else device.headers("GET", url, token)
            begun = perf_counter()
            answer = await client.get(path, headers=headers)
            took.append((perf_counter() - begun) * 1000)
            refused += not answer.is_success
            assert answer.status_code != HTTPStatus.UNAUTHORIZED, f"{path}: {answer.text}"
    if refused:
        return [Figure(f"{name}, refused", refused, "answers", 0.0, goal=1.0, against="none")]
    return within(name, took[1:], goal)


def within(name: str, took: Sequence[float], goal: float) -> list[Figure]:
    """Make the figures of times in ms: the median, and the 95th percentile against a goal."""
    p50, p95 = p50_and_p95(took)
    return [
        Figure(f"{name}, p50", p50, "ms"),
        Figure(f"{name}, p95", p95, "ms", goal / p95, goal=1.0, against=f"{goal:g} ms over the p95"),
    ]
