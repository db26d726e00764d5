"""What is overdue goes up, once for each level, and what is done does not."""

from __future__ import annotations

from datetime import date, timedelta

from review_dispatch import events
from review_dispatch.handlers import deadlines, requests
from review_dispatch.views import CorrectionRequested, Holder
from task_desk import BIRTH_1, Desk, failed, work
from testkit.fakes import received


async def test_an_overdue_task_is_escalated_once_for_each_level_however_often_time_is_looked_at() -> None:
    desk = Desk()
    await desk.hear(failed())
    desk.clock.advance(timedelta(days=9))  # a downtime: both deadlines would have passed
    for _ in range(3):
        for outcome in await deadlines.escalate_overdue(desk.deps):
            desk.commit(outcome)
    event = desk.told[-1]
    assert desk.types().count("review-dispatch.review-escalated.v1") == 1
    assert isinstance(event, events.ReviewEscalated)
    assert (event.department, event.escalated_to) == ("health", "health-lead")
    assert (event.was_due_on, event.due_on) == (date(2026, 11, 26), date(2026, 12, 4))

    desk.clock.advance(timedelta(days=9))
    for outcome in await deadlines.escalate_overdue(desk.deps):
        desk.commit(outcome)
    assert desk.tasks.all[BIRTH_1].department == "district-supervision"
    desk.clock.advance(timedelta(days=90))
    assert list(await deadlines.escalate_overdue(desk.deps)) == []


async def test_what_is_decided_is_not_escalated() -> None:
    desk = Desk()
    await desk.hear(failed())
    for deed in ("claim", "approve"):
        await work(desk, BIRTH_1, deed)
    desk.clock.advance(timedelta(days=30))
    assert list(await deadlines.escalate_overdue(desk.deps)) == []


async def test_a_request_for_correction_makes_one_task_that_goes_up_without_telling_an_application() -> None:
    desk = Desk()
    asked = CorrectionRequested(
        correction_id="cor_1",
        holder=Holder(resident_id="res_child", index="9f" * 32),
        document_type="birth-certificate",
        credential_id=None,
        identifier=None,
        origin=None,
        field="child_name",
        says=None,
        should_say="李思源",
        reason="写错了",
    )
    for _ in range(2):
        desk.commit(await requests.request_correction(received(asked), desk.deps))
    (task,) = desk.tasks.all.values()
    assert (task.kind, task.department, task.second_reviewer) == ("correction", "health", False)

    desk.clock.advance(timedelta(days=60))
    for outcome in await deadlines.escalate_overdue(desk.deps):
        desk.commit(outcome)

    assert desk.tasks.all[task.id].department == "district-supervision"
    assert desk.told == []
