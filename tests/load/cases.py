"""Which cases a run consists of, and what the people in them will do. All of it follows from the seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from random import Random

from synthetic.households import Household, Kind, households

ITEMS: Mapping[Kind, tuple[str, ...]] = {
    "newcomers": ("rental-contract-filing", "residence-permit", "school-enrolment"),
    "settled": ("school-enrolment",),
    "senior": ("senior-card",),
    "elder": ("senior-card", "senior-allowance"),
}
"""What each kind of household applies for, one after the other: what one item grants is evidence for the next."""

SHARES = {"review": 0.08, "field-check": 0.04, "decision": 0.03, "confirmation": 0.01}
"""The share of the cases in which the answer to each kind of question is no (assumed)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One application: the number under which its outcome is reported, whose, and for what."""

    number: int
    household: Household
    item: str


@dataclass(frozen=True, slots=True)
class Visit:
    """A household and the cases that it brings, to be taken in this order."""

    household: Household
    cases: tuple[Case, ...]


def visits(seed: int, day: date, count: int) -> tuple[Visit, ...]:
    """Plan exactly `count` cases; the last household may bring fewer than it would."""
    return tuple(_visits(seed, day, count))


def answer(seed: int, kind: str, case: int) -> bool:
    """Tell what people will answer to questions of a kind about a case: the same in every run of the seed.

    All reviewers of a case answer alike. Which of them comes first is chance, and what one approved before another
    rejected would be evidence for the household's next case: then chance would decide that one.
    """
    return Random(f"{seed}/{kind}/{case}").random() >= SHARES[kind]


def _visits(seed: int, day: date, count: int) -> Iterator[Visit]:
    number = 0
    for household in households(seed, day):
        if number == count:
            return
        items = islice(ITEMS[household.kind], count - number)
        cases = tuple(Case(number + place, household, item) for place, item in enumerate(items))
        number += len(cases)
        yield Visit(household, cases)
