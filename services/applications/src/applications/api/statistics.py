"""/v1/statistics: what was decided, how much without people, and where people are no longer needed.

A count of fewer than five is null, and `suppressed` says that there is such a one; every other is rounded down to
fives (standards/disclosure.py). Shares are of the exact counts, by which it is also judged whether review can be
switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Self

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
    WeekFigures,
    by_group,
    percentile,
    total_of,
)
from applications.handlers import counting
from applications.handlers.counting import Figures
from runtime.access import Principal, Role, allow
from runtime.clock import Day
from standards.disclosure import may_tell_percentile, share, told, total, total_share

router = APIRouter(prefix="/statistics", tags=["statistics"])

_SIX_DAYS = timedelta(days=6)


class SatisfactionFigures(BaseModel):
    """What applicants thought: how many said so, the average of 1 to 5, and the share of 4 and 5; null for few."""

    rated: int | None
    average: float | None
    satisfied_share: float | None
    share_text: str
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
    share_text: str
    suppressed: bool


class FiguresView(BaseModel):
    """What was decided. Counts of fewer than five are null, and `suppressed` says so."""

    decided: int | None
    approved: int | None
    rejected: int | None
    automatic: int | None
    """Decided without anybody having to look at anything."""
    automatic_share: float | None
    share_text: str
    """The automatic share in words where it is not told as a number."""
    with_people: int | None
    decided_by_officer: int | None
    suppressed: bool
    text: str
    satisfaction: SatisfactionFigures
    promise: PromiseFigures
    seconds: SecondsFigures


class ItemFiguresView(FiguresView):
    """What was decided of one item, or of all."""

    item: Named | None

    @classmethod
    def of(cls, figures: ItemFigures, wording: Wording, *partitions: Sequence[ItemFigures]) -> Self:
        """Show figures; a total comes with its parts, in every way in which they are told beside it."""
        item = wording.item(figures.item) if figures.item else None
        return cls(item=item, **_shown(figures, item.name if item else "", wording, *partitions))


class DepartmentFiguresView(FiguresView):
    """What was decided of the items of one department; null for items that the catalogue has no more."""

    department: Named | None

    @classmethod
    def of(cls, department: str, rows: Sequence[ItemFigures], wording: Wording) -> Self:
        """Show the figures of a department; `items` gives those of its items."""
        named = wording.department(department) if department else None
        name = named.name if named else wording.say("figures.no-department")
        return cls(department=named, **_shown(total_of(rows), name, wording, rows))


class WeekFiguresView(FiguresView):
    """What was decided in a week, Monday to Sunday, as far as it lies within the period."""

    first: date
    last: date

    @classmethod
    def of(cls, week: WeekFigures, period: Figures, wording: Wording) -> Self:
        """Show the figures of a week."""
        first, last = max(week.monday, period.first), min(week.monday + _SIX_DAYS, period.last)
        name = wording.say("figures.week", first=wording.day(first), last=wording.day(last))
        return cls(first=first, last=last, **_shown(week.figures, name, wording))


def _shown(figures: ItemFigures, name: str, wording: Wording, *partitions: Sequence[ItemFigures]) -> dict[str, Any]:
    counts = _counts(figures, partitions)
    return {
        **counts,
        "automatic_share": share(figures.automatic, figures.decided),
        "share_text": wording.share(figures.automatic, figures.decided),
        "suppressed": None in counts.values(),
        "text": wording.say(
            "figures.item" if name else "figures.total",
            item=name,
            share=wording.share(figures.automatic, figures.decided),
            **{name: wording.count(count) for name, count in counts.items()},
        ),
        "satisfaction": _satisfaction(figures, wording),
        "promise": _promise(figures, partitions, wording),
        "seconds": _seconds(figures.seconds),
    }


def _counts(figures: ItemFigures, partitions: Sequence[Sequence[ItemFigures]]) -> dict[str, int | None]:
    outcomes, ways = (figures.approved, figures.rejected), (figures.automatic, figures.with_people)
    counted: dict[str, Callable[[ItemFigures], int]] = {
        "decided": lambda row: row.decided,
        "approved": lambda row: row.approved,
        "rejected": lambda row: row.rejected,
        "automatic": lambda row: row.automatic,
        "with_people": lambda row: row.with_people,
        "decided_by_officer": lambda row: row.by_officer,
    }
    beside = {"decided": (outcomes, ways)}
    return {
        name: total(of(figures), *beside.get(name, ()), *([of(row) for row in parts] for parts in partitions))
        for name, of in counted.items()
    }


def _satisfaction(figures: ItemFigures, wording: Wording) -> SatisfactionFigures:
    rated = told(figures.rated)
    return SatisfactionFigures(
        rated=rated,
        average=None if rated is None else round(figures.score_total / figures.rated, 1),
        satisfied_share=share(figures.satisfied, figures.rated),
        share_text=wording.share(figures.satisfied, figures.rated),
        suppressed=rated is None,
    )


def _promise(figures: ItemFigures, partitions: Sequence[Sequence[ItemFigures]], wording: Wording) -> PromiseFigures:
    """Tell how many promises were kept; the share only where no way of telling its parts gives one away."""
    told_beside = [[(row.in_time, row.promised) for row in parts] for parts in (partitions or [[figures]])]
    promised = total(figures.promised, *([of for _, of in rows] for rows in told_beside))
    shares = [total_share(rows) for rows in told_beside]
    in_time = None if None in shares else shares[0]
    if partitions:
        said = wording.say("shares.untold") if in_time is None else f"{in_time:.0%}"
    else:
        said = wording.share(figures.in_time, figures.promised)
    suppressed = promised is None or in_time is None
    return PromiseFigures(promised=promised, in_time_share=in_time, share_text=said, suppressed=suppressed)


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
    def of(cls, ready: Readiness, switched: Collection[str], criterion: Criterion, wording: Wording) -> Self:
        """Show the judgement and say why; `switched` are those that officials have switched off."""
        kind = wording.catalogue.document_types.get(ready.document_type)
        review = "automatic" if ready.document_type in switched else kind.review if kind else "people"
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
    departments: list[DepartmentFiguresView]
    weeks: list[WeekFiguresView]
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
        departments = by_group(figures.items, wording.department_of)
        partitions = (
            figures.items,
            [total_of(rows) for rows in departments.values()],
            [week.figures for week in figures.weeks],
        )
        documents = total(sum(proofs), proofs, (sum(spared), sum(handed_in)))
        documents_spared = total(sum(spared), spared)
        return cls(
            first=figures.first,
            last=figures.last,
            total=ItemFiguresView.of(total_of(figures.items), wording, *(parts for parts in partitions if parts)),
            items=[ItemFiguresView.of(row, wording) for row in figures.items],
            departments=[DepartmentFiguresView.of(code, rows, wording) for code, rows in departments.items()],
            weeks=[WeekFiguresView.of(week, figures, wording) for week in figures.weeks],
            sources=[SourceView.of(code, figures.proofs, wording) for code in codes],
            documents=documents,
            documents_not_handed_in=documents_spared,
            suppressed=None in (documents, documents_spared),
            text=wording.say(
                "figures.documents", documents=wording.count(documents), spared=wording.count(documents_spared)
            ),
            criterion=criterion,
            document_types=[
                DocumentTypeView.of(ready, figures.automatic, criterion, wording) for ready in figures.readiness
            ],
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
