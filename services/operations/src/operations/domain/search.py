"""What operators look for among the failures."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from operations.domain.failure import State
from runtime.clock import Moment
from runtime.errors import Refusal
from standards.bounds import Text


class Criteria(BaseModel):
    """A search: everything that is given must be met. Times are those of the last occurrence, `until` excluded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text | None = None
    """Words of the exception, its message and place, and of the event's texts that are not personal, in any order."""
    service: Text | None = None
    event_type: Text | None = None
    reason: Text | None = None
    case: Text | None = None
    event_id: Text | None = None
    group: Text | None = None
    states: Annotated[tuple[State, ...], Field(max_length=20)] = ()
    since: Moment | None = None
    until: Moment | None = None
    fields: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    """`/data/document_type=id-card`: a place in the event (`*` for any of a list) and its value."""


class ChosenFailures(BaseModel):
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
