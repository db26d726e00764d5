"""/v1/statistics: what was decided, how much without people, and where people are no longer needed.

A count of fewer than five is null, and `suppressed` says that there is such a one; every other is rounded down to
fives (standards/disclosure.py). Totals, shares and whether review can be switched off are worked out from these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import BaseModel

from applications.api.labels import LabelledCode, Labels
from applications.api.parts import AskedMonth, DepsOf, ItemCode, WordingOf
from applications.api.proof_views import DocumentTypeView, SourceView
from applications.domain.statistics import (
    Criterion,
    ItemFigures,
    MonthFigures,
    by_group,
    percentile,
    readiness,
    total_of,
)
from applications.handlers import monthly_figures
from applications.handlers.monthly_figures import OfficialFigures
from standards.disclosure import average, may_tell_percentile, share, total, total_share
from web.auth import Principal, Role, allow

router = APIRouter(prefix="/statistics", tags=["statistics"])


class SatisfactionFigures(BaseModel):
    """What applicants thought: how many said so, the average of 1 to 5, and the share of 4 and 5; null for few."""

    rated: int | None
    average: float | None
    satisfied_share: float | None
    share_text: str
    suppressed: bool


class SecondsFigures(BaseModel):
    """Seconds from submission to decision, to two digits; null where fewer than five lie beyond."""

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

    item: LabelledCode | None

    @classmethod
    def of(cls, rows: Sequence[ItemFigures], wording: Labels, item: str = "") -> Self:
        """Show the figures of an item, or of all together."""
        named = wording.item(item) if item else None
        return cls(item=named, **_shown(rows, named.name if named else "", wording))


class DepartmentFiguresView(FiguresView):
    """What was decided of the items of one department; null for items that the catalogue has no more."""

    department: LabelledCode | None

    @classmethod
    def of(cls, department: str, rows: Sequence[ItemFigures], wording: Labels) -> Self:
        named = wording.department(department) if department else None
        name = named.name if named else wording.say("figures.no-department")
        return cls(department=named, **_shown(rows, name, wording))


class MonthFiguresView(FiguresView):
    """What was decided in a month."""

    first: date
    last: date

    @classmethod
    def of(cls, figures: MonthFigures, wording: Labels) -> Self:
        first, last = figures.month.first, figures.month.last
        name = wording.say("figures.month", first=wording.day(first), last=wording.day(last))
        return cls(first=first, last=last, **_shown(figures.items, name, wording))


def _shown(rows: Sequence[ItemFigures], name: str, wording: Labels) -> dict[str, Any]:
    """Show what rows add up to; each row is one item in one month, and told by itself elsewhere."""
    figures = total_of(rows)
    counts = _counts(rows)
    automatic = [(row.automatic, row.decided) for row in rows]
    said = _share_text(automatic, wording)
    return {
        **counts,
        "automatic_share": total_share(automatic),
        "share_text": said,
        "suppressed": None in counts.values(),
        "text": wording.say(
            "figures.item" if name else "figures.total",
            item=name,
            share=said,
            **{name: wording.count(count) for name, count in counts.items()},
        ),
        "satisfaction": _satisfaction(rows, wording),
        "promise": _promise(rows, wording),
        "seconds": _seconds(figures.seconds),
    }


def _counts(rows: Sequence[ItemFigures]) -> dict[str, int | None]:
    counted: dict[str, Callable[[ItemFigures], int]] = {
        "approved": lambda row: row.approved,
        "rejected": lambda row: row.rejected,
        "automatic": lambda row: row.automatic,
        "with_people": lambda row: row.with_people,
        "decided_by_officer": lambda row: row.by_officer,
    }
    outcomes, ways = (
        [row.approved for row in rows] + [row.rejected for row in rows],
        [row.automatic for row in rows] + [row.with_people for row in rows],
    )
    return {
        "decided": total(0, outcomes, ways),
        **{name: total(0, [of(row) for row in rows]) for name, of in counted.items()},
    }


def _share_text(pairs: Sequence[tuple[int, int]], wording: Labels) -> str:
    """Say a share in words where it can't be told as a number."""
    if len(pairs) == 1:
        return wording.share(*pairs[0])
    shared = total_share(pairs)
    return wording.say("shares.untold") if shared is None else f"{shared:.0%}"


