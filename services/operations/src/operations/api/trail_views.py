"""What callers see of the trail."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Self

from pydantic import BaseModel, Field

from operations.domain.trail import Actor, CaseTrail, Kind, Placed, Recorded, StepCause, moment_of
from operations.domain.trail_words import TrailWords
from operations.handlers.dependencies import Deps
from operations.handlers.trails import acting_on


class ActorView(BaseModel):
    """Who acted: nobody but the service (`automatic`), or who; `second` is the second pair of eyes."""

    kind: str
    name: str
    department: str | None
    second: str | None

    @classmethod
    def of(cls, actor: Actor) -> Self:
        return cls(kind=actor.kind, name=actor.name, department=actor.department or None, second=actor.second or None)


class StepCauseView(BaseModel):
    """What caused a step: its number here, or which other case it belongs to; both null when it is not kept."""

    id: str
    number: int | None
    case: str | None
    since_ms: int | None

    @classmethod
    def of(cls, cause: StepCause) -> Self:
        return cls(id=cause.id, number=cause.number, case=cause.case, since_ms=_ms(cause.since))


class TrailStepView(BaseModel):
    """One step: an event, a failure to handle one (`failure`), an operator's action (`action`)."""

    number: int
    depth: int = Field(description="How many causes deep")
    id: str
    kind: Kind
    name: str = Field(description="The event's type, the failure's reason, the action")
    title: str = Field(description="The same in the caller's language")
    time: datetime
    since_previous_ms: int | None = Field(description="Since the step before; negative when clocks differ")
    cause: StepCauseView | None
    origin: str = Field(description="The service or department that spoke or failed")
    acted_on_by: list[str]
    actor: ActorView
    facts: dict[str, str]
    fault: str | None = Field(description="What is wrong with a message that is no sound event")
    data: object = Field(description="The event's data, what describes a person masked")

    @classmethod
    def of(cls, placed: Placed, words: TrailWords) -> Self:
        step = placed.step
        return cls(
            number=placed.number,
            depth=placed.depth,
            id=step.id,
            kind=step.kind,
            name=step.name,
            title=words.title(step),
            time=step.time,
            since_previous_ms=_ms(placed.since_previous),
            cause=StepCauseView.of(placed.cause) if placed.cause else None,
            origin=step.lane,
            acted_on_by=list(step.to),
            actor=ActorView.of(step.actor),
            facts=dict(step.facts),
            fault=step.fault or None,
            data=step.data,
        )


class TrailView(BaseModel):
    """Everything about a case, a cause before its effects and otherwise the earlier first."""

    case: str
    lasted_ms: int
    failures: int = Field(description="Dead letters among the steps")
    complete: bool = Field(description="False when there is more: ask again with `since`")
    steps: list[TrailStepView]

    @classmethod
    def of(cls, trail: CaseTrail, words: TrailWords) -> Self:
        return cls(
            case=trail.case,
            lasted_ms=_ms(trail.lasted) or 0,
            failures=trail.failures,
            complete=trail.complete,
            steps=[TrailStepView.of(placed, words) for placed in trail.steps],
        )


class EventView(BaseModel):
    """One event of the trail, without its data."""

    id: str
    type: str
    source: str
    case: str
    time: datetime = Field(description="When it was published, as far as its own word for it can be believed")
    arrived_at: datetime = Field(description="Its place on the bus, later for every later arrival")
    cause: str | None
    publisher: str
    routing_key: str
    acted_on_by: list[str]
    size: int
    fault: str | None

    @classmethod
    def of(cls, deps: Deps, entry: Recorded) -> Self:
        return cls(
            id=entry.id,
            type=entry.type,
            source=entry.source,
            case=entry.case,
            time=entry.time,
            arrived_at=moment_of(entry.place),
            cause=entry.cause,
            publisher=entry.publisher,
            routing_key=entry.routing_key,
            acted_on_by=list(acting_on(entry.routing_key, deps.topology)),
            size=len(entry.body),
            fault=entry.fault or None,
        )


def events_of(deps: Deps) -> partial[EventView]:
    return partial(EventView.of, deps)


def _ms(time: timedelta | None) -> int | None:
    return None if time is None else round(time / timedelta(milliseconds=1))
