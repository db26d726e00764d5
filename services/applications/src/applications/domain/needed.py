"""Documents that need not be brought: for each requirement of an item, what government holds already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from applications.domain.item import ItemRequirement, ServiceItem
from applications.domain.people import Party, ResidentHolding, ResidentHoldings
from applications.domain.record import PersonRole
from applications.domain.scans import HandedIn

Need = Literal["held", "handed-in", "needed", "other-party", "choose-child"]


@dataclass(frozen=True, slots=True)
class DocumentNeed:
    """A requirement and whether anything has to be brought for it.

    `held`: government holds it. `handed-in`: the applicant gave a scan for an earlier application. `needed`: a scan
    will speed it up. `other-party`: it is somebody else's, looked up when the application names them. `choose-child`:
    it is the child's, and no child was named.
    """

    requirement: ItemRequirement
    need: Need
    holding: ResidentHolding | None = None


def first_proof(
    requirement: ItemRequirement, holdings: Mapping[PersonRole, ResidentHoldings], today: date
) -> ResidentHolding | None:
    """Return the document that is asked first for a requirement, among those held that have as much as it asks for."""
    held = holdings.get(requirement.holder)
    proving = held.proving(requirement.any_of, today) if held else ()
    return next((each for each in proving if _suffices(each, requirement)), None)


def needs_of(
    item: ServiceItem,
    people: Mapping[PersonRole, Party],
    holdings: Mapping[PersonRole, ResidentHoldings],
    handed_in: HandedIn,
    today: date,
) -> tuple[DocumentNeed, ...]:
    """Look at every requirement, each document once."""
    return tuple(need_of(requirement, people, holdings, handed_in, today) for requirement in item.asked)


def need_of(
    requirement: ItemRequirement,
    people: Mapping[PersonRole, Party],
    holdings: Mapping[PersonRole, ResidentHoldings],
    handed_in: HandedIn,
    today: date,
) -> DocumentNeed:
    """Look at one requirement."""
    if requirement.holder not in people:
        return DocumentNeed(requirement, "choose-child" if requirement.holder == "subject" else "other-party")
    holding = first_proof(requirement, holdings, today)
    if holding is not None:
        return DocumentNeed(requirement, "held", holding)
    if handed_in.of(requirement.any_of, people[requirement.holder].index):
        return DocumentNeed(requirement, "handed-in")
    return DocumentNeed(requirement, "needed")


def _suffices(holding: ResidentHolding, requirement: ItemRequirement) -> bool:
    """Hold the numbers that a document says against those that the item asks for."""
    asked = {name: claim for name, claim in requirement.claims.items() if type(claim) is int}
    said = {name: holding.says.get(name) for name in asked}
    return all(not isinstance(value, int) or value >= asked[name] for name, value in said.items())