def _satisfaction(rows: Sequence[ItemFigures], wording: Labels) -> SatisfactionFigures:
    pairs = [(row.satisfied, row.rated) for row in rows]
    rated = total(0, [each for some, of in pairs for each in (some, of - some)])
    scores = [(row.score_total / row.rated, row.rated) for row in rows if share(row.satisfied, row.rated) is not None]
    return SatisfactionFigures(
        rated=rated,
        average=average(scores),
        satisfied_share=total_share(pairs),
        share_text=_share_text(pairs, wording),
        suppressed=rated is None,
    )


def _promise(rows: Sequence[ItemFigures], wording: Labels) -> PromiseFigures:
    pairs = [(row.in_time, row.promised) for row in rows]
    promised, in_time = total(0, [each for some, of in pairs for each in (some, of - some)]), total_share(pairs)
    suppressed = promised is None or in_time is None
    return PromiseFigures(
        promised=promised, in_time_share=in_time, share_text=_share_text(pairs, wording), suppressed=suppressed
    )


def _seconds(seconds: Sequence[float]) -> SecondsFigures:
    return SecondsFigures(p50=_beyond(seconds, 0.5), p95=_beyond(seconds, 0.95), p99=_beyond(seconds, 0.99))


class ItemStatisticsView(BaseModel):
    """The figures of a calendar month, by decision day, the running one up to yesterday."""

    month: str
    first: date
    last: date
    total: ItemFiguresView
    items: list[ItemFiguresView]
    departments: list[DepartmentFiguresView]
    months: list[MonthFiguresView]
    """This month and those before it, the earliest first."""
    sources: list[SourceView]
    documents: int | None
    documents_not_handed_in: int | None
    """Documents that nobody had to hand in again."""
    suppressed: bool
    text: str
    criterion: Criterion
    document_types: list[DocumentTypeView]

    @classmethod
    def of(cls, figures: OfficialFigures, criterion: Criterion, wording: Labels) -> Self:
        proofs = [row.as_told() for row in figures.proofs]
        documents = sum(row.proofs for row in proofs) or None
        documents_spared = sum(row.proofs - row.handed_in for row in proofs) or None
        departments = by_group(figures.items, wording.department_of)
        return cls(
            month=f"{figures.month.first:%Y-%m}",
            first=figures.month.first,
            last=figures.month.last,
            total=ItemFiguresView.of(figures.items, wording),
            items=[ItemFiguresView.of([row], wording, row.item) for row in figures.items],
            departments=[DepartmentFiguresView.of(code, rows, wording) for code, rows in departments.items()],
            months=[MonthFiguresView.of(each, wording) for each in figures.months],
            sources=[SourceView.of(code, proofs, wording) for code in sorted({row.source for row in proofs})],
            documents=documents,
            documents_not_handed_in=documents_spared,
            suppressed=None in (documents, documents_spared),
            text=wording.say(
                "figures.documents", documents=wording.count(documents), spared=wording.count(documents_spared)
            ),
            criterion=criterion,
            document_types=[
                DocumentTypeView.of(ready, figures.automatic, criterion, wording)
                for ready in readiness((row.as_told() for row in figures.judged), criterion)
            ],
        )


@router.get("", summary="What was decided, how, and what could be switched to automatic")
async def statistics(
    by: Annotated[Principal, allow(Role.OFFICIAL, Role.OPERATOR)],  # noqa: ARG001 - only who may is asked
    deps: DepsOf,
    wording: WordingOf,
    month: AskedMonth,
    item: ItemCode = None,
) -> ItemStatisticsView:
    """Give the figures of a calendar month and of those before it, of one item or all."""
    figures = await monthly_figures.figures(deps, item=item, month=month)
    return ItemStatisticsView.of(figures, deps.criterion, wording)


def _beyond(seconds: Sequence[float], at: float) -> float | None:
    """Return a percentile to two digits, unless so few lie beyond it that it is one person's own time."""
    found = percentile(seconds, at) if may_tell_percentile(len(seconds), at) else None
    return None if found is None else float(f"{found:.1e}")
