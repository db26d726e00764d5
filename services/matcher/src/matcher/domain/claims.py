"""What a person would claim for a requirement of an item: its paths, resolved against people and form values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from matcher.domain.evidence import Evidence, Piece, Value

Role = Literal["applicant", "subject", "second-party"]
_PATH = re.compile(r"(holder|applicant|subject|second_party|form|application)\.([a-z][a-z0-9_]*)")


class ClaimRequirement(Piece):
    """One document that an item needs: any of `document_types`, held by that role, with claims at these paths."""

    key: str
    document_types: tuple[str, ...]
    holder: Role
    claims: dict[str, Value]


def claims_of(
    requirement: ClaimRequirement, people: Mapping[Role, Evidence], form: Mapping[str, Value]
) -> dict[str, Value]:
    """Resolve a requirement's claims; a path to which there is no answer claims nothing."""
    resolved = {field: _value(path, requirement.holder, people, form) for field, path in requirement.claims.items()}
    return {field: value for field, value in resolved.items() if value is not None}


def value_at(path: str, holder: Role, people: Mapping[Role, Evidence]) -> Value | None:
    """Return what stands at a path that is no form's."""
    return _value(path, holder, people, {})


def _value(path: Value, holder: Role, people: Mapping[Role, Evidence], form: Mapping[str, Value]) -> Value | None:
    if isinstance(path, list):
        parts = [_value(part, holder, people, form) for part in path]
        return [part for part in parts if isinstance(part, str)]
    found = _PATH.fullmatch(path) if isinstance(path, str) else None
    if found is None:
        return path
    root, field = found.groups()
    if root == "form":
        return form.get(field)
    return _of_person(people.get(_role(root, holder)), field)


def _role(root: str, holder: Role) -> Role:
    roles: dict[str, Role] = {"applicant": "applicant", "subject": "subject", "second_party": "second-party"}
    return roles.get(root, holder)


def _of_person(person: Evidence | None, field: str) -> Value | None:
    if person is None:
        return None
    if field == "birth_date":
        return person.birth_date.isoformat() if person.birth_date else None
    known: dict[str, str | None] = {"name": person.name, "number_index": person.id, "address": person.address}
    return known.get(field)
