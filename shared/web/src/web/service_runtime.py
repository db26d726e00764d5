"""One service's store and bus, and the one way to commit to both outside of a message."""

from __future__ import annotations

import signal
from collections.abc import Coroutine, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import pymongo
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConnectionFailure, OperationFailure
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from bus import topology, traces
from bus.concurrency import KeyedLocks
from bus.event import Outcome, expect_all
from bus.event_encryption import EventCipher
from bus.publisher import Publisher
from bus.quotas import Quotas
from bus.relay import Relay
from bus.signatures import EventKeys, EventSigner
from store.commit import Committer
from store.field_encryption import Vault
from store.heartbeat import Heartbeat
from store.repository import CODECS, Database, Document, Indexes, Write, ensure_collections
from web.config import ServiceSettings
from web.idempotency import Idempotency

__all__ = ["Database", "Indexes", "ServiceRuntime"]

STORE_TIMEOUT = 8_000
"""Milliseconds that one operation on the store may take before it counts as an outage: less than a gateway waits."""

_LONGEST_BUILD = 3600.0
"""Seconds for the indexes of one collection."""

_OTHER_INDEX = {85, 86}
"""MongoDB's IndexOptionsConflict and IndexKeySpecsConflict."""
_INDEX_NOT_FOUND = 27


class ServiceRuntime:
    """One service's store and bus, and the one way to commit to both."""

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        self.name = name
        self._settings = settings
        self.topology = topology.load(settings.topology)
        self.client: AsyncMongoClient[Document] = AsyncMongoClient(
            settings.mongodb_url, tz_aware=True, serverSelectionTimeoutMS=5_000, timeoutMS=STORE_TIMEOUT, w="majority"
        )
        self.vault = Vault(
            self.client,
            settings.database or name,
            master_keys=settings.master_keys,
            codecs=CODECS,
        )
        self.database = Database(self.client, settings.database or name, self.vault)
        self.publisher = Publisher(settings.amqp_url, name=name, topology=self.topology)
        heartbeat = partial(Heartbeat, clock_leeway=settings.clock_leeway, misled=end_this_process)
        self.committer = Committer(self.database, heartbeat=heartbeat, gather_for=settings.gather_for)
        self.relay = Relay(self.database, self.publisher, self.topology, self.committer.heartbeat)
        self.lanes = KeyedLocks()
        self.quotas = Quotas(name, self.topology.senders_to(name), self.database)
        self.idempotency = Idempotency(self.database)

    @cached_property
    def signer(self) -> EventSigner:
        """What signs the events of this service. Raises DataFileError when its key can't be used."""
        return self._settings.event_signer(self.name, self._cipher)

    @cached_property
    def keys(self) -> EventKeys:
        """The keys by which it knows who published an event. Raises DataFileError when they can't be used."""
        return self._settings.event_keys(self.topology, self._cipher)

    @cached_property
    def _cipher(self) -> EventCipher:
        return self._settings.event_cipher(self.name, self.topology)

    async def prepare(self, indexes: Indexes) -> None:
        """Wait for the store, then create collections and indexes, before any transaction needs them.

        Raises KeyMissingError when the store was sealed under a master key that the settings don't have.
        """
        waiting = AsyncRetrying(retry=retry_if_exception_type(ConnectionFailure), wait=wait_exponential(max=5))
        await waiting(self.client.admin.command, "ping")
        await self.committer.prepare()
        await ensure_collections(self.database, indexes)
        for name, models in indexes.items():
            if models:
                await ensure_indexes(self.database[name], models)

    def start(self) -> None:
        """Begin to commit and to publish."""
        self.committer.start()
        self.relay.start()

    def processes(self) -> int:
        return self.committer.heartbeat.processes

    async def commit(self, outcome: Outcome[Any], *, extra: Sequence[Write] = ()) -> None:
        """Commit what a handler decided outside of a message; its events leave right after. Raises ValueError."""
        if outcome.published and outcome.case is None:
            message = "an outcome with events that answers no message must say which case they belong to"
            raise ValueError(message)
        traces.join(outcome.case)
        events = [self.signer.encode(event, case=outcome.case or "", cause=None) for event in outcome.published]
        writes = expect_all(Write, outcome.changes)
        if not writes and not events and not extra:
            return
        with traces.committing(len(outcome.changes), len(events)):
            entry = await self.committer.commit([*writes, *extra], events)
        self.relay.dispatch_soon(events, entry)

    async def commit_together(self, outcomes: Sequence[Outcome[Any]]) -> Coroutine[Any, Any, None]:
        """Commit what was decided of many cases in one transaction; return the publishing of its events, to be run."""
        events = [
            self.signer.encode(event, case=outcome.case or "", cause=None)
            for outcome in outcomes
            for event in outcome.published
        ]
        writes = expect_all(Write, (change for outcome in outcomes for change in outcome.changes))
        entry = await self.committer.commit(writes, events)
        return self.relay.dispatch(events, entry)

    async def stop(self) -> None:
        """Finish what was begun and close the connections."""
        await self.committer.stop()
        await self.relay.stop()
        await self.publisher.close()
        await self.client.close()


def end_this_process() -> None:
    """End in good order, as if told to: whoever keeps services up starts another one, which waits for what is wrong."""
    signal.raise_signal(signal.SIGTERM)


async def ensure_indexes(collection: AsyncCollection[Document], models: Sequence[IndexModel]) -> None:
    """Create a collection's indexes; those of the same name or key that an earlier release made otherwise go first.

    Those that are there as they should be are not asked for: at most starts that is every one. One that a release adds
    may take minutes where much is stored; the service starts when it is there.
    """
    with pymongo.timeout(_LONGEST_BUILD):
        await _ensure_indexes(collection, models)


async def _ensure_indexes(collection: AsyncCollection[Document], models: Sequence[IndexModel]) -> None:
    names = {_key(model.document): model.document["name"] for model in models}
    there = list[dict[str, Any]]()
    async for other in await collection.list_indexes():
        if other["name"] != names.get(_key(other), other["name"]):
            await _drop(collection, other["name"])
        else:
            there.append(_without_version(other))
    missing = [model for model in models if _without_version(model.document) not in there]
    if not missing:
        return
    try:
        await collection.create_indexes(missing)
    except OperationFailure as error:
        if error.code not in _OTHER_INDEX:
            raise
        for model in missing:
            await _replace(collection, model)


def _without_version(index: Mapping[str, Any]) -> dict[str, Any]:
    """Return an index without what MongoDB adds to it, its fields in order; more options than asked for are others."""
    return {**{name: value for name, value in index.items() if name != "v"}, "key": _key(index)}


def _key(index: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(index["key"].items())


async def _replace(collection: AsyncCollection[Document], model: IndexModel) -> None:
    try:
        await collection.create_indexes([model])
    except OperationFailure as error:
        if error.code not in _OTHER_INDEX:
            raise
        await _drop(collection, model.document["name"])
        await collection.create_indexes([model])


async def _drop(collection: AsyncCollection[Document], index: str) -> None:
    """Drop an index; another process that starts may do the same at the same time."""
    try:
        await collection.drop_index(index)
    except OperationFailure as error:
        if error.code != _INDEX_NOT_FOUND:
            raise
