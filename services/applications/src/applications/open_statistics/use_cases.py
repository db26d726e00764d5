"""Counting what is published of a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from applications.domain.statistics import ItemFigures
from applications.handlers.needs import Deps
from runtime.clock import SHENZHEN, today
from runtime.refusal import Refusal

_DAYS_OF_NO_MONTH = 32


@dataclass(frozen=True, slots=True)
class Month:
    """The figures of a calendar month, up to the day before they were asked for."""

    first: date
    last: date
    items: tuple[ItemFigures, ...]


async def month(first: date | None, deps: Deps) -> Month:
    """Count the month that begins on a day; without one, the month of yesterday. Raises Refusal for one to come.

    Figures are of whole calendar months and change once a day: from answers that are a moment or a day apart, what one
    person did can't be worked out. Counted is what the notices show, and nothing else.
    """
    now = today(deps.clock())
    begin = (first or now - timedelta(days=1)).replace(day=1)
    if begin > now:
        raise Refusal("month-to-come", field="month")
    end = min((begin + timedelta(days=_DAYS_OF_NO_MONTH)).replace(day=1), now)
    items = await deps.decisions.published_figures(
        deps.catalogue.published(None), since=_midnight(begin), until=_midnight(end), rated_before=_midnight(now)
    )
    return Month(begin, end - timedelta(days=1), tuple(items))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, SHENZHEN)
