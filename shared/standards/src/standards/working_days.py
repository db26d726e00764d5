"""Working days of Chinese government offices: weekdays, minus public holidays, plus make-up working days.

Which days these are is data (`data/calendar.yaml`), because the State Council announces them year by year.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from runtime.data_files import load

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


class _CalendarModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Holiday(_CalendarModel):
    """A holiday from its first to its last day, both off."""

    name: str
    first: date
    last: date

    @model_validator(mode="after")
    def _runs_forward(self) -> Holiday:
        if self.last < self.first:
            message = f"{self.name} ends before it begins"
            raise ValueError(message)
        return self

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + _ONE_DAY * n for n in range((self.last - self.first).days + 1))


class Year(_CalendarModel):
    """One year's arrangement: `official` once the State Council has announced it, `assumed` until then."""

    year: int
    status: Literal["official", "assumed"]
    source: str
    holidays: tuple[Holiday, ...]
    make_up_days: tuple[date, ...]

    @model_validator(mode="after")
    def _holds_together(self) -> Year:
        off = {day for holiday in self.holidays for day in holiday.days}
        for day in (*off, *self.make_up_days):
            if day.year != self.year:
                message = f"{day} is not in {self.year}"
                raise ValueError(message)
        for day in self.make_up_days:
            if day in off or day.weekday() < _SATURDAY:
                message = f"{day} can't be a make-up day: it is a holiday or a weekday"
                raise ValueError(message)
        return self


class Calendar(_CalendarModel):
    """Tells working days from others.

    `published` are the years whose holidays the State Council has announced. In any other year days are counted by what
    is assumed of it, or by weekends only: what ends in it is provisional, and whoever reads the day is told so.
    """

    published: tuple[int, ...]
    holidays: frozenset[date]
    make_up_days: frozenset[date]

    @classmethod
    def of(cls, years: tuple[Year, ...]) -> Calendar:
        return cls(
            published=tuple(sorted(year.year for year in years if year.status == "official")),
            holidays=frozenset(day for year in years for holiday in year.holidays for day in holiday.days),
            make_up_days=frozenset(day for year in years for day in year.make_up_days),
        )

    @classmethod
    @cache
    def load(cls, path: Path | None = None) -> Calendar:
        """Read the calendar that ships with this package, or `path`. Raises DataFileError naming file and line."""
        shipped = Path(str(files("standards"))) / "data" / "calendar.yaml"
        return cls.of(load(path or shipped, tuple[Year, ...]))

    def is_provisional(self, day: date) -> bool:
        """Tell whether a day reckoned in working days may still move: its year's holidays are not published."""
        return day.year not in self.published

    def published_until(self, today: date) -> date:
        """Return the last day up to which every year's holidays are published, from that of `today` on.

        When not even this year's are, it is the last day of the year before.
        """
        year = today.year
        while year in self.published:
            year += 1
        return date(year - 1, 12, 31)

    def is_working(self, day: date) -> bool:
        """Tell whether offices are open on `day`."""
        if day in self.make_up_days:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def add(self, start: date, days: int) -> date:
        """Return the `days`-th working day after `start`, which itself never counts.

        With 0 it is `start`, or the next working day when `start` is none. Raises ValueError for negative days.
        """
        if days < 0:
            message = f"working days are counted forward, not by {days}"
            raise ValueError(message)
        day = start
        while days == 0 and not self.is_working(day):
            day += _ONE_DAY
        for _ in range(days):
            day += _ONE_DAY
            while not self.is_working(day):
                day += _ONE_DAY
        return day

    def count(self, after: date, until: date) -> int:
        """Count the working days after `after` up to and including `until`; 0 when `until` is not later."""
        span = max((until - after).days, 0)
        return sum(self.is_working(after + _ONE_DAY * n) for n in range(1, span + 1))
