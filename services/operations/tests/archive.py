"""What operations keeps, in a real store, taken in and found as the service does it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

import orjson
from pymongo import IndexModel

from bus.batch_consumer import RawMessage
from bus.event import Event, Outcome
from bus.event_encryption import EventCipher
from operations.domain.contracts import Contracts
from operations.domain.search import Criteria, Place
from operations.domain.tokens import FieldKey
from operations.domain.trail import Recorded, place_of
from operations.handlers import dead_letters, failures
from operations.handlers.dependencies import Deps
from operations.store import audit, groups
from operations.store import failures as stored
from operations.store.audit import AuditDocuments
from operations.store.contracts import contracts_in
from operations.store.edits import EditDocuments
from operations.store.erased import ErasedDocuments
from operations.store.failures import FailureDocuments
from operations.store.groups import GroupDocuments
from operations.store.replays import ReplayDocuments
from operations.store.trail import TrailStore
from services.operations.tests.letterbox import EXAMPLES, KEY, NOON, FakeErased, FakeFates, later
from store.commit import Committer
from store.repository import Database, Write
from testkit import signers
from testkit.fakes import FakeChange, FakeClock
from testkit.fixtures import make_collections

CONTRACTS = contracts_in(EXAMPLES)


@dataclass
class Keeper:
    """What handlers need beside the collections."""

    database: Database
    committer: Committer
    clock: FakeClock = field(default_factory=lambda: FakeClock(later(600)))
    contracts: Contracts = CONTRACTS
    cipher: EventCipher = signers.CIPHER
    words_key: FieldKey = field(default_factory=lambda: FieldKey(KEY, KEY))

    @property
    def deps(self) -> Deps:
        """The part of what handlers are given that these need."""
        return cast("Deps", self)

    async def take(self, *batch: RawMessage) -> None:
        await self.commit(await dead_letters.take(batch, self.deps))

    async def commit(self, outcome: Outcome[Any]) -> Sequence[Event]:
        real = [each for each in outcome.changes if isinstance(each, Write) and not isinstance(each, FakeChange)]
        await self.committer.commit(real)
        return outcome.events


@dataclass
class WholeArchive(Keeper):
    """All that operations keeps."""

    def __post_init__(self) -> None:
        self.failures = FailureDocuments(self.database)
        self.trail = TrailStore(self.database)
        self.edits = EditDocuments(self.database)
        self.erased = ErasedDocuments(self.database)
        self.audit = AuditDocuments(self.database, self.clock)
        self.replays = ReplayDocuments(self.database, self.clock)


@dataclass
class Archive(Keeper):
    """Failures; whoever else hears of them is stood in for."""

    def __post_init__(self) -> None:
        self.failures = FailureDocuments(self.database)
        self.groups = GroupDocuments(self.database)
        self.replays = FakeFates()
        self.erased = FakeErased()

    async def found(self, **asked: Any) -> list[str]:  # noqa: ANN401 - whatever a search takes
        """Return the events of the failures that are found, the latest first."""
        return [each.event_id for each in await failures.search(Criteria(**asked), None, 100, self.deps)]

    async def paged(self, size: int, **asked: Any) -> list[str]:  # noqa: ANN401 - whatever a search takes
        events: list[str] = []
        after: Place | None = None
        while True:
            page = await failures.search(Criteria(**asked), after, size, self.deps)
            events += [each.event_id for each in page[:size]]
            if len(page) <= size:
                return events
            after = page[size - 1].last_seen, page[size - 1].id


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[Archive]:
    """Make the collections of failures, and commit to them until it is left."""
    indexes = {**stored.INDEXES, **groups.INDEXES, **audit.INDEXES}
    async with prepared(database, indexes) as committer:
        yield Archive(database, committer)


@asynccontextmanager
async def prepared(database: Database, indexes: Mapping[str, Sequence[IndexModel]]) -> AsyncIterator[Committer]:
    """Make collections, and commit to them until it is left."""
    await make_collections(database, indexes)
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    yield committer
    await committer.stop()


def recorded(event: dict[str, Any], number: int, cause: str | None = None) -> Recorded:
    """Return an event as the trail keeps it; `number` is its place in it."""
    body = orjson.dumps(event)
    publisher = event["type"].partition(".")[0]
    return Recorded(
        id=event["id"],
        type=event["type"],
        source=publisher,
        case=event["correlationid"],
        time=NOON,
        place=place_of(NOON) + number,
        cause=cause,
        publisher=publisher,
        routing_key=event["type"],
        body=body,
        digest=sha256(body).hexdigest(),
    )
