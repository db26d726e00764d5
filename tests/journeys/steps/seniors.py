"""Steps 6 and 7: a card in one breath, and a refusal that can be understood."""

from __future__ import annotations

from tests.journeys import portal
from tests.journeys.claims import claim, claim_that
from tests.journeys.day import Day
from tests.journeys.waiting import until

ITEM = "senior-card"
ONE_BREATH = 10.0
"""Seconds within which the card must be there, however busy the machine is."""


async def grant_senior_card(day: Day) -> None:
    """Everything proves itself, nobody has to look at anything."""
    senior = day.resident(day.people.senior)
    application = await portal.draft(senior, ITEM, {})
    day.applications["senior"] = application
    await portal.submit(senior, application)
    seen = await until(
        lambda: portal.see(senior, application),
        lambda it: it.state in {"approved", "rejected"},
        what="the senior card",
        seconds=ONE_BREATH,
        interval=0.03,
    )
    claim("the senior card", seen=(seen.state, seen.reasons), expected=("approved", ()))
    assert seen.decided_at is not None
    assert seen.submitted_at is not None
    took = (seen.decided_at - seen.submitted_at).total_seconds()
    day.say("senior.granted", senior=day.people.senior.name, seconds=f"{took:.2f}")


async def reject_withdrawn(day: Day) -> None:
    """The record in the mirror was withdrawn: rejected at once, with reasons in plain language."""
    unlucky = day.resident(day.people.unlucky)
    application = await portal.draft(unlucky, ITEM, {})
    day.applications["withdrawn"] = application
    await portal.submit(unlucky, application)
    seen = await until(
        lambda: portal.see(unlucky, application),
        lambda it: it.state in {"approved", "rejected"},
        what="the decision on a withdrawn record",
    )
    claim("the card is refused", seen=seen.state, expected="rejected")
    claim(
        "the reasons",
        seen=[(each.requirement, each.code) for each in seen.reasons],
        expected=[("status", "record-revoked")],
    )
    claim_that("the reason can be read", holds=bool(seen.reasons[0].text), seen=seen.reasons)
    day.say("withdrawn.rejected", person=day.people.unlucky.name, reason=seen.reasons[0].text)
