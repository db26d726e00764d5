"""Whatever the stores really hold is declared in `shared/contracts/retention.yaml`, and what is declared is there."""

from __future__ import annotations

from pymongo import AsyncMongoClient

from local_stack.ports import SERVICES
from messaging.documents import Document
from runtime.retention import Kinds
from tests.contract.retention import declared
from tests.end_to_end.town import Town

AT_TIMES = {"rotation", "rebuilt-*", "hand-over-files", "scans"}
"""Made when there is something to put in."""


async def test_each_service_keeps_what_is_declared_and_nothing_else(town: Town) -> None:
    await town.welcome(town.meet("newcomers"))
    client: AsyncMongoClient[Document] = AsyncMongoClient(town.stack.mongodb_url)
    try:
        held = {service: set(await client[service].list_collection_names()) for service in SERVICES}
    finally:
        await client.close()

    for service in SERVICES:
        kinds = {**declared().every_service, **declared().services[service]}
        undeclared = {name for name in held[service] if not _is_declared(name, kinds)}
        assert undeclared == set(), f"{service}: say in shared/contracts/retention.yaml how long they are kept"
        missing = {place for kind in kinds.values() for place in kind.places} - held[service] - AT_TIMES
        assert missing == set(), f"{service}: declared, but there is no such collection"


def _is_declared(name: str, kinds: Kinds) -> bool:
    places = {place for kind in kinds.values() for place in kind.places}
    bucket = name.removesuffix(".files").removesuffix(".chunks")
    return bucket in places or any(name.startswith(place[:-1]) for place in places if place.endswith("*"))
