"""Counting what is published of a month."""

from __future__ import annotations

from datetime import date

from applications.domain.statistics import Month, MonthFigures
from applications.handlers.dependencies import Deps
from runtime.clock import today


async def month(first: date | None, deps: Deps) -> MonthFigures:
    """Count the month that begins on a day; without one, the month of yesterday. Raises Refusal for one to come.

    Counted is what the notices show, and nothing else; and what was said of it up to the month's last day that counts.
    """
    now = today(deps.clock())
    asked = Month.of(first, now)
    items = await deps.decisions.published_figures(
        deps.catalogue.published(None),
        since=asked.since,
        until=asked.until,
        rated_before=Month(asked.first, now).until,
    )
    return MonthFigures(asked, tuple(items))
