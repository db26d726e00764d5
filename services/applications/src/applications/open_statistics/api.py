"""/v1/statistics/open: cases, satisfaction, the share without people, promises kept. No sign-in is needed.

A count of fewer than five is null, and `suppressed` says so; the others are rounded down to fives. Totals and shares
are of the rounded counts (standards/disclosure.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Self

from fastapi import APIRouter
from pydantic import BaseModel

from applications.api.labels import LabelledCode, Labels
from applications.api.parts import AskedMonth, DepsOf, WordingOf
from applications.domain.statistics import ItemFigures, MonthFigures, told_cases, total_of
from applications.open_statistics import use_cases
from standards.disclosure import total, total_share

router = APIRouter(prefix="/statistics", tags=["statistics"])

Pair = Callable[[ItemFigures], tuple[int, int]]
"""A part of some figures, and the whole that it is a share of."""

_WITHOUT_PEOPLE: Pair = lambda row: (row.automatic, row.decided)  # noqa: E731 - three of a kind, each in a line
_SATISFIED: Pair = lambda row: (row.satisfied, row.rated)  # noqa: E731 - see above
_IN_TIME: Pair = lambda row: (row.in_time, row.promised)  # noqa: E731 - see above


class ShareView(BaseModel):
    """Of how many, and what share of them; null for few, in words in the text."""

    of: int | None
    share: float | None
    share_text: str
    suppressed: bool
    text: str


class OpenFiguresView(BaseModel):
    """The published decisions of one item, or of all."""

    item: LabelledCode | None
    cases: int | None
    without_people: ShareView
    """Decided without anybody having to look at anything."""
    satisfied: ShareView
    """Of those who said so."""
    promise_kept: ShareView
    """Decided by the promised day."""
    suppressed: bool
    text: str

    @classmethod
    def of(cls, figures: ItemFigures, wording: Labels, parts: Sequence[ItemFigures] | None = None) -> Self:
        """Show figures; a total comes with its `parts`, which are told beside it."""
        item = wording.item(figures.item) if figures.item else None
        cases = told_cases(parts if parts is not None else [figures])
        shares = {
            "without_people": _share("without-people", _WITHOUT_PEOPLE, figures, parts, wording),
            "satisfied": _share("satisfied", _SATISFIED, figures, parts, wording),
            "promise_kept": _share("promise-kept", _IN_TIME, figures, parts, wording),
        }
        said = wording.say("open-figures.item" if item else "open-figures.total", item=item.name if item else "")
        texts = [
            wording.say("open-figures.cases", cases=wording.count(cases)),
            *(each.text for each in shares.values()),
        ]
        return cls(
            item=item,
            cases=cases,
            **shares,
            suppressed=cases is None or any(each.suppressed for each in shares.values()),
            text=wording.say("open-figures.all", whose=said, figures=wording.say("list").join(texts)),
        )


class OpenStatisticsView(BaseModel):
    """A calendar month, the running one up to yesterday."""

    month: str
    first: date
    last: date
    total: OpenFiguresView
    items: list[OpenFiguresView]

    @classmethod
    def of(cls, figures: MonthFigures, wording: Labels) -> Self:
        return cls(
            month=f"{figures.month.first:%Y-%m}",
            first=figures.month.first,
            last=figures.month.last,
            total=OpenFiguresView.of(total_of(figures.items), wording, figures.items),
            items=[OpenFiguresView.of(row, wording) for row in figures.items],
        )


@router.get("/open", summary="How well the district does, by month")
async def open_statistics(
    deps: DepsOf,
    wording: WordingOf,
    month: AskedMonth,
) -> OpenStatisticsView:
    """Give the figures of the decisions that are published, under each item's own notice policy."""
    return OpenStatisticsView.of(await use_cases.month(month, deps), wording)


def _share(
    name: str, pair: Pair, figures: ItemFigures, parts: Sequence[ItemFigures] | None, wording: Labels
) -> ShareView:
    part, whole = pair(figures)
    rows = [pair(row) for row in (parts if parts is not None else [figures])]
    counted = total(whole, [each for some, of in rows for each in (some, of - some)])
    shared = total_share(rows)
    words = (
        f"{shared:.0%}" if shared is not None else wording.say("shares.untold") if parts else wording.share(part, whole)
    )
    return ShareView(
        of=counted,
        share=shared,
        share_text=words,
        suppressed=counted is None or shared is None,
        text=wording.say(f"open-figures.{name}", share=words, of=wording.count(counted)),
    )
