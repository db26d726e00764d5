"""Whatever the stores really hold is declared in `shared/contracts/retention.yaml`, and what is declared is there."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pymongo import AsyncMongoClient

from local_stack.ports import SERVICES
from store.repository import Document
from store.retention import Kinds
from tests.contract.retention import declared
from tests.end_to_end.town import Town

AT_TIMES = {"rotation", "rebuilt-*", "hand-over-files", "scans", "upload_pieces", "photographs"}
"""Made when there is something to put in."""


async def test_each_service_keeps_what_is_declared_and_nothing_else(town: Town) -> None:
    await town.welcome(town.meet("newcomers"))
    client: AsyncMongoClient[Document] = AsyncMongoClient(town.stack.mongodb_url)
    try:
        held = {service: set(await client[service].list_collection_names()) for service in SERVICES}
        endless = [each async for each in _endless(client)]
    finally:
        await client.close()

    assert endless == [], "a TTL index ends nothing whose moment is not stored as one"
    for service in SERVICES:
        kinds = {**declared().every_service, **declared().services[service]}
        undeclared = {name for name in held[service] if not _is_declared(name, kinds)}
        assert undeclared == set(), f"{service}: say in shared/contracts/retention.yaml how long they are kept"
        missing = {place for kind in kinds.values() for place in kind.places} - held[service] - AT_TIMES
        assert missing == set(), f"{service}: declared, but there is no such collection"


async def _endless(client: AsyncMongoClient[Document]) -> AsyncIterator[str]:
    """Give the fields of TTL indexes that hold something else than a moment or nothing."""
    for service in SERVICES:
        for name in await client[service].list_collection_names():
            async for index in await client[service][name].list_indexes():
                [field, *_] = index["key"]
                other = {field: {"$not": {"$type": ["date", "null"]}, "$exists": True}}
                if "expireAfterSeconds" in index and await client[service][name].find_one(other):
                    yield f"{service}.{name}.{field}"


def _is_declared(name: str, kinds: Kinds) -> bool:
    places = {place for kind in kinds.values() for place in kind.places}
    bucket = name.removesuffix(".files").removesuffix(".chunks")
    return bucket in places or any(name.startswith(place[:-1]) for place in places if place.endswith("*"))
