"""What the commands work with: the service's own store, opened beside the running service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

import pymongo

from bus.event import ConflictError
from matcher import store
from matcher.config import Settings
from matcher.domain.evidence import Evidence
from matcher.domain.holdings import settled
from matcher.domain.rules import Rules
from matcher.handlers.dependencies import announcement
from matcher.main import read_rules
from runtime import garbage
from runtime.clock import Clock, today, utc_now
from store.blind_index import BlindIndex
from store.repository import Database
from web.service_runtime import ServiceRuntime

PATIENCE = 5.0
"""Seconds until a store that does not answer counts as down."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The store, the rules, the clock, and the index by which records are joined."""

    runtime: ServiceRuntime
    evidence: store.EvidenceStore
    rules: Rules
    clock: Clock = utc_now
    index: BlindIndex = field(kw_only=True)

    @property
    def database(self) -> Database:
        """The service's database."""
        return self.runtime.database

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
            self.runtime.signer.encode(each, case=str(after.resident_id), cause=None)
            for each in announcement(before, after)
        ]
        try:
            await self.runtime.committer.commit([self.evidence.save(after)], events)
        except ConflictError:
            return False
        return True


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Workplace]:
    """Open the service's store. Events that are to be published wait in its outbox for the running service.

    Raises pymongo's ConnectionFailure when the store can't be reached, DataFileError for rules with an error.
    """
    rules = read_rules()
    runtime = ServiceRuntime("matcher", settings)
    try:
        with pymongo.timeout(PATIENCE):
            await runtime.client.admin.command("ping")
        await runtime.prepare(store.INDEXES)
        runtime.committer.start()
        garbage.settle()
        yield Workplace(runtime, store.EvidenceStore(runtime.database), rules, index=settings.blind_index())
    finally:
        await runtime.stop()
