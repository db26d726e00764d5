"""Statistics for officials, by calendar months."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date

from applications.domain.statistics import ItemFigures, Month, MonthFigures, ProofFigures
from applications.handlers.dependencies import Deps
from runtime.clock import today

SHOWN_MONTHS = 6
JUDGED_MONTHS = 3
"""Months by which it is judged whether people are still needed."""


@dataclass(frozen=True, slots=True)
class OfficialFigures:
    """What was decided in a month and in those before it, and what proved the documents."""

    months: tuple[MonthFigures, ...]
    """The earliest first; the last one is the one that was asked for."""
    proofs: tuple[ProofFigures, ...]
    judged: tuple[ProofFigures, ...]
    """Of the months by which it is judged, each by itself."""
    automatic: frozenset[str] = frozenset()
    """Document types that officials have switched off the review of."""

    @property
    def month(self) -> Month:
        return self.months[-1].month

    @property
    def items(self) -> tuple[ItemFigures, ...]:
        """What was decided in it."""
        return self.months[-1].items


async def figures(deps: Deps, *, item: str | None, month: date | None) -> OfficialFigures:
    """Count the decisions of the month of a day (default: of yesterday), of one item or of all. Raises Refusal."""
    if item is not None:
        deps.catalogue.item(item)
    months = Month.of(month, today(deps.clock())).back(SHOWN_MONTHS)

    async def decided(each: Month) -> MonthFigures:
        return MonthFigures(
            each, tuple(await deps.decisions.item_figures(item=item, since=each.since, until=each.until))
        )

    async def proven(each: Month) -> list[ProofFigures]:
        return await deps.decisions.proof_figures(item=item, since=each.since, until=each.until)

    found, judged, automatic = await asyncio.gather(
        asyncio.gather(*map(decided, months)),
        asyncio.gather(*map(proven, months[-JUDGED_MONTHS:])),
        deps.review_switches.automatic(),
    )
    return OfficialFigures(tuple(found), tuple(judged[-1]), tuple(row for rows in judged for row in rows), automatic)
