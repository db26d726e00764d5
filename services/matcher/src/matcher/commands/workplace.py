"""What the commands work with: the service's own store, opened beside the running service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

import pymongo

from matcher import store
from matcher.config import Settings
from matcher.domain.evidence import Evidence
from matcher.domain.holdings import settled
from matcher.domain.rules import Rules
from matcher.handlers.needs import announcement
from matcher.main import read_rules
from messaging.event import ConflictError
from runtime.blind_index import BlindIndex
from runtime.clock import Clock, today, utc_now
from runtime.kernel import Database, Kernel

PATIENCE = 5.0
"""Seconds until a store that does not answer counts as down."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The store, the rules, the clock, and the index by which records are joined."""

    kernel: Kernel
    evidence: store.EvidenceStore
    rules: Rules
    clock: Clock = utc_now
    index: BlindIndex = field(kw_only=True)

    @property
    def database(self) -> Database:
        """The service's database."""
        return self.kernel.database

    @property
    def today(self) -> date:
        """The day that it is in Shenzhen."""
        return today(self.clock())

    async def change(self, ids: Sequence[str], change: Callable[[Evidence], Evidence]) -> int:
        """Change what is held about several people, however often the service is faster; return how many changed.

        `change` must only move forward: it is asked again for people whose evidence was changed meanwhile. What
        changes a registered resident's holdings is announced through the outbox, in one transaction with the change.
        """
        changed: set[str] = set()
        waiting = list(ids)
        while waiting:
            known = await self.evidence.many(waiting)
            before = {id_: known.get(id_) or Evidence(id=id_) for id_ in waiting}
            after = {id_: self._settled(each, change(each)) for id_, each in before.items()}
            waiting = [id_ for id_ in waiting if after[id_] is not before[id_]]
            changed.update(waiting)
            written = await self._write([(before[id_], after[id_]) for id_ in waiting])
            waiting = [id_ for id_ in waiting if id_ not in written]
        return len(changed)

    def _settled(self, before: Evidence, after: Evidence) -> Evidence:
        return before if after is before else settled(after, self.today, self.rules)

    async def _write(self, changes: Sequence[tuple[Evidence, Evidence]]) -> set[str]:
        """Write what nobody has to be told at once, the rest with its events; return who is certainly written."""
        silent = [(before, after) for before, after in changes if not announcement(before, after)]
        told = [(before, after) for before, after in changes if announcement(before, after)]
        committed = await asyncio.gather(*(self._commit(before, after) for before, after in told))
        everybody = await self.evidence.save_many([after for _, after in silent])
        written = {after.id for _, after in silent} if everybody else set()
        return written | {after.id for (_, after), done in zip(told, committed, strict=True) if done}

    async def _commit(self, before: Evidence, after: Evidence) -> bool:
        events = [
            self.kernel.signer.seal(each, case=str(after.resident_id), cause=None)
            for each in announcement(before, after)
        ]
        try:
            await self.kernel.committer.commit([self.evidence.save(after)], events)
        except ConflictError:
            return False
        return True


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Workplace]:
    """Open the service's store. Events that are to be published wait in its outbox for the running service.

    Raises pymongo's ConnectionFailure when the store can't be reached, DataFileError for rules with an error.
    """
    rules = read_rules(settings)
    kernel = Kernel("matcher", settings)
    try:
        with pymongo.timeout(PATIENCE):
            await kernel.client.admin.command("ping")
        await kernel.prepare(store.INDEXES)
        kernel.committer.start()
        yield Workplace(kernel, store.EvidenceStore(kernel.database), rules, index=settings.blind_index())
    finally:
        await kernel.stop()
