"""What callers see of failures and their groups: nothing personal, unless they said why they have to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from operations.domain.failure import STATES, DisplayState, Failure, Resolution, State, Summary
from operations.domain.faults import BrokenAt, EventFault, Remedy, remedy_for
from operations.domain.group import FailureGroup
from operations.domain.letter import Cause, Header
from operations.handlers.discards import SettledFailures
from operations.handlers.failures import Disclosed, Related, Relation, ShownFailure


class DiscardView(BaseModel):
    """Who put it away, when and why."""

    by: str
    at: datetime
    reason: str


class FailureSummary(BaseModel):
    """A failure without its message."""

    id: str
    version: int
    state: State
    display_state: DisplayState = Field(description="As people are shown it: `replaced` is no success")
    service: str
    event_type: str
    event_id: str
    case: str
    reason: str
    path: str = Field(description="Where in the event, for one that is broken (JSON pointer)")
    rule: str
    exception: str
    message: str = Field(description="Of the exception, what is personal masked")
    frame: str = Field(description="The innermost place of our own code")
    handler: str
    attempts: int
    size: int = Field(description="Bytes of the message")
    group: str
    first_seen: datetime
    last_seen: datetime
    seen: int = Field(description="How many dead letters of it there were")
    resolution: Resolution | None
    resolved_at: datetime | None
    replay: str | None = Field(description="The replay that holds it or that sent it last")
    discarded: DiscardView | None
    replaces: str | None = Field(description="The event that its event replaces")
    replaced_by: str | None = Field(description="The failure of the event that replaces its event")

    @classmethod
    def of(cls, failure: Summary) -> Self:
        """Show a failure in a list."""
        return cls.model_validate(_summary(failure))


class RelatedView(BaseModel):
    """Another failure that goes back to the same event."""

    relation: Relation
    id: str
    service: str
    event_type: str
    reason: str
    display_state: DisplayState

    @classmethod
    def of(cls, related: Related) -> Self:
        told = related.failure.model_dump(include={"id", "service", "event_type", "reason"})
        return cls(relation=related.relation, display_state=related.failure.display_state, **told)


class FailureView(FailureSummary):
    """A failure with its message as far as it may be seen."""

    is_json: bool
    body: object = Field(description="The event, what is personal as •••; null when it is not JSON or is gone")
    hidden: int = Field(description="How many values are masked")
    is_removed: bool = Field(description="Whether the message is gone, as the term of the discard is over")
    headers: Mapping[str, Header]
    stack: str
    remedy: Remedy = Field(description="`edit` when the same message must fail again")
    faults: tuple[EventFault, ...] = Field(description="What is wrong with the message itself, and where")
    broken_at: BrokenAt | None = Field(description="Where it stops being JSON")
    related: list[RelatedView] = Field(description="Other failures that go back to the same event")

    @classmethod
    def showing(cls, shown: ShownFailure, version: int | None = None, related: Sequence[Related] = ()) -> Self:
        """Show a failure in full, under the version that it has or will have."""
        told = {
            **_summary(shown.failure),
            "message": shown.message,
            "rule": shown.rule,
            "is_json": shown.body is not None and shown.body.is_json,
            "body": shown.body.content if shown.body else None,
            "hidden": shown.body.hidden if shown.body else 0,
            "is_removed": shown.body is None,
            "headers": shown.headers,
            "stack": shown.stack,
            "remedy": remedy_for(shown.failure.reason),
            "faults": shown.faults,
            "broken_at": shown.broken_at,
            "related": [RelatedView.of(each) for each in related],
        }
        return cls.model_validate(told if version is None else told | {"version": version})


class DisclosureView(BaseModel):
    """A message in clear."""

    id: str
    event_id: str
    event_type: str
    content: object = Field(description="Its JSON; null when it is none")
    text: str | None = Field(description="Its text, or its bytes in hex, when it is no JSON")
    message: str
    stack: str

    @classmethod
    def of(cls, found: Disclosed) -> Self:
        return cls(
            id=found.failure.id,
            event_id=found.failure.event_id,
            event_type=found.failure.event_type,
            content=found.content,
            text=found.text,
            message=found.message,
            stack=found.stack,
        )


class SettledView(BaseModel):
    """How many were put away or taken back; with `more`, ask again for the same with this `until`."""

    count: int
    more: bool
    until: datetime

    @classmethod
    def of(cls, settled: SettledFailures) -> Self:
        return cls(count=settled.count, more=settled.more, until=settled.until)


class HourView(BaseModel):
    """The dead letters of one hour."""

    hour: datetime
    count: int


class NoteView(BaseModel):
    """What an operator noted."""

    by: str
    at: datetime
    text: str


class CauseView(BaseModel):
    """What the failures of a group have in common."""

    title: str
    reason: str
    path: str
    rule: str
    exception: str
    frame: str

    @classmethod
    def of(cls, cause: Cause) -> Self:
        return cls(title=cause.title, **cause.model_dump())


class GroupSummary(BaseModel):
    """A group: `seen` counts dead letters, `states` failures."""

    id: str
    version: int
    service: str
    event_type: str
    cause: CauseView
    first_seen: datetime
    last_seen: datetime
    seen: int
    states: dict[State, int]
    notes: list[NoteView]

    @classmethod
    def of(cls, group: FailureGroup) -> Self:
        """Show a group in a list."""
        return cls.model_validate(_group(group))


class GroupView(GroupSummary):
    """A group with the dead letters of each hour of the last seven days, the oldest first."""

    trend: list[HourView]

    @classmethod
    def showing(cls, group: FailureGroup, now: datetime, version: int | None = None) -> Self:
        """Show a group in full."""
        trend = [{"hour": hour, "count": count} for hour, count in group.trend(now)]
        return cls.model_validate(
            {**_group(group), "trend": trend, "version": group.version if version is None else version}
        )


def stored(failure: Failure) -> int:
    """Return the version that a changed failure has once the change is committed."""
    return failure.version + 1


def _summary(failure: Summary) -> dict[str, object]:
    return failure.model_dump(include=set(FailureSummary.model_fields)) | {"display_state": failure.display_state}


def _group(group: FailureGroup) -> dict[str, object]:
    return {
        **group.model_dump(include=set(GroupSummary.model_fields)),
        "cause": CauseView.of(group.cause),
        "states": {state: group.count(state) for state in STATES},
        "notes": [note.model_dump() for note in group.notes],
    }
