"""A service's store under its declared terms, without the service: what is kept, and the turn that ends what is due."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from bus.event import Change, Outcome, expect_all
from store.commit import Committer
from store.repository import Database, Indexes, Write
from store.retention import Cascade, Kinds, Retention, indexed, read
from testkit.fakes import FakeClock
from testkit.fixtures import make_collections
from web.config import ServiceSettings


@dataclass(frozen=True, slots=True)
class Archive:
    """A store in which nobody works."""

    service: str
    database: Database
    committer: Committer
    kinds: Kinds
    cascades: Mapping[str, Cascade]

    async def commit(self, outcome: Outcome[None]) -> None:
        """Write what was decided; nobody hears of it."""
        await self.committer.commit(expect_all(Write, outcome.changes))

    async def keep(self, *changes: Change) -> None:
        await self.commit(Outcome(changes=changes))

    async def turn(self, now: datetime) -> None:
        """End what is due at a time."""
        clock = FakeClock(now)
        await Retention(self.service, self.database, self.commit, self.kinds, self.cascades, clock).turn()


def kinds_of(service: str) -> Kinds:
    """Return how long each kind of a service's data lives."""
    return read(ServiceSettings().retention).services[service]


@asynccontextmanager
async def archive(
    service: str, database: Database, indexes: Indexes, cascades: Mapping[str, Cascade]
) -> AsyncIterator[Archive]:
    """Open a service's empty store."""
    kinds, committer = kinds_of(service), Committer(database)
    await committer.prepare()
    await make_collections(database, indexed(kinds, indexes, cascades))
    committer.start()
    try:
        yield Archive(service, database, committer, kinds, cascades)
    finally:
        await committer.stop()
