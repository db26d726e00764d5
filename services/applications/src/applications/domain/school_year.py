"""The school year: 1 September to 31 August (assumed), applied for until the 31 August before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_LAST_DAY_TO_APPLY = (8, 31)


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """From September of `begins` to August of the year after."""

    begins: int

    @property
    def name(self) -> str:
        """As people write it: 2026-2027."""
        return f"{self.begins}-{self.begins + 1}"

    @property
    def first(self) -> date:
        return date(self.begins, 9, 1)

    @property
    def last(self) -> date:
        return date(self.begins + 1, 8, 31)


def school_year_of(applied_on: date) -> SchoolYear:
    """Return the school year for which somebody applies on a day."""
    return SchoolYear(applied_on.year + ((applied_on.month, applied_on.day) > _LAST_DAY_TO_APPLY))
