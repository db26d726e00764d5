"""The newcomer's day: eight steps over the gateway, each claiming what a person would see."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from runtime.clock import today, utc_now
from runtime.texts import Language
from synthetic.caller import ProblemError
from tests.journeys.cast import cast
from tests.journeys.claims import ClaimFailedError
from tests.journeys.day import TEXTS, Day, System
from tests.journeys.steps import STEPS
from tests.journeys.waiting import StillWaitingError

DayT = TypeVar("DayT", bound=Day)


@dataclass(frozen=True, slots=True)
class Step:
    """How a step went; `why` says what was wrong when it is not `ok`."""

    name: str
    ok: bool
    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """How the day went. `applications` are the ids by what they were for."""

    steps: tuple[Step, ...]
    applications: dict[str, str]
    planned: int

    @property
    def ok(self) -> bool:
        """Whether every step was taken and went well."""
        return len(self.steps) == self.planned and all(step.ok for step in self.steps)


async def live(system: System, language: Language, tell: Callable[[str], None] = print) -> Told:
    """Live through the day over the gateway; it ends at the first step that goes wrong."""
    now = today(utc_now())
    async with system.connect() as client:
        return await go_through(STEPS, Day(system, client, cast(now), now, language, tell))


async def go_through(planned: Mapping[str, Callable[[DayT], Awaitable[None]]], day: DayT) -> Told:
    """Take one step after another, until one goes wrong."""
    steps: list[Step] = []
    for number, (name, act) in enumerate(planned.items(), 1):
        day.say("step", number=number, name=TEXTS.say(day.language, f"steps.{name}"))
        steps.append(await _take(name, act, day))
        if not steps[-1].ok:
            break
    return Told(tuple(steps), day.applications, len(planned))


async def _take(name: str, act: Callable[[DayT], Awaitable[None]], day: DayT) -> Step:
    begun = time.monotonic()
    why = ""
    try:
        await act(day)
    except (ClaimFailedError, StillWaitingError, ProblemError) as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, the step is named and the others are not taken
        why = repr(error)
    seconds = round(time.monotonic() - begun, 2)
    day.say("failed" if why else "took", seconds=seconds, why=why)
    return Step(name, not why, seconds, why)
