"""/v1/statistics: what was decided, how much without people, and where people are no longer needed.

Counts are rounded down to fives, each for itself (standards/disclosure.py): no answer, and no difference of two, speaks
of fewer people. Whether review can be switched off is judged by the exact ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel

from applications.api.parts import DepsOf, ItemCode, WordingOf
from applications.api.wording import Named, Wording
from applications.domain.statistics import (
    CITY_MIRROR,
    Criterion,
    ItemFigures,
    ProofFigures,
    Readiness,
    percentile,
    total_of,
)
from applications.handlers import counting
from applications.handlers.counting import Figures
from runtime.access import Principal, Role, allow
from runtime.clock import Day
from standards.disclosure import may_tell_percentile, rounded, share

router = APIRouter(prefix="/statistics", tags=["statistics"])


class SatisfactionFigures(BaseModel):
    """What applicants thought: how many said so, the average of 1 to 5, and the share of 4 and 5; null for few."""

    rated: int
    average: float | None
    satisfied_share: float | None


class SecondsFigures(BaseModel):
    """Seconds from submission to decision; null where fewer than five lie beyond."""

    p50: float | None
    p95: float | None
    p99: float | None


class ItemFiguresView(BaseModel):
    """What was decided of one item, or of all."""

    item: Named | None
    decided: int
    approved: int
    rejected: int
    automatic: int
    """Decided without anybody having to look at anything."""
    automatic_share: float | None
    with_people: int
    decided_by_officer: int
    satisfaction: SatisfactionFigures
    seconds: SecondsFigures

    @classmethod
    def of(cls, figures: ItemFigures, item: Named | None) -> Self:
        """Show figures."""
        seconds = figures.seconds
        return cls(
            item=item,
            decided=rounded(figures.decided),
            approved=rounded(figures.approved),
            rejected=rounded(figures.rejected),
            automatic=rounded(figures.automatic),
            automatic_share=share(figures.automatic, figures.decided),
            with_people=rounded(figures.decided - figures.automatic),
            decided_by_officer=rounded(figures.by_officer),
            satisfaction=SatisfactionFigures(
                rated=rounded(figures.rated),
                average=round(figures.score_total / figures.rated, 1) if rounded(figures.rated) else None,
                satisfied_share=share(figures.satisfied, figures.rated),
            ),
            seconds=SecondsFigures(p50=_beyond(seconds, 0.5), p95=_beyond(seconds, 0.95), p99=_beyond(seconds, 0.99)),
        )


class SourceView(BaseModel):
    """How many proofs came from a source, and how many of them nobody had to hand in anything for."""

    source: str
    source_name: str
    proofs: int
    not_handed_in: int

    @classmethod
    def of(cls, source: str, rows: Iterable[ProofFigures], wording: Wording) -> Self:
        """Add up a source."""
        own = [row for row in rows if row.source == source]
        proofs = sum(row.proofs for row in own)
        return cls(
            source=source,
            source_name=wording.source(source),
            proofs=rounded(proofs),
            not_handed_in=rounded(proofs - sum(row.handed_in for row in own)),
        )


class DocumentTypeView(BaseModel):
    """Whether human review of a document type could be switched off now."""

    document_type: Named
    department: Named
    reviewed_by: str
    proofs: int
    by_source: dict[str, int]
    city_mirror_share: float
    can_switch_off: bool
    proofs_missing: int
    text: str

    @classmethod
    def of(cls, ready: Readiness, criterion: Criterion, wording: Wording) -> Self:
        """Show the judgement and say why."""
        kind = wording.catalogue.document_types.get(ready.document_type)
        review = kind.review if kind else "people"
        mirror = share(ready.by_source.get(CITY_MIRROR, 0), ready.proofs) or 0.0
        said = "off-already" if review == "automatic" else "can" if ready.can_switch_off else "cannot"
        return cls(
            document_type=wording.document(ready.document_type),
            department=wording.department(kind.department if kind else ""),
            reviewed_by=review,
            proofs=rounded(ready.proofs),
            by_source={source: rounded(proofs) for source, proofs in ready.by_source.items()},
            city_mirror_share=mirror,
            can_switch_off=ready.can_switch_off,
            proofs_missing=max(0, criterion.minimum_proofs - rounded(ready.proofs)),
            text=wording.say(
                f"switching-off.{said}",
                proofs=rounded(ready.proofs),
                share=f"{mirror:.0%}",
                minimum=criterion.minimum_proofs,
                wanted=f"{criterion.city_mirror_share:.1%}",
            ),
        )


class StatisticsView(BaseModel):
    """The figures of a period, by decision day."""

    first: date
    last: date
    total: ItemFiguresView
    items: list[ItemFiguresView]
    sources: list[SourceView]
    documents: int
    documents_not_handed_in: int
    """Documents that nobody had to hand in again."""
    criterion: Criterion
    document_types: list[DocumentTypeView]

    @classmethod
    def of(cls, figures: Figures, criterion: Criterion, wording: Wording) -> Self:
        """Show the figures."""
        sources = [SourceView.of(s, figures.proofs, wording) for s in sorted({row.source for row in figures.proofs})]
        return cls(
            first=figures.first,
            last=figures.last,
            total=ItemFiguresView.of(total_of(figures.items), None),
            items=[ItemFiguresView.of(row, wording.item(row.item)) for row in figures.items],
            sources=sources,
            documents=rounded(sum(row.proofs for row in figures.proofs)),
            documents_not_handed_in=rounded(sum(row.proofs - row.handed_in for row in figures.proofs)),
            criterion=criterion,
            document_types=[DocumentTypeView.of(ready, criterion, wording) for ready in figures.readiness],
        )


@router.get("", summary="What was decided, how, and what could be switched to automatic")
async def statistics(
    by: Annotated[Principal, allow(Role.OFFICIAL, Role.OPERATOR)],  # noqa: ARG001 - only who may is asked
    deps: DepsOf,
    wording: WordingOf,
    item: ItemCode = None,
    first: Annotated[Day | None, Query(alias="from", description="First day; 90 days before the last one")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Last day; today")] = None,
) -> StatisticsView:
    """Give the figures of a period, of one item or all."""
    figures = await counting.figures(deps, item=item, first=first, last=last)
    return StatisticsView.of(figures, deps.criterion, wording)


def _beyond(seconds: Sequence[float], at: float) -> float | None:
    """Return a percentile, unless so few lie beyond it that it is somebody's own time."""
    return percentile(seconds, at) if may_tell_percentile(len(seconds), at) else None
