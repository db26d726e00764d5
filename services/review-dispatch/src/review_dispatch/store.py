"""Tasks and cases in MongoDB; the only file that knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel

from privacy.erasure import Held
from privacy.holders import Holder
from review_dispatch.domain.case import Case
from review_dispatch.domain.news import Scope
from review_dispatch.domain.queue import QueueCount, QueueQuery, Waiting
from review_dispatch.domain.task import WAITING, Task
from runtime.clock import Clock, utc_now
from scans import files
from scans.files import OwnedFiles
from store.repository import CODECS, Database, Document, Repository, Write
from store.retention import Cascade

TASKS = "tasks"
CASES = "cases"
PHOTOGRAPHS = "photographs"

INDEXES: dict[str, Sequence[IndexModel]] = {
    TASKS: [
        IndexModel([("waiting_in", ASCENDING), ("place", ASCENDING)], name="queue"),
        IndexModel([("waiting_at", ASCENDING), ("place", ASCENDING)], name="doors"),
        IndexModel([("department", ASCENDING), ("status", ASCENDING), ("place", ASCENDING)], name="department"),
        IndexModel([("community", ASCENDING), ("status", ASCENDING), ("place", ASCENDING)], name="community"),
        IndexModel([("application_id", ASCENDING)], name="application"),
        IndexModel([("escalates_after", ASCENDING)], name="escalation"),
        IndexModel([("about.holder.resident_id", ASCENDING), ("place", ASCENDING)], name="resident"),
        IndexModel("about.concerns.resident_id", name="concerned"),
        IndexModel([("been_in", ASCENDING), ("moved_at", ASCENDING)], name="moved"),
        IndexModel([("community", ASCENDING), ("moved_at", ASCENDING)], name="moved-doors"),
        IndexModel("claim.by", name="hands", partialFilterExpression={"claim.by": {"$gt": ""}}),
        IndexModel("steps.taken_from", name="taken-over", partialFilterExpression={"steps.taken_from": {"$gt": ""}}),
    ],
    CASES: [],
    **files.indexes(PHOTOGRAPHS),
}

SEALED = {
    TASKS: (
        *(f"about.{field}" for field in ("claims", "comparison", "scans", "applicant_name", "address", "subject_name")),
        *(f"about.{field}" for field in ("says", "should_say", "reason", "purpose", "fields", "held")),
        "approvals.fields",
        "approvals.note",
        "approvals.signed",
        "steps.note",
        "visit",
        "photographs.sha256",
    )
}
"""What describes people, and what reviewers see and write: encrypted in the store."""

ENCRYPTED = {TASKS: ("about.holder.index", "about.concerns.index")}
"""Where blind indexes stand: encrypted in the store, the same always to the same."""

_JUST_NOW = timedelta(seconds=5)
"""How far back it is looked for what has moved; what is stored later than that is found with the next heartbeat."""
Filter = dict[str, Any]


class TaskStore(Repository[Task]):
    """The tasks, one document each."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        super().__init__(database, TASKS, Task, sealed=SEALED[TASKS], indexes=ENCRYPTED[TASKS])
        self._clock = clock

    async def queue(self, wanted: QueueQuery, *, after: str | None, limit: int) -> Sequence[Task]:
        """Read those that are wanted, the most urgent first, behind the place `after`."""
        return await self._page(_filter_of(wanted), after, limit)

    async def in_hand_of(self, person: str, limit: int) -> Sequence[Task]:
        """Read those that a person has in hand, the most urgent first."""
        return await self.find({"claim.by": person}, sort=[("place", ASCENDING)], limit=limit)

    async def doors_of(self, resident_id: str) -> Sequence[Task]:
        """Read the door checks that wait and show a resident's data, the most urgent first."""
        wanted = {"about.concerns.resident_id": resident_id, "kind": "field-check", "waiting_in": {"$gt": ""}}
        return await self.find(wanted, sort=[("place", ASCENDING)])

    async def moved(self, scope: Scope, since: datetime) -> Sequence[tuple[str, int]]:
        """Read ids and versions of what was stored after a moment and is or was in these queues."""
        found = await self.rows({**_of_scopes([scope]), "moved_at": {"$gt": since}}, "version")
        return [(each["_id"], each["version"]) for each in found]

    async def states(self, keys: Sequence[str]) -> Mapping[str, object]:
        """Return for each scope, by its key, what has just been stored in it: other than before, something moved."""
        scopes = [Scope.read(key) for key in keys]
        since = {"moved_at": {"$gt": self._clock() - _JUST_NOW}}
        found = [
            each
            for by in ("department", "community")
            if (alike := [scope for scope in scopes if scope.by == by])
            for each in await self.rows({**_of_scopes(alike), **since}, "version", "kind", "been_in", "community")
        ]
        return {
            scope.key: sorted((each["_id"], each["version"]) for each in found if _is_in(each, scope))
            for scope in scopes
        }

    async def about(self, resident_id: str, *, after: str | None, limit: int) -> Sequence[Task]:
        """Read those about a resident's documents, in the same order."""
        return await self._page({"about.holder.resident_id": resident_id}, after, limit)

    async def to_escalate(self, today: date, limit: int) -> Sequence[Task]:
        """Read those whose deadline has passed and that somebody above can take, the longest overdue first."""
        overdue = {"escalates_after": {"$gt": date.min, "$lt": today}}  # both ends: those without one stay out
        return await self.find(overdue, sort=[("escalates_after", ASCENDING)], limit=limit)

    def save(self, document: Task) -> Write:
        """Prepare the write, which remembers when it was (`moved_at`)."""
        return super().save(document.model_copy(update={"moved_at": self._clock()}))

    async def _page(self, wanted: Filter, after: str | None, limit: int) -> Sequence[Task]:
        behind = wanted if after is None else {**wanted, "place": {"$gt": after}}
        return await self.find(behind, sort=[("place", ASCENDING)], limit=limit)


