"""Ages in full years, as the Civil Code counts them (a person turns a year older on the birthday)."""

from __future__ import annotations

from datetime import date

MAJORITY = 18
"""Full years at which a person comes of age (Civil Code, article 17)."""

OLDEST = 130
"""Full years that nobody has reached: the longest proven life lasted 122. No living person was born that long ago."""

_MARCH = 3


def years(birth_date: date, on: date) -> int:
    """Return the age in full years on a day; negative before birth."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def birthday(birth_date: date, age: int) -> date:
    """Return the day on which someone turns `age`; born on 29 February, it is 1 March in common years."""
    try:
        return birth_date.replace(year=birth_date.year + age)
    except ValueError:
        return date(birth_date.year + age, _MARCH, 1)
