"""The geometry of charts; templates draw them as SVG, beside a table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal.office.answers import WeekFigures

WIDTH, HEIGHT = 360, 140
"""Of the drawing, in its own units: as wide as a phone, so that its letters are read there, too."""
_STUB = 4
_MOST_WEEKS = 120
_A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Column:
    """One week: where it stands, how much of it needed no people, how much did; `is_few`: fewer than five."""

    x: float
    width: float
    automatic: float
    rest: float
    is_few: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """The weeks of a period from left to right; `top` is what the tallest column stands for."""

    columns: tuple[Column, ...]
    top: int
    first: date
    last: date


def columns(weeks: Sequence[WeekFigures]) -> Columns | None:
    """Place the weeks; those in which nothing was decided leave a gap. None without any, or with too many."""
    if not weeks:
        return None
    begin = _monday(weeks[0].first)
    places = [(_monday(week.first) - begin) // _A_WEEK for week in weeks]
    if places[-1] >= _MOST_WEEKS:
        return None
    top = max(week.decided or 0 for week in weeks)
    step = WIDTH / max(places[-1] + 1, 8)
    found = [_column(week, place * step, step, top) for week, place in zip(weeks, places, strict=True)]
    return Columns(tuple(found), top, weeks[0].first, weeks[-1].last)


def _column(week: WeekFigures, x: float, step: float, top: int) -> Column:
    if week.decided is None:
        return Column(round(x, 1), round(step * 0.8, 1), 0, _STUB, is_few=True)
    height = HEIGHT * week.decided / top
    share = week.automatic_share if week.automatic_share is not None else _guessed(week)
    automatic = round(height * share, 1)
    return Column(round(x, 1), round(step * 0.8, 1), automatic, round(height - automatic, 1), is_few=False)


def _guessed(week: WeekFigures) -> float:
    """Tell which end a share lies near when it is not told: all but a few, or a few."""
    return 1.0 if week.with_people is None and week.automatic is not None else 0.0


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
