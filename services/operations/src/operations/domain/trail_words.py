"""The words in which a trail is told: names of events, services and people, times and durations, in one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from operations.domain.actors import event_name
from operations.domain.trail import Actor, Placed, StepCause, TrailStep
from runtime.clock import today
from runtime.texts import Texts, written_day
from standards.moments import SHENZHEN

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class TrailWords:
    """Says things in one language. `names` are those of the departments and of the city, by code."""

    texts: Texts
    language: str
    names: Mapping[str, str]

    def say(self, key: str, **params: object) -> str:
        """Say a text of the trail's own catalogue."""
        return self.texts.say(self.language, f"trail.{key}", **params)

    def known(self, folder: str, code: str) -> str:
        """Return the text for a code, or the code itself: a trail may hold what nobody foresaw."""
        key = f"trail.{folder}.{code}"
        return self.texts.say(self.language, key) if self.texts.has(key) else code

    def lane(self, code: str) -> str:
        """Name a service, a department's system, the operators."""
        return self.names.get(code) or self.known("lanes", code)

    def title(self, step: TrailStep) -> str:
        """Say in a few words what happened."""
        if step.kind == "failure":
            return self.say("failed", reason=self.known("reasons", step.name))
        if step.kind == "action":
            return self.known("actions", step.name)
        version = step.name.rpartition(".v")[2]
        told = self.known("events", event_name(step.name)) if not step.fault else step.name
        told = f"{told} v{version}" if version.isdecimal() and int(version) > 1 else told
        return self.say("faulty", what=told, fault=self.known("faults", step.fault)) if step.fault else told

    def heading(self, placed: Placed) -> str:
        """Say what happened, and how often, where several steps are folded into one."""
        what = self.title(placed.step)
        return self.say("folded", what=what, count=1 + len(placed.others)) if placed.others else what

    def about(self, placed: Placed) -> str:
        """Say the little that tells most about a step; of a folded one, who told how many."""
        if not placed.others:
            return self.facts(placed.step)
        told = Counter(each.step.lane for each in (placed, *placed.others))
        return " · ".join(f"{self.lane(lane)} {count}" for lane, count in told.most_common())

    def actor(self, actor: Actor) -> str:
        """Say who acted."""
        name = self.lane(actor.name) if actor.kind in {"automatic", "department"} else actor.name
        told = self.say(f"actors.{actor.kind}", name=name)
        if actor.department and actor.kind == "person":
            told = self.say("of_department", who=told, department=self.lane(actor.department))
        return self.say("and_second", who=told, second=actor.second) if actor.second else told

    def facts(self, step: TrailStep) -> str:
        """Say the little that tells most about a step."""
        told = {name: self._fact(name, text) for name, text in step.facts.items()}
        return " · ".join(f"{self.known('fields', name)} {text}" for name, text in told.items())

    def _fact(self, name: str, text: str) -> str:
        """Say a state in its word."""
        key = f"web.states.{text}"
        return self.texts.say(self.language, key) if name == "state" and self.texts.has(key) else text

    def cause(self, cause: StepCause) -> str:
        """Say what caused a step and how long that was before."""
        since = "" if cause.since is None else self.since(cause.since)
        if cause.number is not None:
            return f"#{cause.number} {since}"
        if cause.case is not None:
            return f"{self.say('of_case', case=cause.case)} {since}"
        return self.say("cause_unknown")

    def since(self, time: timedelta) -> str:
        """Write a time between two steps, with its sign: clocks of different machines differ."""
        return f"{'−' if time < timedelta() else '+'}{self.duration(abs(time))}"

    def duration(self, time: timedelta) -> str:
        """Write a duration as exactly as a person wants to know."""
        if time < _SECOND:
            return self.say("durations.ms", ms=time // _MILLISECOND)
        if time < _MINUTE:
            return self.say("durations.s", s=f"{time / _SECOND:.1f}")
        if time < _HOUR:
            return self.say("durations.min", min=time // _MINUTE, s=time % _MINUTE // _SECOND)
        if time < _DAY:
            return self.say("durations.h", h=time // _HOUR, min=time % _HOUR // _MINUTE)
        return self.say("durations.d", d=time // _DAY, h=time % _DAY // _HOUR)

    def clock(self, moment: datetime) -> str:
        """Write a time of day, to the millisecond."""
        return moment.astimezone(SHENZHEN).isoformat(timespec="milliseconds")[11:23]

    def day(self, moment: datetime) -> str:
        return written_day(self.language, today(moment))
