"""Steps 5 and 8: the other parent, and what remains of the day."""

from __future__ import annotations

from synthetic.caller import Answer
from tests.journeys import portal
from tests.journeys.claims import claim, claim_that
from tests.journeys.day import Day
from tests.journeys.portal import Notices
from tests.journeys.steps.school import ITEM, school_form
from tests.journeys.waiting import until

_DECIDED = len(("tenancy", "school", "permit", "senior", "withdrawn"))


class _Total(Answer):
    decided: int | None
    text: str


class _Source(Answer):
    text: str


class _Statistics(Answer):
    total: _Total
    sources: tuple[_Source, ...]
    text: str


async def second_parent(day: Day) -> None:
    """The same birth certificate is asked for again: entered once, used by all."""
    wife, child = day.resident(day.people.wife), day.ids[day.people.child.number]
    await until(
        lambda: portal.explain(wife, ITEM, subject_id=child),
        lambda it: it.need("birth-certificate") == "held",
        what="the approved birth certificate counts as held",
    )
    application = await portal.draft(wife, ITEM, school_form(day), subject_id=child)
    day.applications["second-parent"] = application
    await portal.submit(wife, application)
    seen = await until(
        lambda: portal.see(wife, application),
        lambda it: all(each.standing != "waiting" for each in it.documents),
        what="everything the mother applied with has been compared",
    )
    proof = seen.proof("birth-certificate")
    claim("what proved the birth certificate", seen=proof and proof.source, expected="district-store")
    assert proof is not None
    day.say("second-parent.proven", wife=day.people.wife.name, source=proof.source_name)
    withdrawn = await portal.withdraw(wife, application, "孩子的学位已由父亲申请到")
    claim("the second application", seen=withdrawn.state, expected="withdrawn")
    day.say("second-parent.withdrawn", wife=day.people.wife.name)


async def look_back(day: Day) -> None:
    """How it was, what everybody may know, and what officials see."""
    newcomer = day.resident(day.people.newcomer)
    await portal.rate(newcomer, day.applications["permit"], 5, "没跑一趟就办好了")
    day.say("after.rated", newcomer=day.people.newcomer.name)
    notices = (await newcomer.get("/v1/notices", Notices)).items
    text = " ".join(f"{each.applicant} {each.number}" for each in notices)
    claim_that("the public notice is there", holds=len(notices) >= len(("tenancy", "school", "permit")), seen=text)
    claim_that("no name is told in full", holds=day.people.newcomer.name not in text, seen=text)
    for each in notices[:3]:
        day.say(
            "after.notice", applicant=each.applicant, item=each.item.name, outcome=each.outcome_name, number=each.number
        )
    official = day.staff("official", "official-1")
    figures = await official.get("/v1/statistics", _Statistics)
    claim_that("all five are counted", holds=(figures.total.decided or 0) >= _DECIDED, seen=figures.total)
    for text in (figures.total.text, *(each.text for each in figures.sources), figures.text):
        day.say("after.statistics", text=text)
