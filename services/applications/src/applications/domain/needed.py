"""Documents that need not be brought: for each requirement of an item, what government holds already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from applications.domain.item import Item, Requirement
from applications.domain.people import Holding, Holdings, Party
from applications.domain.record import PersonRole
from applications.domain.scans import HandedIn

Need = Literal["held", "handed-in", "needed", "other-party"]


@dataclass(frozen=True, slots=True)
class DocumentNeed:
    """A requirement and whether anything has to be brought for it.

    `held`: government holds it. `handed-in`: the applicant gave a scan for an earlier application. `needed`: a scan
    will speed it up. `other-party`: it is somebody else's, looked up when the application names them.
    """

    requirement: Requirement
    need: Need
    holding: Holding | None = None


def needs_of(
    item: Item,
    people: Mapping[PersonRole, Party],
    holdings: Mapping[PersonRole, Holdings],
    handed_in: HandedIn,
    today: date,
) -> tuple[DocumentNeed, ...]:
    """Look at every requirement, each document once."""
    return tuple(_need(requirement, people, holdings, handed_in, today) for requirement in item.asked)


def _need(
    requirement: Requirement,
    people: Mapping[PersonRole, Party],
    holdings: Mapping[PersonRole, Holdings],
    handed_in: HandedIn,
    today: date,
) -> DocumentNeed:
    if requirement.holder not in people:
        return DocumentNeed(requirement, "other-party")
    held = holdings.get(requirement.holder)
    holding = held.first_of(requirement.any_of, today) if held else None
    if holding is not None:
        return DocumentNeed(requirement, "held", holding)
    if handed_in.of(requirement.any_of, people[requirement.holder].index):
        return DocumentNeed(requirement, "handed-in")
    return DocumentNeed(requirement, "needed")
