"""The load of a chaos run: households come at an even pace, are registered at the window, and bring their cases."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from synthetic.caller import Caller, ProblemError
from synthetic.loader import appoint
from synthetic.registration import register
from tests.journeys import portal
from tests.journeys.waiting import NOT_HEARD_OF_YET, until
from tests.load.cases import Visit
from tests.load.residents import DEADLINE, Hall, bring
from tests.load.run import TROUBLES

CASES_A_MINUTE = 90
"""What is brought in a minute, if the system keeps up: two cores get through about twice as much undisturbed."""


def planned(minutes: float) -> int:
    """Return how many cases come within so many minutes."""
    return math.ceil(minutes * CASES_A_MINUTE)


@dataclass
class Reception:
    """Lets households in, one after the other, spread evenly over `seconds`; nobody comes when the time is over."""

    hall: Hall
    clerk: Caller
    visits: tuple[Visit, ...]
    seconds: float
    troubles: list[str]
    registering: set[str] = field(default_factory=set)
    """The numbers of those who were sent to be registered, answered or not."""

    async def serve(self, concurrency: int) -> None:
        """Have so many households served at a time until the last one is done."""
        begun, waiting = time.monotonic(), iter(enumerate(self.visits))
        await asyncio.gather(*(self._serve(waiting, begun) for _ in range(concurrency)))

    async def _serve(self, waiting: Iterator[tuple[int, Visit]], begun: float) -> None:
        pause = self.seconds / len(self.visits)
        for place, visit in waiting:
            await asyncio.sleep(max(0.0, begun + place * pause - time.monotonic()))
            if time.monotonic() > begun + self.seconds:
                return
            try:
                await self._register(visit)
                await bring(visit, self.hall)
            except TROUBLES as error:
                self.troubles.append(f"household {visit.household.index}: {error!r}")

    async def _register(self, visit: Visit) -> None:
        """Register everybody of a household, and wait until they can apply."""
        for person in visit.household.people:
            if person.number not in self.hall.ids:
                self.registering.add(person.number)
                self.hall.ids[person.number] = await register(self.clerk, person)
        await appoint(self.clerk, visit.household, self.hall.ids)
        await until(lambda: self._may_apply(visit), bool, what="what was registered is known", seconds=DEADLINE)

    async def _may_apply(self, visit: Visit) -> bool:
        item, child = visit.cases[-1].item, visit.household.child
        subject = self.hall.ids[child.number] if child and item == "school-enrolment" else ""
        try:
            await portal.explain(self.hall.sign_in(visit.household.head), item, subject_id=subject)
        except ProblemError as error:
            if error.problem.codes & NOT_HEARD_OF_YET:
                return False
            raise
        return True
