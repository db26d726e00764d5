"""/v1/statistics: what was decided, how much without people, and where people are no longer needed.

A count of fewer than five is null, and `suppressed` says that there is such a one; every other is rounded down to
fives (standards/disclosure.py). Shares are of the exact counts, by which it is also judged whether review can be
switched off.
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
from standards.disclosure import may_tell_percentile, share, told, total, total_share

router = APIRouter(prefix="/statistics", tags=["statistics"])


class SatisfactionFigures(BaseModel):
    """What applicants thought: how many said so, the average of 1 to 5, and the share of 4 and 5; null for few."""

    rated: int | None
    average: float | None
    satisfied_share: float | None
    suppressed: bool


class SecondsFigures(BaseModel):
    """Seconds from submission to decision; null where fewer than five lie beyond."""

    p50: float | None
    p95: float | None
    p99: float | None


class PromiseFigures(BaseModel):
    """How many had a promise that is known, and the share that was decided by its day."""

    promised: int | None
    in_time_share: float | None
    suppressed: bool


class ItemFiguresView(BaseModel):
    """What was decided of one item, or of all. Counts of fewer than five are null, and `suppressed` says so."""

    item: Named | None
    decided: int | None
    approved: int | None
    rejected: int | None
    automatic: int | None
    """Decided without anybody having to look at anything."""
    automatic_share: float | None
    with_people: int | None
    decided_by_officer: int | None
    suppressed: bool
    text: str
    satisfaction: SatisfactionFigures
    promise: PromiseFigures
    seconds: SecondsFigures

    @classmethod
    def of(cls, figures: ItemFigures, wording: Wording, parts: Sequence[ItemFigures] = ()) -> Self:
        """Show figures; a total comes with its `parts`, which are told beside it."""
        item = wording.item(figures.item) if figures.item else None
        counts = _counts(figures, parts)
        return cls(
            item=item,
            **counts,
            automatic_share=share(figures.automatic, figures.decided),
            suppressed=None in counts.values(),
            text=wording.say(
                "figures.item" if item else "figures.total",
                item=item.name if item else "",
                share=wording.share(figures.automatic, figures.decided),
                **{name: wording.count(count) for name, count in counts.items()},
            ),
            satisfaction=_satisfaction(figures),
            promise=_promise(figures, parts),
            seconds=_seconds(figures.seconds),
        )


def _counts(figures: ItemFigures, parts: Sequence[ItemFigures]) -> dict[str, int | None]:
    outcomes = (figures.approved, figures.rejected)
    ways = (figures.automatic, figures.with_people)
    return {
        "decided": total(figures.decided, outcomes, ways, [row.decided for row in parts] or outcomes),
        "approved": total(figures.approved, [row.approved for row in parts] or [figures.approved]),
        "rejected": total(figures.rejected, [row.rejected for row in parts] or [figures.rejected]),
        "automatic": total(figures.automatic, [row.automatic for row in parts] or [figures.automatic]),
        "with_people": total(figures.with_people, [row.with_people for row in parts] or [figures.with_people]),
        "decided_by_officer": total(figures.by_officer, [row.by_officer for row in parts] or [figures.by_officer]),
    }


def _satisfaction(figures: ItemFigures) -> SatisfactionFigures:
    rated = told(figures.rated)
    return SatisfactionFigures(
        rated=rated,
        average=None if rated is None else round(figures.score_total / figures.rated, 1),
        satisfied_share=share(figures.satisfied, figures.rated),
        suppressed=rated is None,
    )


def _promise(figures: ItemFigures, parts: Sequence[ItemFigures]) -> PromiseFigures:
    rows = [(row.in_time, row.promised) for row in parts or [figures]]
    promised, in_time = total(figures.promised, [of for _, of in rows]), total_share(rows)
    return PromiseFigures(promised=promised, in_time_share=in_time, suppressed=promised is None or in_time is None)


def _seconds(seconds: Sequence[float]) -> SecondsFigures:
    return SecondsFigures(p50=_beyond(seconds, 0.5), p95=_beyond(seconds, 0.95), p99=_beyond(seconds, 0.99))


class SourceView(BaseModel):
    """How many proofs came from a source, and how many of them nobody had to hand in anything for."""

    source: str
    source_name: str
    proofs: int | None
    not_handed_in: int | None
    suppressed: bool
    text: str

    @classmethod
    def of(cls, source: str, rows: Iterable[ProofFigures], wording: Wording) -> Self:
        """Add up a source."""
        own = [row for row in rows if row.source == source]
        handed_in = sum(row.handed_in for row in own)
        spared = sum(row.proofs for row in own) - handed_in
        proofs = total(spared + handed_in, (spared, handed_in))
        name = wording.source(source)
        return cls(
            source=source,
            source_name=name,
            proofs=proofs,
            not_handed_in=told(spared),
            suppressed=None in (proofs, told(spared)),
            text=wording.say(
                "figures.source", source=name, proofs=wording.count(proofs), spared=wording.count(told(spared))
            ),
        )


class DocumentTypeView(BaseModel):
    """Whether human review of a document type could be switched off now."""

    document_type: Named
    department: Named
    reviewed_by: str
    proofs: int | None
    by_source: dict[str, int | None]
    city_mirror_share: float | None
    can_switch_off: bool
    proofs_missing: int
    suppressed: bool
    text: str

    @classmethod
    def of(cls, ready: Readiness, criterion: Criterion, wording: Wording) -> Self:
        """Show the judgement and say why."""
        kind = wording.catalogue.document_types.get(ready.document_type)
        review = kind.review if kind else "people"
        mirror = ready.by_source.get(CITY_MIRROR, 0)
        said = "off-already" if review == "automatic" else "can" if ready.can_switch_off else "cannot"
        proofs = total(ready.proofs, ready.by_source.values())
        by_source = {source: told(count) for source, count in ready.by_source.items()}
        return cls(
            document_type=wording.document(ready.document_type),
            department=wording.department(kind.department if kind else ""),
            reviewed_by=review,
            proofs=proofs,
            by_source=by_source,
            city_mirror_share=share(mirror, ready.proofs),
            can_switch_off=ready.can_switch_off,
            proofs_missing=max(0, criterion.minimum_proofs - (proofs or 0)),
            suppressed=None in (proofs, *by_source.values()),
            text=wording.say(
                f"switching-off.{said}",
                proofs=wording.count(proofs),
                share=wording.share(mirror, ready.proofs),
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
    documents: int | None
    documents_not_handed_in: int | None
    """Documents that nobody had to hand in again."""
    suppressed: bool
    text: str
    criterion: Criterion
    document_types: list[DocumentTypeView]

    @classmethod
    def of(cls, figures: Figures, criterion: Criterion, wording: Wording) -> Self:
        """Show the figures."""
        codes = sorted({row.source for row in figures.proofs})
        proofs = [sum(row.proofs for row in figures.proofs if row.source == code) for code in codes]
        handed_in = [sum(row.handed_in for row in figures.proofs if row.source == code) for code in codes]
        spared = [all_ - some for all_, some in zip(proofs, handed_in, strict=True)]
        documents = total(sum(proofs), proofs, (sum(spared), sum(handed_in)))
        documents_spared = total(sum(spared), spared)
        return cls(
            first=figures.first,
            last=figures.last,
            total=ItemFiguresView.of(total_of(figures.items), wording, figures.items),
            items=[ItemFiguresView.of(row, wording) for row in figures.items],
            sources=[SourceView.of(code, figures.proofs, wording) for code in codes],
            documents=documents,
            documents_not_handed_in=documents_spared,
            suppressed=None in (documents, documents_spared),
            text=wording.say(
                "figures.documents", documents=wording.count(documents), spared=wording.count(documents_spared)
            ),
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
