"""/v1/statistics/open: cases, satisfaction, the share without people, promises kept. No sign-in is needed.

A count of fewer than five is null, and `suppressed` says so; the others are rounded down to fives. A share is null
where either side is fewer than five, and a total's also where it would give one of those away
(standards/disclosure.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, StringConstraints

from applications.api.parts import DepsOf, WordingOf
from applications.api.wording import Named, Wording
from applications.domain.statistics import ItemFigures, total_of
from applications.open_statistics import use_cases
from applications.open_statistics.use_cases import Month
from standards.disclosure import share, told, total, total_share

router = APIRouter(prefix="/statistics", tags=["statistics"])

MonthName = Annotated[str, StringConstraints(pattern=r"^(1[89]|2[01])\d\d-(0[1-9]|1[0-2])$")]

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

    item: Named | None
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
    def of(cls, figures: ItemFigures, wording: Wording, parts: Sequence[ItemFigures] | None = None) -> Self:
        """Show figures; a total comes with its `parts`, which are told beside it."""
        item = wording.item(figures.item) if figures.item else None
        cases = total(figures.decided, [row.decided for row in parts or [figures]])
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
    def of(cls, month: Month, wording: Wording) -> Self:
        """Show a month."""
        return cls(
            month=f"{month.first:%Y-%m}",
            first=month.first,
            last=month.last,
            total=OpenFiguresView.of(total_of(month.items), wording, month.items),
            items=[OpenFiguresView.of(row, wording) for row in month.items],
        )


@router.get("/open", summary="How well the district does, by month")
async def open_statistics(
    deps: DepsOf,
    wording: WordingOf,
    month: Annotated[MonthName | None, Query(description="As 2026-11; the month of yesterday")] = None,
) -> OpenStatisticsView:
    """Give the figures of the decisions that are published, under each item's own notice policy."""
    first = date.fromisoformat(f"{month}-01") if month else None
    return OpenStatisticsView.of(await use_cases.month(first, deps), wording)


def _share(
    name: str, pair: Pair, figures: ItemFigures, parts: Sequence[ItemFigures] | None, wording: Wording
) -> ShareView:
    part, whole = pair(figures)
    rows = [pair(row) for row in parts or [figures]]
    counted = total(whole, [of for _, of in rows]) if parts else told(whole)
    shared = total_share(rows) if parts else share(part, whole)
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
