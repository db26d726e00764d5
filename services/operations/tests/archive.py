"""Failures in a real store, taken in and found as the service does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from messaging.commit import Committer
from messaging.documents import Write
from messaging.event import Outcome
from messaging.intake import Raw
from operations.domain.contracts import Contracts
from operations.domain.search import Criteria, Place
from operations.domain.tokens import FieldKey
from operations.handlers import failures, letters
from operations.handlers.needs import Deps
from operations.store import audit, groups, pages
from operations.store import failures as stored
from operations.store.contracts import contracts_in
from operations.store.failures import FailureDocuments
from operations.store.groups import GroupDocuments
from runtime.kernel import Database
from services.operations.tests.letterbox import EXAMPLES, KEY, FakeErased, FakeFates, later
from testkit.fakes import FakeClock

CONTRACTS = contracts_in(EXAMPLES)


@dataclass
class Archive:
    """Failures in a real store."""

    database: Database
    committer: Committer
    failures: FailureDocuments
    groups: GroupDocuments
    replays: FakeFates = field(default_factory=FakeFates)
    erased: FakeErased = field(default_factory=FakeErased)
    clock: FakeClock = field(default_factory=lambda: FakeClock(later(600)))
    contracts: Contracts = CONTRACTS
    words_key: FieldKey = field(default_factory=lambda: FieldKey(KEY))

    @property
    def deps(self) -> Deps:
        """The part of what handlers are given that these need."""
        return cast("Deps", self)

    async def take(self, *batch: Raw) -> None:
        await self.commit(await letters.take(batch, self.deps))

    async def commit(self, outcome: Outcome[Any]) -> None:
        await self.committer.commit([change for change in outcome.changes if isinstance(change, Write)])

    async def found(self, **asked: Any) -> list[str]:  # noqa: ANN401 - whatever a search takes
        """Return the events of the failures that are found, the latest first."""
        return [each.event_id for each in await failures.search(Criteria(**asked), None, 100, self.deps)]

    async def paged(self, size: int, **asked: Any) -> list[str]:  # noqa: ANN401 - whatever a search takes
        """Return the same, page by page."""
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
    """Make the collections, and commit to them until it is left."""
    for name, models in {**stored.INDEXES, **pages.INDEXES, **groups.INDEXES, **audit.INDEXES}.items():
        await database.create_collection(name)
        if models:
            await database[name].create_indexes(list(models))
    committer = Committer(database)
    await committer.prepare()
    committer.start()
    yield Archive(database, committer, FailureDocuments(database), GroupDocuments(database))
    await committer.stop()
