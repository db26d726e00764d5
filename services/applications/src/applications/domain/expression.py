"""Values that an item's data draws from the people and the form: `holder.name`, `form.address`.

A text that is no such path stands for itself, as do numbers and booleans. In a list every element is one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from applications.domain.people import Party
from applications.domain.record import PersonRole, Value

_PATH = re.compile(r"(holder|applicant|subject|second_party|form|application)\.([a-z][a-z0-9_]*)")
_PERSON_FIELDS = frozenset({"name", "birth_date", "number_index", "address", "community"})
_APPLICATION_FIELDS = frozenset({"reference", "school_year"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What paths are resolved against."""

    people: Mapping[PersonRole, Party]
    form: Mapping[str, Value]
    reference: str
    school_year: str


def value_of(expression: Value, facts: Facts, *, holder: PersonRole = "applicant") -> Value | None:
    """Return what an expression stands for; None where the form has no answer to it."""
    if isinstance(expression, list):
        parts = [value_of(part, facts, holder=holder) for part in expression]
        return [part for part in parts if isinstance(part, str)]
    path = _PATH.fullmatch(expression) if isinstance(expression, str) else None
    if path is None:
        return expression
    root, field = path.groups()
    if root == "form":
        return facts.form.get(field)
    if root == "application":
        return facts.reference if field == "reference" else facts.school_year
    return _of_person(facts.people.get(_role(root, holder)), field)


def fault_of(expression: Value, *, form: Collection[str], second_party: bool) -> str | None:
    """Return what is wrong with an expression in an item's data, or None."""
    if isinstance(expression, list):
        faults = (fault_of(part, form=form, second_party=second_party) for part in expression)
        return next((fault for fault in faults if fault), None)
    path = _PATH.fullmatch(expression) if isinstance(expression, str) else None
    if path is None:
        return None
    root, field = path.groups()
    if root == "second_party" and not second_party:
        return f"{expression}: the item has no second party"
    known = form if root == "form" else _APPLICATION_FIELDS if root == "application" else _PERSON_FIELDS
    return None if field in known else f"{expression}: there is no {field!r}, only {', '.join(sorted(known))}"


def _role(root: str, holder: PersonRole) -> PersonRole:
    if root == "holder":
        return holder
    return "subject" if root == "subject" else "second-party" if root == "second_party" else "applicant"


def _of_person(person: Party | None, field: str) -> Value | None:
    if person is None:
        return None
    value: str | date = person.index if field == "number_index" else getattr(person, field)
    return value.isoformat() if isinstance(value, date) else value
