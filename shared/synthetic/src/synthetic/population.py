"""A finite population: the first so many households of a seed, as they were on one day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from itertools import islice

from synthetic.flaws import Shares
from synthetic.households import Household, households
from synthetic.people import SyntheticPerson
from synthetic.records import SyntheticRecord


@dataclass(frozen=True)
class Population:
    """Everybody, and everything that is held on them. The same seed, day and count make the same population."""

    seed: int
    day: date
    count: int
    given: Shares | None = None

    @cached_property
    def households(self) -> tuple[Household, ...]:
        """The households, in order."""
        return tuple(islice(households(self.seed, self.day, self.given), self.count))

    @cached_property
    def people(self) -> tuple[SyntheticPerson, ...]:
        """Everybody once, landlords before their tenants."""
        return tuple({person.number: person for made in self.households for person in made.people}.values())

    @property
    def records(self) -> Iterator[SyntheticRecord]:
        """Every record that anybody holds on them."""
        return (record for made in self.households for record in made.records)

    @property
    def told_at(self) -> datetime:
        """The time that the city's and the departments' events bear."""
        return datetime.combine(self.day, time(), UTC)
