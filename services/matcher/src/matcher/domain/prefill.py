"""A form as an application would fill it where the applicant gives no answer: what the item's data says it takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from matcher.domain.claims import Role, value_at
from matcher.domain.evidence import Evidence, Value
from matcher.domain.holdings import first_of
from matcher.domain.item import Item
from matcher.domain.rules import Rules

_DOCUMENT = "document."
"""Before the key of a requirement: what the document that is asked first for it says."""


def filled(
    item: Item, people: Mapping[Role, Evidence], form: Mapping[str, Value], today: date, rules: Rules
) -> Mapping[str, Value]:
    """Return the form with its defaults; a field without an answer anywhere stays out."""
    drawn = {
        field: next((said for place in places if (said := _drawn(place, field, item, people, today, rules))), None)
        for field, places in item.defaults.items()
    }
    return {**{field: value for field, value in drawn.items() if value is not None}, **form}


def _drawn(
    place: str, field: str, item: Item, people: Mapping[Role, Evidence], today: date, rules: Rules
) -> Value | None:
    if not place.startswith(_DOCUMENT):
        return value_at(place, "applicant", people)
    requirement = next((one for one in item.requirements if one.key == place.removeprefix(_DOCUMENT)), None)
    holder = people.get(requirement.holder) if requirement else None
    if requirement is None or holder is None:
        return None
    claimed = next((name for name, path in requirement.claims.items() if path == f"form.{field}"), "")
    return first_of(holder, requirement.document_types, today, rules, claimed)
