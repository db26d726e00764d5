from __future__ import annotations

from synthetic.caller import Caller
from synthetic.households import Household
from tests.end_to_end.town import Town, refusal
from tests.journeys import desk, portal, scans
from tests.journeys.desk import Queued
from tests.journeys.waiting import until
from tests.load.forms import form_for

FILING, PERMIT = "rental-contract-filing", "residence-permit"


async def _in_review(town: Town, item: str = PERMIT) -> tuple[Household, Caller, str]:
    """Submit an application of which nothing is held, so that everything goes to people."""
    made = town.meet("newcomers")
    resident = await town.welcome(made)
    landlord = made.landlord.number if made.landlord and item == FILING else ""
    form = form_for(item, made, town.today)
    application = await portal.draft(resident, item, form, second_party_number=landlord)
    if item == PERMIT:
        await portal.hand_in(resident, application, "work", "social-insurance-record", scans.png())
    await portal.submit(resident, application)
    if made.landlord is not None and item == FILING:
        await _confirm(town.resident(made.landlord), application)
    return made, resident, application


async def _confirm(landlord: Caller, application: str) -> None:
    """Confirm as the landlord, once the applications service has heard of the registration."""
    await until(lambda: portal.to_confirm(landlord), lambda it: bool(it.items), what="the landlord is asked to confirm")
    await portal.confirm(landlord, application)


async def _task(worker: Caller, application: str) -> Queued:
    queue = await until(
        lambda: desk.queue(worker, application_id=application), lambda it: bool(it.items), what="a task"
    )
    return queue.items[0]


async def test_a_decision_on_somebody_elses_claim_is_refused(town: Town) -> None:
    _, _, application = await _in_review(town)
    first = town.worker("reviewer", "si-1", department="social-insurance")
    second = town.worker("reviewer", "si-2", department="social-insurance")
    task = await _task(first, application)
    await desk.claim(first, task.task_id)
    assert (await refusal(desk.claim(second, task.task_id))).code == "task-claimed-by-another"
    problem = await refusal(desk.approve(second, task.task_id))
    assert (problem.status, problem.code) == (409, "task-claimed-by-another")
    assert (await desk.read(first, task.task_id)).status.code == "claimed"


async def test_a_decision_without_a_claim_is_refused(town: Town) -> None:
    _, _, application = await _in_review(town)
    worker = town.worker("reviewer", "si-1", department="social-insurance")
    task = await _task(worker, application)
    assert (await refusal(desk.approve(worker, task.task_id))).code == "task-not-claimed"


async def test_a_task_of_another_department_is_not_theirs(town: Town) -> None:
    _, _, application = await _in_review(town)
    task = await _task(town.worker("reviewer", "si-1", department="social-insurance"), application)
    other = town.worker("reviewer", "edu-1", department="edu")
    problem = await refusal(desk.claim(other, task.task_id))
    assert (problem.status, problem.code) == (403, "task-of-others")


async def test_the_second_reviewer_is_another_person(town: Town) -> None:
    _, resident, application = await _in_review(town, FILING)
    first = town.worker("reviewer", "land-1", department="land")
    second = town.worker("reviewer", "land-2", department="land")
    task = await _task(first, application)
    assert task.needs_second_reviewer
    await desk.claim(first, task.task_id)
    assert (await desk.approve(first, task.task_id)).status.code == "awaiting-second"
    problem = await refusal(desk.claim(first, task.task_id))
    assert (problem.status, problem.code) == (409, "second-reviewer-is-first")
    seen = await portal.see(resident, application)
    assert seen.proof("landlord-property") is None
    await desk.claim(second, task.task_id)
    assert (await desk.approve(second, task.task_id)).status.code == "approved"
    await until(
        lambda: portal.see(resident, application),
        lambda it: it.proof("landlord-property") is not None,
        what="two people have approved",
    )


async def test_an_approval_after_the_withdrawal_is_refused(town: Town) -> None:
    _, resident, application = await _in_review(town)
    worker = town.worker("reviewer", "si-1", department="social-insurance")
    task = await _task(worker, application)
    await desk.claim(worker, task.task_id)
    await portal.withdraw(resident, application, "不办了")
    await until(
        lambda: desk.read(worker, task.task_id), lambda it: it.status.code == "cancelled", what="the task is void"
    )
    problem = await refusal(desk.approve(worker, task.task_id))
    assert (problem.status, problem.code) == (409, "task-cancelled-withdrawn")
    assert (await portal.see(resident, application)).state == "withdrawn"


async def test_a_rejection_ends_what_others_still_have(town: Town) -> None:
    _, resident, application = await _in_review(town)
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
    _, resident, application = await _in_review(town)
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
