"""Step 4: the residence permit; everything proves itself, the grid officer looks at the address."""

from __future__ import annotations

from datetime import timedelta

from tests.journeys import desk, portal
from tests.journeys.cast import COMMUNITY, HOME
from tests.journeys.claims import claim
from tests.journeys.day import Day
from tests.journeys.steps.school import only_task
from tests.journeys.waiting import until

ITEM = "residence-permit"


async def obtain_permit(day: Day) -> None:
    """The permit is due in seven days and done today."""
    newcomer = day.resident(day.people.newcomer)
    application = await portal.draft(newcomer, ITEM, {"address": HOME})
    day.applications["permit"] = application
    submitted = await portal.submit(newcomer, application)
    claim("the permit is promised in seven days", seen=submitted.due_on, expected=day.today + timedelta(days=7))
    day.say("permit.submitted", newcomer=day.people.newcomer.name, due_on=submitted.due_on)
    seen = await until(
        lambda: portal.see(newcomer, application),
        lambda it: it.is_with("checking"),
        what="a grid officer is to look at the address",
    )
    for document in seen.documents:
        claim(f"{document.requirement} proves itself", seen=document.standing, expected="proven")
        if document.proof is not None:
            day.say("permit.proven", document=document.proof.document_type.name, source=document.proof.source_name)
    await _look_at_the_door(day, application)
    granted = await until(
        lambda: portal.see(newcomer, application),
        lambda it: it.granted is not None and it.granted.credential is not None,
        what="the permit is granted and stored",
    )
    assert granted.granted is not None
    assert granted.granted.credential is not None
    day.say("permit.granted", identifier=granted.granted.credential.identifier, until=granted.granted.valid_until)


async def _look_at_the_door(day: Day, application: str) -> None:
    queued = await only_task(day, "grid-officer", "grid-minle-03", application, "field-check", community=COMMUNITY)
    officer = day.staff("grid-officer", "grid-minle-03", community=COMMUNITY)
    task = await desk.claim(officer, queued.task_id)
    assert task.door is not None
    claim("the door", seen=task.door.address, expected=HOME)
    await desk.approve(officer, queued.task_id, note="入户核查，本人居住")
    day.say("permit.checked", officer="grid-minle-03", address=HOME)
