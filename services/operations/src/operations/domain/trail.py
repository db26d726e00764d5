"""The trail of one case: what happened, in order of cause and time, with the times between and who acted."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

Kind = Literal["event", "failure", "action"]

OPERATORS = "operators"
"""The lifeline of those who repair."""

_ACCESS = "data-accessed"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message of the bus as the trail keeps it.

    `id` is the event's, or made from the body's digest where there is no sound event; then `fault` says what is wrong
    with it. `time` is when it was published, as far as its own word for it can be believed. `place` orders the trail:
    microseconds since 1970, later for every later arrival. `publisher` is what the broker guarantees: the routing
    key's first word.
    """

    id: str
    type: str
    source: str
    case: str
    time: datetime
    place: int
    cause: str | None
    publisher: str
    routing_key: str
    body: bytes
    digest: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class TrailReading:
    """How far the stream was read: the last message that is kept, by its offset and its body's digest."""

    offset: int
    digest: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted. A service that acts without people is `automatic`; `second` is the second pair of eyes."""

    kind: Literal["automatic", "resident", "person", "department", "operator"]
    name: str
    department: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class TrailStep:
    """One thing that happened: an event, a failure to handle one, an operator's action.

    `name` is the event's type, the failure's reason or the action's name. `lane` is the service or department that
    spoke or failed, `to` who acts on it. `facts` are short words about it, in nothing of which a person is described.
    """

    id: str
    kind: Kind
    name: str
    time: datetime
    lane: str
    actor: Actor
    cause: str | None = None
    to: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    data: object = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class StepCause:
    """What caused a step: where in this trail it stands (`number` from 1), or which other case it belongs to."""

    id: str
    number: int | None
    case: str | None
    since: timedelta | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A step at its place: its number from 1, how many causes deep, time since the step before and since its cause."""

    number: int
    depth: int
    step: TrailStep
    since_previous: timedelta | None
    cause: StepCause | None
    others: tuple[Placed, ...] = ()
    """The further records of data that was used, which are folded into this one."""


@dataclass(frozen=True, slots=True)
class CaseTrail:
    """Everything that is known of one case. `complete` is False when there was more than is shown."""

    case: str
    steps: tuple[Placed, ...]
    complete: bool = True

    @property
    def everything(self) -> tuple[Placed, ...]:
        """All steps by their number, with those that are folded into another."""
        return tuple(sorted((each for step in self.steps for each in (step, *step.others)), key=lambda it: it.number))

    @property
    def failures(self) -> int:
        """How many dead letters the case has."""
        return sum(1 for placed in self.steps if placed.step.kind == "failure")

    @property
    def lasted(self) -> timedelta:
        """From the earliest to the latest step."""
        times = [placed.step.time for placed in self.everything]
        return max(times) - min(times) if times else timedelta()


def place_of(moment: datetime) -> int:
    """Return the place in the trail that belongs to a moment (microseconds since 1970)."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(place: int) -> datetime:
    """Return the moment that belongs to a place in the trail."""
    return EPOCH + timedelta(microseconds=place)


def in_causal_order(steps: Iterable[TrailStep]) -> list[TrailStep]:
    """Put a cause before its effects, and otherwise the earlier first; the same for any order of arrival.

    Clocks of different machines differ, so time alone would show effects before their causes. Steps that name each
    other as cause (nobody sound does) are taken by time.
    """
    known = {step.id: step for step in steps}
    effects: dict[str, list[TrailStep]] = {}
    for step in known.values():
        if _waits(step, known):
            effects.setdefault(str(step.cause), []).append(step)
    ready = [_key(step) for step in known.values() if not _waits(step, known)]
    heapq.heapify(ready)
    return list(_released(known, effects, ready))


def _released(
    known: Mapping[str, TrailStep], effects: Mapping[str, Sequence[TrailStep]], ready: list[tuple[datetime, str]]
) -> Iterator[TrailStep]:
    left = dict(sorted(known.items(), key=lambda item: _key(item[1])))
    while left:
        if not ready:  # a ring of causes: it is opened at its earliest step
            heapq.heappush(ready, _key(next(iter(left.values()))))
        step = left.pop(heapq.heappop(ready)[1], None)
        if step is not None:
            yield step
            for effect in effects.get(step.id, ()):
                heapq.heappush(ready, _key(effect))


def _waits(step: TrailStep, known: Mapping[str, TrailStep]) -> bool:
    return step.cause is not None and step.cause in known and step.cause != step.id


def _key(step: TrailStep) -> tuple[datetime, str]:
    return step.time, step.id


def placed(
    case: str, steps: Iterable[TrailStep], elsewhere: Mapping[str, Recorded], *, complete: bool = True
) -> CaseTrail:
    """Order a case's steps and reckon the times between. `elsewhere` holds causes that belong to other cases."""
    shown: dict[str, Placed] = {}
    previous: TrailStep | None = None
    for number, step in enumerate(in_causal_order(steps), start=1):
        since = None if previous is None else step.time - previous.time
        cause = _cause(step, shown, elsewhere)
        above = shown.get(step.cause or "")
        shown[step.id] = Placed(number, above.depth + 1 if above else 0, step, since, cause)
        previous = step
    return CaseTrail(case, tuple(shown.values()), complete)


def folded(trail: CaseTrail) -> CaseTrail:
    """Fold all records of data that was used into the first: they tell who looked, not what happened to the case."""
    accesses = [placed for placed in trail.steps if _is_access(placed.step)]
    if len(accesses) <= 1:
        return trail
    first, *others = accesses
    shown: list[Placed] = []
    for placed in trail.steps:
        if placed is first or not _is_access(placed.step):
            since = placed.step.time - shown[-1].step.time if shown else None
            shown.append(replace(placed, since_previous=since, others=tuple(others) if placed is first else ()))
    return replace(trail, steps=tuple(shown))


def _is_access(step: TrailStep) -> bool:
    return step.kind == "event" and not step.fault and step.name.split(".")[1:2] == [_ACCESS]


def _cause(step: TrailStep, shown: Mapping[str, Placed], elsewhere: Mapping[str, Recorded]) -> StepCause | None:
    if step.cause is None:
        return None
    if (here := shown.get(step.cause)) is not None:
        return StepCause(step.cause, here.number, None, step.time - here.step.time)
    other = elsewhere.get(step.cause)
    return StepCause(step.cause, None, other.case if other else None, step.time - other.time if other else None)
