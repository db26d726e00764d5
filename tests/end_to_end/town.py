"""The system with people in it, for tests that cross the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import date

import httpx
import pytest

from local_stack.stack import Stack
from runtime.clock import utc_now
from synthetic import exchange, facts
from synthetic.caller import Caller, CallerProblem, Json, NoAnswer, ProblemError
from synthetic.flaws import Shares
from synthetic.households import Household, Kind
from synthetic.people import SyntheticPerson
from synthetic.records import SyntheticRecord
from synthetic.registration import make_guardian, register
from tests.journeys import portal
from tests.journeys.day import System
from tests.journeys.waiting import heard_of, until

NO_CORRECTION: dict[str, Json] = {"document_type": "registration", "field": "none", "should_say": "x", "reason": "x"}
PERFECT = Shares(flaws={}, department_only={})


@dataclass
class Town:
    """A running system and a way to meet people whom nobody has met before."""

    stack: Stack
    system: System
    client: httpx.AsyncClient
    today: date
    unmet: Iterator[Household]
    ids: dict[str, str] = field(default_factory=dict)

    def meet(self, kind: Kind) -> Household:
        """Meet a household that nobody has registered and on which nothing is held."""
        return next(made for made in self.unmet if made.kind == kind)

    def worker(self, role: str, subject: str, *, department: str = "", community: str = "") -> Caller:
        """Act as somebody on duty."""
        departments, communities = [d for d in (department,) if d], [c for c in (community,) if c]
        token = self.system.sign(role, subject=subject, departments=departments, communities=communities, bound=True)
        return Caller(self.client, token, "en")

    def clerk(self) -> Caller:
        """Stand behind a window."""
        return self.worker("clerk", "clerk-1")

    def resident(self, person: SyntheticPerson) -> Caller:
        """Act as a registered resident."""
        return self.worker("resident", self.ids[person.number])

    async def welcome(self, made: Household, *, guardian: bool = True) -> Caller:
        """Register everybody of a household; return its head once the applications service knows them."""
        for person in made.people:
            self.ids[person.number] = await register(self.clerk(), person)
        if made.child is not None and guardian:
            await make_guardian(self.clerk(), self.ids[made.head.number], self.ids[made.child.number], "guardian", "S1")
        head = self.resident(made.head)
        await self.known(head)
        return head

    async def known(self, resident: Caller) -> None:
        """Wait until those that a resident asks have heard of them: applications and data-rights."""
        await heard_of(lambda: portal.explain(resident, "senior-card"))
        await until(
            lambda: refusal(resident.post("/v1/corrections", NoAnswer, NO_CORRECTION)),
            lambda it: it.code != "not-known-yet",
            what="data-rights knows of the registration",
        )

    async def tell(self, *records: SyntheticRecord) -> None:
        """Have the city say what it holds."""
        async with exchange.connected(self.system.amqp_url, self.system.keys) as events:
            told = [facts.published(record, utc_now()) for record in records]
            await exchange.publish_all(events, told, lambda _: None)


async def refusal(asked: Awaitable[object]) -> CallerProblem:
    """Return what a refusal said; whatever is accepted fails the test."""
    try:
        answer = await asked
    except ProblemError as error:
        return error.problem
    pytest.fail(f"accepted: {answer}")
