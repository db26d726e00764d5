"""Statistics for officials."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from applications.domain.statistics import ItemFigures, ProofFigures, Readiness, WeekFigures, readiness
from applications.handlers.needs import Deps
from runtime.clock import SHENZHEN, today
from runtime.refusal import Refusal

DEFAULT_PERIOD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was decided from the first to the last day, and for which document types people are still needed."""

    first: date
    last: date
    items: tuple[ItemFigures, ...]
    proofs: tuple[ProofFigures, ...]
    readiness: tuple[Readiness, ...]
    weeks: tuple[WeekFigures, ...] = ()
    automatic: frozenset[str] = frozenset()
    """Document types that officials have switched off the review of."""


async def figures(deps: Deps, *, item: str | None, first: date | None, last: date | None) -> Figures:
    """Count the decisions of a period (default: the last 90 days), of one item or of all. Raises Refusal."""
    if item is not None:
        deps.catalogue.item(item)
    end = last or today(deps.clock())
    begin = first or end - DEFAULT_PERIOD
    if begin > end:
        raise Refusal("period-order", field="from")
    since, until = _midnight(begin), _midnight(end + timedelta(days=1))
    items, weeks, proofs, automatic = await asyncio.gather(
        deps.decisions.item_figures(item=item, since=since, until=until),
        deps.decisions.week_figures(item=item, since=since, until=until),
        deps.decisions.proof_figures(item=item, since=since, until=until),
        deps.review_switches.automatic(),
    )
    judged = readiness(proofs, deps.criterion)
    return Figures(begin, end, tuple(items), tuple(proofs), judged, tuple(weeks), automatic)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHENZHEN)