class WaitingCount:
    """Counts what waits, in the store itself: one look at an index every half minute, however long the queues are."""

    def __init__(self, database: Database) -> None:
        self._tasks = database.get_collection(TASKS, codec_options=CODECS)

    async def on(self, today: date) -> Sequence[Waiting]:
        """Count by kind and department."""
        is_overdue = {"$cond": [{"$lt": ["$due_on", today.isoformat()]}, 1, 0]}
        group = {
            "_id": {"kind": "$kind", "department": "$waiting_in"},
            "waiting": {"$sum": 1},
            "overdue": {"$sum": is_overdue},
        }
        counted = await self._tasks.aggregate([{"$match": {"waiting_in": {"$gt": ""}}}, {"$group": group}])
        return [Waiting(**found["_id"], waiting=found["waiting"], overdue=found["overdue"]) async for found in counted]

    async def of(self, wanted: QueueQuery, today: date) -> Sequence[QueueCount]:
        """Count what is wanted by kind, place, document type and who has it."""
        day = today.isoformat()
        group = {
            "_id": {
                "kind": "$kind",
                "place": {"$cond": [{"$eq": ["$kind", "field-check"]}, "$community", "$department"]},
                "document_type": {"$ifNull": ["$about.document_type", None]},
                "claimed_by": {"$ifNull": ["$claim.by", None]},
            },
            "waiting": {"$sum": 1},
            "overdue": {"$sum": {"$cond": [{"$lt": ["$due_on", day]}, 1, 0]}},
            "due_today": {"$sum": {"$cond": [{"$eq": ["$due_on", day]}, 1, 0]}},
            "next_due_on": {"$min": "$due_on"},
        }
        counted = await self._tasks.aggregate([{"$match": _filter_of(wanted)}, {"$group": group}])
        return [QueueCount.model_validate(each.pop("_id") | each) async for each in counted]


def cases_in(database: Database) -> Repository[Case]:
    """Return what is known of each application; it is read and written by id alone."""
    return Repository(database, CASES, Case)


def _of_scopes(scopes: Sequence[Scope]) -> Filter:
    """Say it for scopes of one kind."""
    codes = {"$in": sorted({code for scope in scopes for code in scope.codes})}
    return {"community": codes, "kind": "field-check"} if scopes[0].by == "community" else {"been_in": codes}


def _is_in(row: Mapping[str, Any], scope: Scope) -> bool:
    if scope.by == "community":
        return row["kind"] == "field-check" and row["community"] in scope.codes
    return not set(scope.codes).isdisjoint(row["been_in"])


def _filter_of(wanted: QueueQuery) -> Filter:
    """Say it so that the first condition has an index: an application's tasks, else a queue, else the history."""
    asked = {
        "application_id": wanted.application_id,
        **(_waiting(wanted) if wanted.statuses <= WAITING else _history(wanted)),
        "kind": wanted.kind,
        "about.document_type": wanted.document_type,
        "claim.by": wanted.claimed_by,
        "steps.taken_from": wanted.taken_from,
        "due_on": None if wanted.due_before is None else {"$lt": wanted.due_before},
    }
    return {key: value for key, value in asked.items() if value is not None}


def _waiting(wanted: QueueQuery) -> Filter:
    anywhere = {"$gt": ""} if wanted.departments is None and wanted.communities is None else None
    return {
        "waiting_at": _any_of(wanted.communities),
        "waiting_in": _any_of(wanted.departments) or anywhere,
        "status": None if wanted.statuses == WAITING else _any_of(wanted.statuses),
    }


def _history(wanted: QueueQuery) -> Filter:
    return {
        "department": _any_of(wanted.departments),
        "community": _any_of(wanted.communities),
        "status": _any_of(wanted.statuses),
    }


def _any_of(values: frozenset[str] | None) -> object:
    if values is None:
        return None
    return next(iter(values)) if len(values) == 1 else {"$in": sorted(values)}


def held(holder: Holder) -> Held:
    """Return how what is kept about somebody is found."""
    return {TASKS: {"about.holder.resident_id": holder.resident_id}}


def photographs_in(database: Database) -> OwnedFiles:
    """Return the photographs of visits, each handed in for a task."""
    return OwnedFiles(database, PHOTOGRAPHS, owner="task_id")


async def _with_tasks(database: Database, tasks: Sequence[Document]) -> Sequence[Write]:
    """Remove the photographs of tasks that go."""
    kept = photographs_in(database)
    for task in tasks:
        for photograph in task.get("photographs", ()):
            await kept.remove(photograph["id"])
    return ()


CASCADES: Mapping[str, Cascade] = {TASKS: _with_tasks}
