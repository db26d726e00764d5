"""Decided applications: the public notice, and the figures for officials, which the store adds up itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from applications.domain.decided import Decided
from applications.domain.statistics import ItemFigures, ProofFigures
from messaging.documents import CODECS, Documents
from runtime.kernel import Database

Stage = dict[str, Any]

_SATISFIED = 4


class DecisionStore(Documents[Decided]):
    """Decisions by time, and what they add up to."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "decisions", Decided)
        self._decisions = database.get_collection("decisions", codec_options=CODECS)

    async def latest(self, *, before: tuple[datetime, str] | None, limit: int, item: str | None) -> list[Decided]:
        """Read them, latest decision first, those before a moment and id."""
        wanted: Stage = {} if item is None else {"item": item}
        if before is not None:
            moment, id_ = before
            wanted["$or"] = [{"decided_at": {"$lt": moment}}, {"decided_at": moment, "_id": {"$lt": id_}}]
            wanted["decided_at"] = {"$lte": moment}
        return await self.find(wanted, sort=[("decided_at", -1), ("_id", -1)], limit=limit)

    async def item_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ItemFigures]:
        """Count what was decided, by item."""
        grouped: Stage = {
            "_id": "$item",
            "approved": _count({"$eq": ["$outcome", "approved"]}),
            "rejected": _count({"$eq": ["$outcome", "rejected"]}),
            "automatic": _count("$automatic"),
            "by_officer": _count({"$eq": ["$decided_by", "officer"]}),
            "rated": _count({"$ne": [_score(), 0]}),
            "score_total": {"$sum": _score()},
            "satisfied": _count({"$gte": [_score(), _SATISFIED]}),
            "seconds": {"$push": "$seconds"},
        }
        rows = await self._aggregate([_period(item, since, until), {"$group": grouped}, {"$sort": {"_id": 1}}])
        return [_figures(row) for row in rows]

    async def proof_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ProofFigures]:
        """Count what proved it, by document type and source."""
        grouped: Stage = {
            "_id": {"document_type": "$proofs.document_type", "source": "$proofs.source"},
            "proofs": {"$sum": 1},
            "handed_in": _count("$proofs.handed_in"),
        }
        rows = await self._aggregate([_period(item, since, until), {"$unwind": "$proofs"}, {"$group": grouped}])
        figures = [ProofFigures(**row["_id"], proofs=row["proofs"], handed_in=row["handed_in"]) for row in rows]
        return sorted(figures, key=lambda row: (row.document_type, row.source))

    async def _aggregate(self, stages: list[Stage]) -> list[Stage]:
        cursor = await self._decisions.aggregate(stages)
        return await cursor.to_list()


def _figures(row: Stage) -> ItemFigures:
    counts = {name: value for name, value in row.items() if name not in ("_id", "seconds")}
    return ItemFigures(item=row["_id"], seconds=tuple(row["seconds"]), **counts)


def _period(item: str | None, since: datetime, until: datetime) -> Stage:
    period: Stage = {"decided_at": {"$gte": since, "$lt": until}}
    return {"$match": period if item is None else {"item": item, **period}}


def _count(condition: Stage | str) -> Stage:
    return {"$sum": {"$cond": [condition, 1, 0]}}


def _score() -> Stage:
    return {"$ifNull": ["$score", 0]}
