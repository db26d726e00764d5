"""What an applicant lets be used of what government holds, and what not (the matcher shows it, `GET /v1/evidence`).

Without a choice a record is used. One that is declined is compared with nothing: a scan or a person answers instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from applications.domain.catalogue import Catalogue
from applications.domain.item import ItemRequirement, ServiceItem
from applications.domain.people import ResidentHoldings
from applications.domain.record import PersonRole
from runtime.errors import Refusal

Choice = Literal["use", "decline"]
Choices = Mapping[str, Mapping[str, Choice]]
"""By requirement and the keeper's id of the record."""
Changes = Mapping[str, Mapping[str, Choice | None]]
"""Choices to make; None takes one back."""

MOST = 100
"""Choices for one requirement."""


def chosen(before: Choices, changes: Changes, item: ServiceItem, catalogue: Catalogue) -> Choices:
    """Return the choices as they are changed. Raises Refusal."""
    known = {each.key: each for each in item.requirements if each.holder != "second-party"}
    after = dict(before)
    for key, made in changes.items():
        if key not in known:
            raise Refusal("evidence-unknown-requirement", field=f"evidence/{key}")
        merged = {**after.get(key, {}), **made}
        after[key] = {id_: choice for id_, choice in merged.items() if choice is not None}
        if len(after[key]) > MOST:
            raise Refusal("evidence-too-many", field=f"evidence/{key}", most=MOST)
    kept = {key: made for key, made in after.items() if made}
    refuse_unanswerable(kept, item, catalogue)
    return kept


def refuse_unanswerable(choices: Choices, item: ServiceItem, catalogue: Catalogue) -> None:
    """Refuse to decline where no person may look at what does not match: it could only be rejected. Raises Refusal."""
    for requirement in item.requirements:
        declines = "decline" in choices.get(requirement.key, {}).values()
        if declines and not catalogue.reviewable(item, requirement.any_of):
            raise Refusal("evidence-needed", field=f"evidence/{requirement.key}", **item.names)


def declined(choices: Choices, item: ServiceItem, requirement: ItemRequirement) -> tuple[str, ...]:
    """Return what must not be compared for a requirement, also where another one asks the same under its own key."""
    keys = [each.key for each in item.requirements if requirement.asks_the_same_as(each) or each.key == requirement.key]
    found = {id_ for key in keys for id_, choice in choices.get(key, {}).items() if choice == "decline"}
    return tuple(sorted(found))


def usable(holdings: Mapping[PersonRole, ResidentHoldings], choices: Choices) -> Mapping[PersonRole, ResidentHoldings]:
    """Return what is held without what was declined for anything: no form is filled with that."""
    refused = {id_ for made in choices.values() for id_, choice in made.items() if choice == "decline"}
    return {role: held.without(refused) for role, held in holdings.items()} if refused else holdings
