"""Requests and endings as they arrive: once, twice, the end before the beginning."""

from __future__ import annotations

from datetime import date

from review_dispatch import events
from review_dispatch.domain.task import task_id
from task_desk import (
    APP,
    BIRTH_1,
    BIRTH_2,
    Desk,
    decision,
    door,
    failed,
    failed_together,
    rejected,
    unproven,
    withdrawn,
)


async def test_a_failed_match_becomes_a_task_of_the_department_and_is_announced() -> None:
    desk = Desk()
    await desk.hear(failed())
    task = desk.tasks.all[BIRTH_1]
    assert (task.status, task.department, task.due_on) == ("open", "health", date(2026, 11, 26))
    assert desk.told == [
        events.ReviewRequested(
            task_id=BIRTH_1,
            application_id=APP,
            requirement="birth",
            attempt=1,
            document_type="birth-certificate",
            department="health",
            due_on=date(2026, 11, 26),
        )
    ]


async def test_a_failed_match_of_a_promise_that_ends_sooner_is_due_sooner() -> None:
    desk = Desk()
    await desk.hear(failed(promised=date(2026, 11, 24)))
    assert desk.tasks.all[BIRTH_1].due_on == date(2026, 11, 24)


async def test_what_people_may_not_review_is_left_alone() -> None:
    desk = Desk()
    await desk.hear(failed(reviewable=False))
    assert (desk.tasks.all, desk.told) == ({}, [])


async def test_the_same_request_again_makes_no_second_task() -> None:
    desk = Desk()
    await desk.hear(failed())
    await desk.hear(failed(hour=3))
    assert len(desk.tasks.all) == 1
    assert desk.types() == ["review-dispatch.review-requested.v1"]


async def test_documents_that_failed_together_are_a_task_each_and_those_of_before_end() -> None:
    desk = Desk()
    await desk.hear(failed())
    await desk.hear(failed_together(unproven(attempt=2), unproven("photo", reviewable=False), unproven("status")))
    assert [(task.requirement, task.attempt, task.status) for task in desk.tasks.all.values()] == [
        ("birth", 1, "cancelled"),
        ("birth", 2, "open"),
        ("status", 1, "open"),
    ]
    assert desk.types() == ["review-dispatch.review-requested.v1"] * 3


async def test_door_checks_and_decisions_become_tasks_without_an_announcement() -> None:
    desk = Desk()
    await desk.hear(door())
    await desk.hear(decision())
    assert {(task.kind, task.department, task.due_on) for task in desk.tasks.all.values()} == {
        ("field-check", "community", date(2026, 11, 27)),
        ("decision", "edu", date(2026, 12, 18)),
    }
    assert desk.told == []


async def test_a_withdrawal_cancels_what_waits() -> None:
    desk = Desk()
    await desk.hear(failed())
    await desk.hear(withdrawn())
    assert desk.tasks.all[BIRTH_1].cancelled_because == "withdrawn"


async def test_a_withdrawal_before_the_request_lets_the_task_be_born_cancelled() -> None:
    desk = Desk()
    await desk.hear(withdrawn())
    await desk.hear(failed())
    assert desk.tasks.all[BIRTH_1].cancelled_because == "withdrawn"
    assert desk.told == []


async def test_a_rejection_of_the_application_cancels_what_waits() -> None:
    desk = Desk()
    await desk.hear(door())
    await desk.hear(rejected())
    assert desk.tasks.all[task_id(APP, "field-check")].cancelled_because == "rejected"


async def test_a_corrected_attempt_replaces_the_older_one_that_still_waits() -> None:
    desk = Desk()
    await desk.hear(failed(attempt=1))
    await desk.hear(failed(attempt=2, hour=2))
    assert desk.tasks.all[BIRTH_1].cancelled_because == "superseded"
    assert desk.tasks.all[BIRTH_2].status == "open"


async def test_an_older_attempt_that_comes_late_is_born_cancelled() -> None:
    desk = Desk()
    await desk.hear(failed(attempt=2, hour=2))
    await desk.hear(failed(attempt=1))
    assert desk.tasks.all[BIRTH_1].cancelled_because == "superseded"
    assert desk.tasks.all[BIRTH_2].status == "open"
