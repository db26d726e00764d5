"""The geometry of charts; templates draw them as SVG, beside a table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portal.office.answers import OfficeMonthFigures

WIDTH, HEIGHT = 360, 140
"""Of the drawing, in its own units: as wide as a phone, so that its letters are read there, too."""
_STUB = 4


@dataclass(frozen=True, slots=True)
class Column:
    """One month: where it stands, how much of it needed no people, how much did; `is_few`: fewer than five."""

    x: float
    width: float
    automatic: float
    rest: float
    is_few: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """Months from left to right; `top` is what the tallest column stands for."""

    columns: tuple[Column, ...]
    top: int
    first: date
    last: date


def columns(months: Sequence[OfficeMonthFigures]) -> Columns | None:
    """Place the months. None without any."""
    if not months:
        return None
    top = max(month.decided or 0 for month in months)
    step = WIDTH / len(months)
    found = [_column(month, place * step, step, top) for place, month in enumerate(months)]
    return Columns(tuple(found), top, months[0].first, months[-1].last)


def _column(month: OfficeMonthFigures, x: float, step: float, top: int) -> Column:
    if month.decided is None:
        return Column(round(x, 1), round(step * 0.8, 1), 0, _STUB, is_few=True)
    height = HEIGHT * month.decided / top
    share = month.automatic_share if month.automatic_share is not None else _guessed(month)
    automatic = round(height * share, 1)
    return Column(round(x, 1), round(step * 0.8, 1), automatic, round(height - automatic, 1), is_few=False)


def _guessed(month: OfficeMonthFigures) -> float:
    """Tell which end a share lies near when it is not told: all but a few, or a few."""
    return 1.0 if month.with_people is None and month.automatic is not None else 0.0
