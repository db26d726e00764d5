"""Where the record of operators' actions is kept. Entries are only ever added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from bus.event import Change
from operations.domain.audit import Act, AuditEntry, AuditHead, AuditQuery, Detail, entry_id, follow
from runtime.clock import Clock
from store.repository import Database, Repository

ENTRIES = "audit-entries"
HEAD = "audit-head"

INDEXES: dict[str, list[IndexModel]] = {
    ENTRIES: [
        IndexModel([("number", ASCENDING)], name="number"),
        IndexModel([("by", ASCENDING), ("number", DESCENDING)], name="by"),
        IndexModel([("target", ASCENDING), ("number", DESCENDING)], name="target"),
        IndexModel([("action", ASCENDING), ("number", DESCENDING)], name="action"),
    ],
    HEAD: [],
}


class AuditDocuments:
    """The record: one document for each entry, and one that says where it ends."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._entries = Repository(database, ENTRIES, AuditEntry, sealed=("reason", "details"))
        self._head = Repository(database, HEAD, AuditHead)
        self._clock = clock

    async def entry(
        self, *, by: str, action: str, target: str, reason: str = "", details: Mapping[str, Detail] | None = None
    ) -> Sequence[Change]:
        """Prepare the next entry. Refused at the commit if another one was faster: the handler is run again.

        At most one for each commit.
        """
        act = Act(by=by, action=action, target=target, reason=reason, details=details or {})
        entry, head = follow(await self.head(), act, self._clock())
        return self._entries.save(entry), self._head.save(head)

    async def head(self) -> AuditHead:
        """Return where the record ends."""
        return await self._head.get(AuditHead().id) or AuditHead()

    async def get(self, number: int) -> AuditEntry | None:
        return await self._entries.get(entry_id(number))

    async def page(self, asked: AuditQuery, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
        """Return entries that are asked for, the latest first."""
        wanted = _conditions(asked) | ({} if before is None else {"number": {"$lt": before}})
        return await self._entries.find(wanted, sort=[("number", DESCENDING)], limit=limit)

    async def after(self, number: int, limit: int) -> Sequence[AuditEntry]:
        """Return the entries that follow a number, in order."""
        return await self._entries.find({"number": {"$gt": number}}, sort=[("number", ASCENDING)], limit=limit)


def _conditions(asked: AuditQuery) -> dict[str, Any]:
    named = {"by": asked.by, "action": asked.action, "target": asked.target}
    conditions: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    limits = {name: at for name, at in (("$gte", asked.since), ("$lt", asked.until)) if at is not None}
    return conditions | ({"at": limits} if limits else {})
