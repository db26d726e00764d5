"""The newcomer's day: eight steps over the gateway, each claiming what a person would see."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from runtime.clock import today, utc_now
from runtime.texts import Language
from synthetic.caller import ProblemError, connect
from tests.journeys.cast import cast
from tests.journeys.claims import ClaimFailedError
from tests.journeys.day import TEXTS, Day, System
from tests.journeys.steps import STEPS
from tests.journeys.waiting import StillWaitingError


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

    @property
    def ok(self) -> bool:
        """Whether every step was taken and went well."""
        return len(self.steps) == len(STEPS) and all(step.ok for step in self.steps)


async def live(system: System, language: Language, tell: Callable[[str], None] = print) -> Told:
    """Live through the day; it ends at the first step that goes wrong."""
    now = today(utc_now())
    steps: list[Step] = []
    async with connect(system.gateway, system.authority) as client:
        day = Day(system, client, cast(now), now, language, tell)
        for number, name in enumerate(STEPS, 1):
            day.say("step", number=number, name=TEXTS.say(language, f"steps.{name}"))
            steps.append(await _take(name, day))
            if not steps[-1].ok:
                break
    return Told(tuple(steps), day.applications)


async def _take(name: str, day: Day) -> Step:
    begun = time.monotonic()
    why = ""
    try:
        await STEPS[name](day)
    except (ClaimFailedError, StillWaitingError, ProblemError) as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - whatever it was, the step is named and the others are not taken
        why = repr(error)
    seconds = round(time.monotonic() - begun, 2)
    day.say("failed" if why else "took", seconds=seconds, why=why)
    return Step(name, not why, seconds, why)
