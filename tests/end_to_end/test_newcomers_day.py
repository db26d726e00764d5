from __future__ import annotations

import pytest

from local_stack.stack import Stack
from tests.journeys.demo import system_of
from tests.journeys.newcomer import live
from tests.journeys.steps import STEPS
from tests.journeys.trail import by_id, read_trail


@pytest.mark.timeout(180)
async def test_the_newcomers_day_happens_for_real(stack: Stack) -> None:
    lines: list[str] = []
    told = await live(system_of(stack), "en", lines.append)
    assert told.ok, "\n".join(lines)
    assert [step.name for step in told.steps] == list(STEPS)
    trail = await read_trail(stack.amqp_url, told.applications["permit"])
    names = [event.name for event in trail]
    assert names[0] == "application-submitted"
    assert names.count("match-succeeded") == 4
    assert names.index("field-check-passed") < names.index("application-approved") < names.index("credential-stored")
    known = by_id(trail)
    caused = [event for event in trail if event.name == "match-succeeded"]
    assert all(known[event.cause or ""].name == "document-submitted" for event in caused)
