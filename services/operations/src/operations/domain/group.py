"""Failures of one service and one event type with one cause: what an operator repairs at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from operations.domain.failure import STATES, State, Summary
from operations.domain.letter import Cause, Letter

TREND = timedelta(days=7)
"""How far back the hourly counts go."""

_HOUR = "%Y%m%d%H"

KeyT = TypeVar("KeyT", bound=str)


class Note(BaseModel):
    """What an operator wants the next one to know."""

    model_config = ConfigDict(frozen=True)

    by: str
    at: datetime
    text: str


class GroupSubject(BaseModel):
    """What the failures of a group have in common."""

    model_config = ConfigDict(frozen=True)

    service: str
    event_type: str
    cause: Cause


class FailureGroup(GroupSubject):
    """A group as it is kept: `seen` counts every letter, `states` the failures, `hourly` letters by hour (UTC)."""

    id: str
    version: int = 1
    first_seen: datetime
    last_seen: datetime
    seen: int = 0
    states: Mapping[State, int] = {}
    hourly: Mapping[str, int] = {}
    notes: tuple[Note, ...] = ()

    def count(self, state: State) -> int:
        """Return how many of its failures are in a state."""
        return self.states.get(state, 0)

    @property
    def failures(self) -> int:
        """How many failures it has, in whatever state."""
        return sum(self.count(state) for state in STATES)

    def plus(self, tally: GroupDelta) -> FailureGroup:
        """Count what a tally adds."""
        return self.model_copy(
            update={
                "first_seen": min(self.first_seen, tally.first_seen or self.first_seen),
                "last_seen": max(self.last_seen, tally.last_seen or self.last_seen),
                "seen": self.seen + tally.seen,
                "hourly": _sum(self.hourly, tally.hourly),
                "states": _sum(self.states, tally.states),
            }
        )

    def trend(self, now: datetime) -> tuple[tuple[datetime, int], ...]:
        """Return the letters of every hour of the last seven days, the oldest first, zeros included."""
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        hours = [this_hour - timedelta(hours=back) for back in range(int(TREND.total_seconds() // 3600) - 1, -1, -1)]
        return tuple((hour, self.hourly.get(hour_of(hour), 0)) for hour in hours)

    def forgotten(self, now: datetime) -> tuple[str, ...]:
        """Return the hours that no trend shows any more."""
        oldest = hour_of(now - TREND)
        return tuple(hour for hour in self.hourly if hour < oldest)


class GroupDelta(BaseModel):
    """What is added to one group: letters by hour, and failures that came into or left a state."""

    model_config = ConfigDict(frozen=True)

    id: str
    about: GroupSubject | None = None
    """What the group is about, when letters were counted: it may be new."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    hourly: Mapping[str, int] = {}
    states: Mapping[State, int] = {}

    @property
    def seen(self) -> int:
        """How many letters."""
        return sum(self.hourly.values())

    @property
    def tells(self) -> bool:
        """Whether it adds anything: what comes into a state and leaves it again comes to nothing."""
        return bool(self.hourly or self.states)

    def plus(self, other: GroupDelta) -> GroupDelta:
        """Add another tally of the group."""
        moments = [moment for moment in (self.first_seen, other.first_seen) if moment]
        latest = [moment for moment in (self.last_seen, other.last_seen) if moment]
        return self.model_copy(
            update={
                "about": self.about or other.about,
                "first_seen": min(moments, default=None),
                "last_seen": max(latest, default=None),
                "hourly": _sum(self.hourly, other.hourly),
                "states": _sum(self.states, other.states),
            }
        )

    def begin(self) -> FailureGroup | None:
        """Return the group that it is the first to tell of, with nothing counted; None when it does not say of what."""
        if self.about is None or self.first_seen is None or self.last_seen is None:
            return None
        return FailureGroup(**dict(self.about), id=self.id, first_seen=self.first_seen, last_seen=self.last_seen)


Move = tuple[Summary | None, Summary | None]
"""A failure before and after a change; None before it was, or after it is gone."""


def tallies(letters: Iterable[Letter], moves: Iterable[Move]) -> list[GroupDelta]:
    """Add up, group by group, letters that were counted for the first time and what became of their failures."""
    told: defaultdict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        told[letter.group].append(letter)
    states: defaultdict[str, Counter[State]] = defaultdict(Counter)
    for before, after in moves:
        if before is not None:
            states[before.group][before.state] -= 1
        if after is not None:
            states[after.group][after.state] += 1
    found = [_tally(id_, told.get(id_, ()), states.get(id_, {})) for id_ in {**told, **states}]
    return [tally for tally in found if tally.tells]


def _tally(id: str, letters: Sequence[Letter], states: Mapping[State, int]) -> GroupDelta:
    changed = _sum(states, {})
    if not letters:
        return GroupDelta(id=id, states=changed)
    moments = [letter.at for letter in letters]
    some = letters[0]
    return GroupDelta(
        id=id,
        about=GroupSubject(service=some.service, event_type=some.event_type, cause=some.cause),
        first_seen=min(moments),
        last_seen=max(moments),
        hourly=Counter(map(hour_of, moments)),
        states=changed,
    )


def total(counted: Iterable[GroupDelta]) -> Mapping[str, GroupDelta]:
    """Add up tallies by their group."""
    found: dict[str, GroupDelta] = {}
    for tally in counted:
        found[tally.id] = found[tally.id].plus(tally) if tally.id in found else tally
    return found


def hour_of(moment: datetime) -> str:
    """Return the hour as it is counted: `2026112322`."""
    return moment.strftime(_HOUR)


def _sum(counts: Mapping[KeyT, int], added: Mapping[KeyT, int]) -> dict[KeyT, int]:
    """Add counts by name; what comes to nothing is left out."""
    both = {name: counts.get(name, 0) + added.get(name, 0) for name in {**counts, **added}}
    return {name: count for name, count in both.items() if count}
