"""Decided applications: the public notice, and the figures for officials, which the store adds up itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from applications.domain.catalogue import PublicNotices
from applications.domain.decided import Decided
from applications.domain.statistics import ItemFigures, ProofFigures, Rehearsed
from store.repository import CODECS, Database, Repository, behind

Stage = dict[str, Any]

_SATISFIED = 4
PERSON = "person"
"""The source of what a reviewer proved."""

SEALED = ("masked_name", "comment")


class DecisionStore(Repository[Decided]):
    """Decisions by time, and what they add up to."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "decisions", Decided, sealed=SEALED)
        self._decisions = database.get_collection("decisions", codec_options=CODECS)

    async def latest(
        self, *, since: datetime, before: tuple[datetime, str], limit: int, published: PublicNotices
    ) -> list[Decided]:
        """Read those that are published, latest decision first, those since a moment and before a moment and id."""
        wanted: Stage = {"$and": [behind("decided_at", before), {"decided_at": {"$gte": since}}, _that_are(published)]}
        return await self.find(wanted, sort=[("decided_at", -1), ("_id", -1)], limit=limit)

    async def item_figures(self, *, item: str | None, since: datetime, until: datetime) -> list[ItemFigures]:
        """Count what was decided, by item."""
        return await self._figures([_period(item, since, until)])

    async def published_figures(
        self, published: PublicNotices, *, since: datetime, until: datetime, rated_before: datetime
    ) -> list[ItemFigures]:
        """Count the decisions that are published, by item, and what was said of them before a moment."""
        said_by_then: Stage = {"score": {"$cond": [{"$lt": ["$rated_at", rated_before]}, "$score", None]}}
        return await self._figures(
            [_period(None, since, until), {"$match": _that_are(published)}, {"$set": said_by_then}]
        )

    async def _figures(self, chosen: list[Stage]) -> list[ItemFigures]:
        rows = await self._rows(chosen, "$item")
        items = sorted({row["_id"]["group"] for row in rows})
        return [_figures(code, [row for row in rows if row["_id"]["group"] == code]) for code in items]

    async def _rows(self, chosen: list[Stage], group: Stage | str) -> list[Stage]:
        names = ("outcome", "automatic", "decided_by", "in_time", "score")
        grouped: Stage = {
            "_id": {"group": group, **{name: f"${name}" for name in names}},
            "count": {"$sum": 1},
            "seconds": {"$push": "$seconds"},
        }
        return await self._aggregate([*chosen, {"$group": grouped}])

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

    async def rehearsed(self, document_type: str, since: datetime) -> Rehearsed:
        """Count the decisions since a moment that a document type had a part in, and what people did there."""
        by_people = {"document_type": document_type, "source": PERSON}
        refused = {"document_type": document_type, "verdict": "rejected"}
        period: Stage = {"decided_at": {"$gte": since}}
        decided, approved, rejected, reviewed = [
            await self._decisions.count_documents({**period, **wanted})
            for wanted in (
                {"$or": [{"proofs.document_type": document_type}, {"reviews.document_type": document_type}]},
                {"outcome": "approved", "proofs": {"$elemMatch": by_people}},
                {"outcome": "rejected", "reviews": {"$elemMatch": refused}},
                {"$or": [{"proofs": {"$elemMatch": by_people}}, {"reviews.document_type": document_type}]},
            )
        ]
        return Rehearsed(decided, reviewed, approved, rejected)

    async def proven_by_people(
        self, document_type: str, since: datetime, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Decided]:
        """Read the approvals since a moment for which people had to prove this document, latest first."""
        wanted: Stage = {
            "decided_at": {"$gte": since},
            "outcome": "approved",
            "proofs": {"$elemMatch": {"document_type": document_type, "source": PERSON}},
        }
        page: Stage = {"$and": [wanted, behind("decided_at", before)]} if before else wanted
        return await self.find(page, sort=[("decided_at", -1), ("_id", -1)], limit=limit)

    async def _aggregate(self, stages: list[Stage]) -> list[Stage]:
        cursor = await self._decisions.aggregate(stages)
        return await cursor.to_list()


def _figures(item: str, rows: list[Stage]) -> ItemFigures:
    """Add up the rows of a group: one for each combination of how it ended and how it was rated."""

    def count(name: str, value: object) -> int:
        return sum(row["count"] for row in rows if row["_id"].get(name) == value)

    scores = [(row["_id"]["score"], row["count"]) for row in rows if row["_id"].get("score") is not None]
    return ItemFigures(
        item=item,
        approved=count("outcome", "approved"),
        rejected=count("outcome", "rejected"),
        automatic=count("automatic", value=True),
        by_officer=count("decided_by", "officer"),
        rated=sum(number for _, number in scores),
        score_total=sum(score * number for score, number in scores),
        satisfied=sum(number for score, number in scores if score >= _SATISFIED),
        seconds=tuple(seconds for row in rows for seconds in row["seconds"]),
        promised=count("in_time", value=True) + count("in_time", value=False),
        in_time=count("in_time", value=True),
    )


def _that_are(published: PublicNotices) -> Stage:
    """Ask for the decisions that their item's policy has published, when they were made and now."""
    policies: list[Stage] = [
        {"item": {"$in": published.all}},
        {"item": {"$in": published.approvals}, "outcome": "approved"},
    ]
    return {"$or": policies, "may_be_noticed": {"$ne": False}}


def _period(item: str | None, since: datetime, until: datetime) -> Stage:
    period: Stage = {"decided_at": {"$gte": since, "$lt": until}}
    return {"$match": period if item is None else {"item": item, **period}}


def _count(condition: Stage | str) -> Stage:
    return {"$sum": {"$cond": [condition, 1, 0]}}
