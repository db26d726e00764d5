"""What operators look for among the failures."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from operations.domain.failure import State
from runtime.refusal import Refusal


class Criteria(BaseModel):
    """A search: everything that is given must be met. Times are those of the last occurrence, `until` excluded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str | None = None
    """Words of the exception, its message and place, and of the event's texts that are not personal, in any order."""
    service: str | None = None
    event_type: str | None = None
    reason: str | None = None
    case: str | None = None
    event_id: str | None = None
    group: str | None = None
    states: tuple[State, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    fields: tuple[str, ...] = ()
    """`/data/document_type=id-card`: a place in the event (`*` for any of a list) and its value."""


class Chosen(BaseModel):
    """A selection of failures: by id, a group's open ones, or the open ones of a search; exactly one of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    failures: tuple[str, ...] | None = None
    group: str | None = None
    search: Criteria | None = None

    def check(self) -> None:
        """Raise Refusal unless exactly one way is given."""
        given = [way for way in (self.failures, self.group, self.search) if way is not None]
        if len(given) != 1 or given[0] in ((), ""):
            raise Refusal("choose-one-way", field="failures")


Place = tuple[datetime, str]
"""Where a page ends: the last occurrence and the id of its last failure."""
