from __future__ import annotations

from synthetic.caller import Caller
from tests.end_to_end.town import Town
from tests.journeys import desk, portal, scans
from tests.journeys.desk import Queued
from tests.journeys.waiting import until
from tests.load.forms import form_for

PERMIT = "residence-permit"


async def _in_review(town: Town) -> tuple[Caller, str]:
    """Submit an application of which nothing is held, so that everything goes to people."""
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    application = await portal.draft(resident, PERMIT, form_for(PERMIT, made, town.today))
    await portal.hand_in(resident, application, "work", "social-insurance-record", scans.png())
    await portal.submit(resident, application)
    return resident, application


async def _task(worker: Caller, application: str) -> Queued:
    queue = await until(
        lambda: desk.queue(worker, application_id=application), lambda it: bool(it.items), what="a task"
    )
    return queue.items[0]


async def test_a_rejection_ends_what_others_still_have(town: Town) -> None:
    resident, application = await _in_review(town)
    insurance = town.worker("reviewer", "si-1", department="social-insurance")
    police = town.worker("reviewer", "psb-1", department="psb")
    task, others = await _task(insurance, application), await _task(police, application)
    await desk.claim(insurance, task.task_id)
    await desk.reject(insurance, task.task_id, "查无社保记录")
    seen = await until(
        lambda: portal.see(resident, application), lambda it: it.state == "rejected", what="the rejection"
    )
    assert "查无社保记录" in seen.reasons[0].text
    await until(
        lambda: desk.read(police, others.task_id), lambda it: it.status.code == "cancelled", what="the others are void"
    )


async def test_what_is_returned_is_corrected_and_only_that_is_asked_again(town: Town) -> None:
    resident, application = await _in_review(town)
    worker = town.worker("reviewer", "si-1", department="social-insurance")
    task = await _task(worker, application)
    await desk.claim(worker, task.task_id)
    await desk.send_back(worker, task.task_id, "scans", "请核对缴费月数")
    seen = await until(lambda: portal.see(resident, application), lambda it: it.state == "returned", what="the return")
    assert any("请核对缴费月数" in now.text for now in seen.now)
    await portal.hand_in(resident, application, "work", "social-insurance-record", scans.png())
    again = await portal.submit(resident, application)
    assert {each.requirement: each.attempt for each in again.documents} == {
        "id-card": 1,
        "photo": 1,
        "housing": 1,
        "work": 2,
    }
