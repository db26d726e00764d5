"""Steps 5 and 8: the other parent, and what remains of the day."""

from __future__ import annotations

from datetime import date

from runtime.clock import today, utc_now
from synthetic.caller import CallerAnswer
from tests.journeys import portal
from tests.journeys.claims import claim, claim_that
from tests.journeys.day import Day
from tests.journeys.portal import Notices
from tests.journeys.steps.school import ITEM, school_form
from tests.journeys.waiting import until


class _Total(CallerAnswer):
    text: str


class _Source(CallerAnswer):
    text: str


class _Statistics(CallerAnswer):
    last: date
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
    claim_that("no name is told in full", holds=day.people.newcomer.name not in text, seen=text)
    now = today(utc_now())
    claim_that("nothing of today is published yet", holds=all(each.decided_on < now for each in notices), seen=notices)
    day.say("after.notices")
    official = day.staff("official", "official-1")
    figures = await official.get("/v1/statistics", _Statistics)
    claim_that("the figures end yesterday", holds=figures.last < now, seen=figures.last)
    day.say("after.figures")
    for text in (figures.total.text, *(each.text for each in figures.sources), figures.text):
        day.say("after.statistics", text=text)
