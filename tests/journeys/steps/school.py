"""Step 3: a school place, for which one document has to be looked at by a person."""

from __future__ import annotations

from synthetic.caller import Json
from synthetic.script import traditional
from tests.journeys import desk, portal, scans
from tests.journeys.cast import HOME
from tests.journeys.claims import claim, claim_that
from tests.journeys.day import Day
from tests.journeys.desk import Kind, Queued
from tests.journeys.holdings import BIRTH_CERTIFICATE_NUMBER, HOUSEHOLD_NUMBER
from tests.journeys.waiting import until

ITEM = "school-enrolment"


def school_form(day: Day) -> dict[str, Json]:
    """What either parent writes."""
    return {
        "address": HOME,
        "parents": [day.people.newcomer.name, day.people.wife.name],
        "birth_certificate_number": BIRTH_CERTIFICATE_NUMBER,
        "household_number": HOUSEHOLD_NUMBER,
    }


async def obtain_school_place(day: Day) -> None:
    """The tenancy proves itself; the birth certificate goes to the health department; education decides."""
    application = day.applications["school"] = await _apply(day)
    await _review(day, application)
    await _check_proofs(day, application)
    await _decide(day, application)


async def only_task(day: Day, role: str, subject: str, application: str, kind: Kind, **where: str) -> Queued:
    """Wait until exactly this application's task is in somebody's queue."""
    worker = day.staff(role, subject, **where)
    queue = await until(
        lambda: desk.queue(worker, kind=kind, application_id=application),
        lambda it: bool(it.items),
        what=f"a task in the queue of {subject}",
    )
    claim("tasks for it in the queue", seen=len(queue.items), expected=1)
    return queue.items[0]


async def _apply(day: Day) -> str:
    newcomer, child = day.resident(day.people.newcomer), day.ids[day.people.child.number]
    explained = await until(
        lambda: portal.explain(newcomer, ITEM, subject_id=child),
        lambda it: it.need("housing") == it.need("vaccination") == it.need("status") == "held",
        what="the tenancy record counts as a document that need not be brought",
    )
    claim("the birth certificate has to be brought", seen=explained.need("birth-certificate"), expected="needed")
    documents = day.listed(named.name for named in explained.need_not_bring)
    day.say("school.explained", documents=documents, bring=day.listed(explained.bring))
    application = await portal.draft(newcomer, ITEM, school_form(day), subject_id=child)
    await portal.hand_in(newcomer, application, "birth-certificate", "birth-certificate", scans.png(871))
    await portal.submit(newcomer, application)
    day.say("school.submitted", newcomer=day.people.newcomer.name, child=day.people.child.name)
    return application


async def _review(day: Day, application: str) -> None:
    newcomer = day.resident(day.people.newcomer)
    seen = await until(
        lambda: portal.see(newcomer, application),
        lambda it: it.is_with("reviewing", "health"),
        what="the birth certificate is with the health department",
    )
    now = next(each for each in seen.now if each.doing == "reviewing")
    claim("what is reviewed", seen=now.requirement, expected="birth-certificate")
    day.say("school.in-review", text=now.text)
    queued = await only_task(day, "reviewer", "health-zhang", application, "review", department="health")
    reviewer = day.staff("reviewer", "health-zhang", department="health")
    before = await desk.read(reviewer, queued.task_id)
    claim("values that describe a person are hidden before the claim", seen=before.values_hidden, expected=True)
    task = await desk.claim(reviewer, queued.task_id)
    assert task.document is not None
    day.say("school.claimed", reviewer="health-zhang", scans=len(task.document.scans))
    for each in task.document.comparison:
        reason = each.reason.name if each.reason else each.result.name
        day.say("school.compared", field=each.field.name, claimed=day.shown(each.claimed), result=reason)
    claim("the reviewer has the scan", seen=len(task.document.scans), expected=1)
    approved = await desk.approve(reviewer, queued.task_id, note="已与出生医院核实")
    claim("the review", seen=approved.status.code, expected="approved")
    day.say("school.approved", reviewer="health-zhang")


async def _check_proofs(day: Day, application: str) -> None:
    newcomer = day.resident(day.people.newcomer)
    seen = await until(
        lambda: portal.see(newcomer, application),
        lambda it: it.is_with("deciding", "edu"),
        what="the application is with the education department",
    )
    proofs = {each.requirement: each.proof.source if each.proof else "" for each in seen.documents}
    claim("what proved the birth certificate", seen=proofs["birth-certificate"], expected="person")
    claim("what proved the tenancy", seen=proofs["housing"], expected="district-store")
    claim("what proved the vaccination", seen=proofs["vaccination"], expected="city-mirror")
    day.say("school.proven", child=day.people.child.name, other=traditional(day.people.child.name))


async def _decide(day: Day, application: str) -> None:
    queued = await only_task(day, "reviewer", "edu-lin", application, "decision", department="edu")
    officer = day.staff("reviewer", "edu-lin", department="edu")
    await desk.claim(officer, queued.task_id)
    await desk.approve(officer, queued.task_id, note="符合入学条件")
    newcomer = day.resident(day.people.newcomer)
    seen = await until(
        lambda: portal.see(newcomer, application), lambda it: it.state == "approved", what="the school place is granted"
    )
    claim_that("the school place is granted", holds=seen.granted is not None)
    assert seen.granted is not None
    day.say("school.granted", officer="edu-lin", document=seen.granted.document_type.name)
