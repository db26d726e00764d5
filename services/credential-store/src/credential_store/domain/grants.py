"""What each item grants, and what must have been proven for it: the district's own list, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from credential_store.domain.document_types import TypeModel

Role = Literal["applicant", "subject", "second-party"]
"""Who acts, whom it is for, and who confirms."""


class Needed(TypeModel):
    """A document that must be proven: any of these types, of that person."""

    any_of: tuple[str, ...] = Field(min_length=1)
    of: Role = "applicant"


class GrantRule(TypeModel):
    """What an item grants, to whom, and what must be proven: by requirement, and by who decides if anybody does."""

    document_type: str
    to: Role = "applicant"
    decided_by: Literal["automatic", "field-check", "officer"] = "automatic"
    proven: Mapping[str, Needed] = Field(min_length=1)


class Grants(TypeModel):
    """By item."""

    items: Mapping[str, GrantRule]
